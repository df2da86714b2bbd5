"""make doctor: what this machine can do for the kit, and what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from .. import kernel, program, proof, sandbox, wine
from ..classroom.sandboxed import make_treatment, trouble
from ..classroom.worker import Worker
from ..sandbox import cgroups
from ..sandbox.obstacles import facts, obstacle


@dataclass(frozen=True)
class Finding:
    """One thing that is there or not, and what to do if it is not."""

    what: str
    present: bool
    remedy: str


# Programs that are used where they are present: what for, and their names with
# those of Debian's packages.
GUESTS = {
    "to meet the servers with": {
        "bash": "bash", "ncat": "ncat", "socat": "socat",
        "nc": "netcat-openbsd"},
    "to look at connections with": {"ss": "iproute2"},
    "to compare the kit with": {
        "nginx": "nginx libnginx-mod-stream", "haproxy": "haproxy",
        "iperf3": "iperf3", "curl": "curl"}}


def _compiler() -> Finding:
    try:
        command = " ".join(program.compiler())
        return Finding(f"a C compiler ({command})", True, "")
    except program.NotInstalled as error:
        return Finding("a C compiler", False, str(error))


def _bench() -> Finding:
    why = proof.why_not(anew=True)
    return Finding("a bench that starts, records, strikes and ends a program",
                   why == "", f"{why}; nothing is judged without it")


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


def _remedy(why: str) -> str:
    """Say what keeps namespaces away, and the line that removes it."""
    found = obstacle(facts()) if why else None
    return f"{found.what}: {found.remedy}" if found else why


def _namespaces() -> Finding:
    why = sandbox.why_not_private()
    return Finding("network namespaces, to see packets in", not why,
                   f"{_remedy(why)}; without them all else works, the "
                   "ladders have no arrows")


BOUND = 10.0  # seconds in which a program must be seen to wait
DIALS = "import socket, sys\n" \
        "socket.create_connection(('127.0.0.1', int(sys.argv[1]))).recv(1)"


def _proofs() -> Finding:
    """Whether a program that waits can be seen to wait."""
    with sandbox.Sandbox() as room, room.socket() as ours:
        ours.bind(("127.0.0.1", 0))
        ours.listen()
        ours.settimeout(BOUND)
        waiting = room.start([sys.executable, "-I", "-S", "-c", DIALS,
                              ours.getsockname()[1]])
        try:
            with ours.accept()[0]:
                seen = waiting.until(lambda: kernel.stuck([waiting]), BOUND)
        except (OSError, sandbox.StillRunning):  # too late is an OSError
            seen = None
    why = kernel.why_no_proofs()
    return Finding("proof that a program is stuck, from /proc", bool(seen),
                   (f"{why}; " if why else "") +
                   "needs Linux 5.6 or later on x86-64 or arm64, and leave to "
                   "trace one's own processes (kernel.yama.ptrace_scope 0 or "
                   "1; a container's seccomp profile may forbid it: run it "
                   "with --cap-add SYS_PTRACE); without it a stuck program is "
                   "only timed out")


def _walls() -> Finding:
    """Whether a class can be graded here."""
    with Worker(lambda: trouble(make_treatment()), 60.0) as worker:
        answer = worker.answer()
    late = "they were not up in a minute" if answer.late else ""
    why = late or answer.error or answer.value
    return Finding("walls, to grade untrusted submissions", why == "",
                   f"{_remedy(str(why))}; `make grade` refuses without them")


def _groups() -> Finding:
    """Whether what a submission takes can be bounded in all."""
    why = cgroups.why_not()
    return Finding("a control group, to bound the memory of a submission",
                   why == "", f"{why}; each of its processes is bounded by "
                   "itself all the same (root can make a group)")


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
    return [Finding(f"{name}, {purpose}", shutil.which(name) is not None,
                    f"apt-get install {package}; what needs it is skipped "
                    "without it")
            for purpose, names in GUESTS.items()
            for name, package in names.items()]


def main(_: list[str]) -> int:
    """Print a line a finding; fail only if `make demo` cannot work."""
    compiler = _compiler()
    findings = [compiler]
    if compiler.present:
        findings.append(_bench())
    if findings[-1].present:  # else there are no sandboxes either
        findings += [_namespaces(), _proofs(), _walls(), _groups()]
    findings += [_pytest(), *_guests(), *_windows()]
    for finding in findings:
        print(f"{'yes' if finding.present else 'NO':>4}  {finding.what}")
        if not finding.present:
            print(f"      {finding.remedy}")
    return 0 if compiler.present else 1
