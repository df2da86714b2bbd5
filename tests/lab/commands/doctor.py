"""make doctor: what this machine can do for the kit, and what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from .. import kernel, program, sandbox, wine
from ..calls import CallLog
from ..grades.walled import strangers, trouble
from ..grades.worker import Worker


@dataclass(frozen=True)
class Finding:
    """One thing that is there or not, and what to do if it is not."""

    what: str
    present: bool
    remedy: str


# Programs that the tests meet where they are present: Debian's package names.
GUESTS = {"bash": "bash", "ncat": "ncat", "socat": "socat",
          "nc": "netcat-openbsd"}


def _compiler() -> Finding:
    command = program.compiler()
    present = shutil.which(command[0]) is not None
    return Finding(f"a C compiler ({' '.join(command)})", present,
                   "install gcc or clang, or name yours in CC")


def _calls() -> Finding:
    try:
        CallLog()
        return Finding("a library to record calls with", True, "")
    except (program.DoesNotCompile, OSError) as error:
        return Finding("a library to record calls with", False, str(error))


def _windows() -> list[Finding]:
    """The two that chapter 15 needs, and nobody else."""
    findings = []
    for what, there in (("a compiler for Windows", program.cross_compiler),
                        ("Wine, to run Windows programs", wine.loader)):
        try:
            there()
            findings.append(Finding(what, True, ""))
        except program.NotInstalled as error:
            findings.append(Finding(what, False, f"{error}; chapter 15 is "
                                    "skipped without it"))
    return findings


def _namespaces() -> Finding:
    why = sandbox.why_not_private()
    return Finding("network namespaces, to see packets in", not why,
                   f"{why}; on Ubuntu try `sudo sysctl "
                   "kernel.apparmor_restrict_unprivileged_userns=0`, in a "
                   "container run it with --privileged; without them all "
                   "else works, the ladders have no arrows")


def _proofs() -> Finding:
    """Whether a program that waits can be seen to wait."""
    with sandbox.Sandbox() as room:
        ours = room.socket()
        ours.bind(("127.0.0.1", 0))
        ours.listen()
        port = ours.getsockname()[1]
        waiting = room.start([sys.executable, "-I", "-S", "-c",
                              "import socket; socket.create_connection("
                              f"('127.0.0.1', {port})).recv(1)"])
        theirs, _ = ours.accept()
        try:
            seen = waiting.until(lambda: kernel.stuck([waiting]), 5)
        except sandbox.StillRunning:
            seen = None
        theirs.close()
        ours.close()
    return Finding("proof that a program is stuck, from /proc", bool(seen),
                   "needs Linux 5.6 or later on x86-64 or arm64, and leave to "
                   "trace one's own processes (kernel.yama.ptrace_scope 0 or "
                   "1); without it a stuck program is only timed out")


def _walls() -> Finding:
    """Whether a class can be graded here."""
    with Worker(lambda: trouble(strangers()), 60.0) as worker:
        answer = worker.answer()
    why = answer.error or answer.value
    return Finding("walls, to grade strangers behind", why == "",
                   f"{why}; `make grade` refuses without them")


def _pytest() -> Finding:
    asked = [program.ROOT / "tests" / ".venv" / "bin" / "python",
             sys.executable, "/usr/bin/python3"]  # as tests/run does
    found = any(subprocess.run([python, "-m", "pytest", "--version"],
                               capture_output=True, check=False
                               ).returncode == 0
                for python in filter(os.path.exists, asked))
    return Finding("pytest", found,
                   "`make test` gets it; or install python3-pytest")


def _guests() -> list[Finding]:
    return [Finding(f"{name}, to meet the servers with",
                    shutil.which(name) is not None,
                    f"apt-get install {package}; its tests are skipped "
                    "without it") for name, package in GUESTS.items()]


def main(_: list[str]) -> int:
    """Print a line a finding; fail only if `make demo` cannot work."""
    compiler = _compiler()
    findings = [compiler]
    if compiler.present:
        findings.append(_calls())
    findings += [_namespaces(), _proofs()]
    if compiler.present:
        findings.append(_walls())
    findings += [_pytest(), *_guests(), *_windows()]
    for finding in findings:
        print(f"{'yes' if finding.present else 'NO':>4}  {finding.what}")
        if not finding.present:
            print(f"      {finding.remedy}")
    return 0 if compiler.present else 1
