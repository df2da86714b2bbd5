"""What forbids namespaces is told apart, each with its remedy."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from lab import program, sandbox
from lab.sandbox.obstacles import KNOWN, Facts, facts, obstacle

TESTS = program.ROOT / "tests"
USERNS = "kernel.apparmor_restrict_unprivileged_userns=0"
EPERM = errno.EPERM
SEEN = {
    "Docker's seccomp profile": (
        Facts("unshare", EPERM, seccomp=True, profile="docker-default"),
        "a seccomp filter", "seccomp=unconfined"),
    "Docker's AppArmor profile": (
        Facts("mount", errno.EACCES, seccomp=True, profile="docker-default"),
        "AppArmor refuses mounts", "apparmor=unconfined"),
    "a seccomp filter against mounts": (
        Facts("mount", EPERM, seccomp=True, profile="unconfined"),
        "a seccomp filter refuses mounts", "seccomp=unconfined"),
    "Ubuntu, mounting fails": (
        Facts("mount", errno.EACCES, restricted="1", profile="unconfined"),
        "refuses mounts in them", USERNS),
    "Ubuntu, nobody may not unshare": (
        Facts("unshare", EPERM, restricted="1", profile="unconfined"),
        "Ubuntu restricts", USERNS),
    "a masked /proc": (
        Facts("proc", EPERM, restricted="0", profile="unconfined"),
        "parts of /proc are covered", "systempaths=unconfined"),
    "none allowed": (Facts("unshare", errno.ENOSPC, most="0"),
                     "user.max_user_namespaces is 0",
                     "user.max_user_namespaces=10000"),
    "an old Debian": (Facts("unshare", EPERM, allowed="0"),
                      "only root may make", "unprivileged_userns_clone=1"),
    "what nobody knows": (Facts("unshare", errno.ENOSYS),
                          "Function not implemented", "virtual machine")}


@pytest.mark.parametrize("case", SEEN)
def test_each_obstacle_has_its_remedy(case):
    seen, what, remedy = SEEN[case]
    found = obstacle(seen)
    assert found and what in found.what and remedy in found.remedy
    assert "\n" not in found.what + found.remedy


def test_every_obstacle_that_is_known_is_met_here():
    assert {known for _, known in KNOWN} < {
        obstacle(seen) for seen, _, _ in SEEN.values()}


def test_where_nothing_fails_nothing_is_in_the_way():
    assert obstacle(Facts(restricted="1", seccomp=True)) is None


def probed(*before: str) -> str:
    """Return which step fails in a process of its own, and if filtered."""
    code = "from lab.sandbox.obstacles import facts; f = facts(); " \
           "print(f.failed, f.seccomp)"
    return subprocess.run([sys.executable, *before, sys.executable, "-c",
                           code], cwd=TESTS, text=True, capture_output=True,
                          check=True, timeout=60).stdout.strip()


@pytest.mark.namespaces
@pytest.mark.parametrize("refused,step", [("unshare", "unshare"),
                                          ("mount", "mount")])
def test_a_refused_call_is_found_by_trying(refused, step):
    assert probed(str(TESTS / "without.py"), refused) == f"{step} True"


@pytest.mark.namespaces
@pytest.mark.parametrize("refused", ("unshare", "mount"))
def test_the_doctor_names_the_obstacle_and_its_remedy(refused):
    done = subprocess.run(
        [sys.executable, TESTS / "without.py", refused, "make", "-s",
         "doctor"], cwd=program.ROOT, text=True, capture_output=True,
        check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    walls = next(i for i, line in enumerate(lines) if " walls, " in line)
    assert lines[walls].startswith("  NO")
    assert "a seccomp filter refuses" in lines[walls + 1]
    assert "seccomp=unconfined" in lines[walls + 1]


@pytest.mark.namespaces
def test_the_probe_finds_what_a_sandbox_finds():
    """Where walls can be put up, nothing is found in the way."""
    assert not sandbox.why_not_private()
    assert obstacle(facts()) is None
