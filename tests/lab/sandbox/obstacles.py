"""What keeps this system from having namespaces, and what to do about it.

    found = obstacle(facts())
    found.what, found.remedy

Docker's seccomp profile refuses unshare(2); AppArmor's docker-default, and
Ubuntu 24.04's restriction of unprivileged user namespaces, let one be made and
refuse mount(2) in it; a /proc with covered parts forbids to mount another.
Sources: user_namespaces(7), docs.docker.com/engine/security/seccomp, Ubuntu's
release notes 24.04.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from . import namespaces

CLONE_NEWPID = 0x20000000
NOBODY = 65534


@dataclass(frozen=True)
class Facts:
    """What was seen: `failed` is the step that failed, "" for none.

    The steps are unshare, mount and proc; `error` is an errno. `seccomp` says
    that a filter stands. The rest is what files of the kernel say, "" where
    there is none.
    """

    failed: str = ""
    error: int = 0
    seccomp: bool = False
    restricted: str = ""
    profile: str = ""
    allowed: str = ""
    most: str = ""


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way, and a line that removes it."""

    what: str
    remedy: str


# Facts to obstacles: the first that holds is told.
KNOWN: tuple[tuple[Callable[[Facts], bool], Obstacle], ...] = (
    (lambda f: f.failed == "unshare" and f.most == "0",
     Obstacle("no user namespace may be made (user.max_user_namespaces is 0)",
              "sudo sysctl -w user.max_user_namespaces=10000")),
    (lambda f: f.failed == "unshare" and f.allowed == "0",
     Obstacle("only root may make user namespaces",
              "sudo sysctl -w kernel.unprivileged_userns_clone=1")),
    (lambda f: f.failed == "unshare" and f.restricted == "1"
     and not f.seccomp,
     Obstacle("Ubuntu restricts user namespaces of unprivileged users",
              "sudo sysctl -w "
              "kernel.apparmor_restrict_unprivileged_userns=0")),
    (lambda f: f.failed == "unshare" and f.seccomp,
     Obstacle("a seccomp filter refuses namespaces, as Docker's does",
              "docker run --security-opt seccomp=unconfined "
              "--cap-add SYS_ADMIN ...")),
    (lambda f: f.failed == "mount" and f.profile not in ("", "unconfined"),
     Obstacle("AppArmor refuses mounts in a namespace",
              "docker run --security-opt apparmor=unconfined ...")),
    (lambda f: f.failed == "mount" and f.restricted == "1",
     Obstacle("Ubuntu lets user namespaces be made, and refuses mounts in "
              "them",
              "sudo sysctl -w "
              "kernel.apparmor_restrict_unprivileged_userns=0")),
    (lambda f: f.failed == "mount" and f.seccomp,
     Obstacle("a seccomp filter refuses mounts, as Docker's does",
              "docker run --security-opt seccomp=unconfined "
              "--cap-add SYS_ADMIN ...")),
    (lambda f: f.failed == "proc",
     Obstacle("parts of /proc are covered, so no other can be mounted",
              "docker run --security-opt systempaths=unconfined ...")))


def obstacle(facts: Facts) -> Optional[Obstacle]:
    """Return what stands in the way; None if nothing does."""
    if not facts.failed:
        return None
    for holds, found in KNOWN:
        if holds(facts):
            return found
    return Obstacle(f"{facts.failed}: {os.strerror(facts.error)}",
                    "run it in a virtual machine, or as root")


def _read(place: str) -> str:
    """Return what a file of the kernel says, "" if there is none."""
    try:
        return Path(place).read_text().strip().strip("\0")
    except (OSError, UnicodeError):
        return ""


def _try() -> tuple[str, int]:
    """In a child: make namespaces, and mount in them, as a sandbox does.

    As root become nobody first, as a sandbox does. Returns the step that
    failed and its errno, ("", 0) if all went well.
    """
    try:
        if os.getuid() == 0:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        namespaces.unshare(namespaces.CLONE_NEWUSER | namespaces.CLONE_NEWNS
                           | CLONE_NEWPID)
    except OSError as error:
        return "unshare", error.errno or 0
    try:
        namespaces.private_mounts()
    except OSError as error:
        return "mount", error.errno or 0
    if os.fork() == 0:  # the first in the new process namespace
        os._exit(_mounts_proc())
    error_number = os.waitstatus_to_exitcode(os.wait()[1])
    return ("proc", error_number) if error_number else ("", 0)


def _mounts_proc() -> int:
    """Mount a /proc; return 0, or the errno."""
    try:
        namespaces.own_proc()
        return 0
    except OSError as error:
        return error.errno or errno.EPERM


def facts() -> Facts:
    """Try it in a process of its own, and ask the kernel about itself."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        failed, error = _try()
        os.write(writing, f"{failed} {error}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        failed, _, error = told.read().rpartition(" ")
    os.waitpid(pid, 0)
    status = _read("/proc/self/status")
    return Facts(
        failed=failed, error=int(error or 0),
        seccomp="\nSeccomp:\t2" in status,
        restricted=_read("/proc/sys/kernel/"
                         "apparmor_restrict_unprivileged_userns"),
        profile=_read("/proc/self/attr/current").partition(" ")[0],
        allowed=_read("/proc/sys/kernel/unprivileged_userns_clone"),
        most=_read("/proc/sys/user/max_user_namespaces"))
