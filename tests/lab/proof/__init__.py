"""The bench proves itself before it judges anybody.

    why = proof.why_not()      "" where the bench works

A program of the kit's own (proof.c) is built, started, recorded, struck by a
fault, proved stuck, ended by a signal, and each of these is read back. Where
one doesn't hold nothing is judged: a program would be blamed for what the
bench, the C library or the kernel did. What was proved is kept for the day. The
walls around a class prove themselves each time (classroom/sandboxed.py).
"""

from __future__ import annotations

import datetime
import hashlib
import os
import platform
import signal
import socket
import sys
from pathlib import Path
from typing import Iterator

from .. import kernel, program
from ..calls import CallLog, Fault
from ..sandbox import Exit, Process, Sandbox, StillRunning

PROGRAM = Path(__file__).with_name("proof.c")
BOUND = 20.0  # seconds until a step is given up


class _Broken(Exception):
    """A step that doesn't hold; the text says what was seen."""


def why_not(anew: bool = False) -> str:
    """Return why nobody can be judged here, "" if the bench works.

    What was proved today holds, unless it is to be proved `anew`. Raises
    program.NotInstalled where there is no compiler.
    """
    kept = program.BUILT / f"proof-{_digest()}"
    if kept.exists() and not anew:
        return ""
    try:
        _prove()
    except program.DoesNotCompile as error:
        return f"what records calls does not compile:\n{error}"
    except (_Broken, StillRunning) as error:
        return str(error)
    except OSError as error:
        return error.strerror or str(error)
    _keep(kept)
    return ""


def require() -> None:
    """Raise program.NotInstalled where the bench doesn't work."""
    why = why_not()
    if why:
        raise program.NotInstalled(
            f"the bench does not work here, so nothing is judged: {why}; "
            "`make doctor` tells more")


def _prove() -> None:
    log = CallLog(Fault("EINTR", at=1, calls=("read",)))
    with Sandbox() as room, room.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(BOUND)
        watched = room.start([program.build(PROGRAM),
                              listener.getsockname()[1]], env=log.env)
        try:
            conn, _ = listener.accept()
        except OSError:  # it is late, or ended before it came here
            raise _Broken("a program that is watched does not run: "
                          f"{_ending(watched)}") from None
        with conn:
            conn.settimeout(BOUND)
            conn.sendall(b"?")
            if conn.recv(1) != b"?":
                raise _Broken(f"a program that is watched ends: "
                              f"{_ending(watched)}")
            _read_back(log, watched)
            _prove_stuck(watched, conn)
            watched.signal(signal.SIGTERM)
            if watched.wait(BOUND) != Exit(signal=signal.SIGTERM):
                raise _Broken("a program to which SIGTERM was sent ended "
                              f"otherwise: {watched.exit}")


def _read_back(log: CallLog, watched: Process) -> None:
    """Compare what was written down with what happened."""
    names = [call.name for call in log.read()]
    if names[:4] != ["connect", "read", "read", "write"]:
        raise _Broken("the calls of a program are not written down: connect, "
                      "read, read and write were made, and seen were "
                      f"{', '.join(names) or 'none'}")
    if log.struck() != ["read"]:
        raise _Broken("a fault that was to strike read struck "
                      f"{', '.join(log.struck()) or 'nothing'}")
    if not kernel.connections(watched.pid):
        raise _Broken("the connection of a program is not seen in /proc/net")


def _prove_stuck(watched: Process, conn: socket.socket) -> None:
    """See that who waits for ever is proved stuck, and nobody else is.

    Where nothing can be proved, a clock decides (kernel.why_no_proofs).
    """
    if kernel.why_no_proofs():
        return
    try:
        watched.until(lambda: kernel.stuck([watched]), BOUND)
    except StillRunning:
        raise _Broken("a program that waits for ever is not proved "
                      "stuck") from None
    watched.signal(signal.SIGSTOP)
    try:
        watched.until(lambda: kernel.stopped(watched.pid), BOUND)
    except StillRunning:
        raise _Broken("a program to which SIGSTOP was sent still "
                      "runs") from None
    conn.sendall(b"?")
    if kernel.stuck([watched]):
        raise _Broken("a program is proved stuck that has a byte to read")
    watched.signal(signal.SIGCONT)


def _ending(watched: Process) -> str:
    """Say how it ended, and what it said."""
    ended = watched.poll(0)
    said = watched.stderr.decode(errors="replace").strip()
    return f"{ended or 'it still runs'}" + (f", {said}" if said else "")


def _sources() -> Iterator[Path]:
    """Give what the bench is made of, as far as a proof depends on it."""
    lab = Path(__file__).resolve().parents[1]
    for place in ("calls", "kernel", "proof", "sandbox"):
        yield from sorted((lab / place).glob("[!.]*.*"))
    yield lab / "program.py"


def _confinement() -> list[str]:
    """Return what a container may have taken from us (proc(5))."""
    return [line for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith(("Uid", "Cap", "NoNewPrivs", "Seccomp"))]


def _digest() -> str:
    """Return a digest of kernel, libc, Python, compiler, kit, us, the day."""
    digest = hashlib.sha256(repr((
        datetime.date.today(), os.uname(), platform.libc_ver(), sys.version,
        program.compiler(), _confinement())).encode())
    for source in _sources():
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _keep(kept: Path) -> None:
    """Keep the proof, and forget older ones."""
    try:
        program.BUILT.mkdir(exist_ok=True)
        for older in program.BUILT.glob("proof-*"):
            older.unlink()
        kept.touch()
    except OSError:
        pass  # then it is proved each time
