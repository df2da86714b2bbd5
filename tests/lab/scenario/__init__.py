"""Who meets whom, over which file: from two programs to an outcome."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Sequence

from .. import kernel, program
from ..calls import WINSOCK, CallLog
from ..outcome import Outcome, Part
from ..sandbox import Process, Sandbox, StillRunning
from ..wine import Wine
from ..wire import Wire

SAMPLE = b"To be sent.\n"  # at most 30 bytes: one segment, always
UNPROVED = 5.0  # seconds that programs are left to run if nothing is proved


@dataclass(frozen=True)
class Way:
    """One of several ways to run a chapter.

    Which `server` is built, and what words are added to its command line.
    """

    name: str = ""
    server: str = "server.c"
    extra: tuple[str, ...] = ()


WAYS = {
    "04": tuple(Way(word, extra=(word,)) for word in ("rd", "wr", "rdwr")),
    "15": (Way("naive", "naive-server.c"), Way("half-close")),
}


def ways(folder: Path) -> tuple[Way, ...]:
    """Return all ways to run a chapter; most have one, without a name."""
    return WAYS.get(folder.name.split("-")[0], (Way(),))


def _part(process: Process, log: CallLog, asleep: list[kernel.Asleep]) -> Part:
    return Part(process.exit,
                process.stdout.decode(errors="replace"),
                process.stderr.decode(errors="replace"),
                tuple(log.read()),
                next((a for a in asleep if a.pid == process.pid), None),
                ended=process.ended)


def _settle(processes: Sequence[Process]) -> list[kernel.Asleep]:
    if not kernel.why_no_proofs():
        return kernel.settle(processes)
    try:
        return kernel.settle(processes, UNPROVED)
    except StillRunning:
        return []


def meet(server: Path, client: Path, content: bytes,
         extra: Sequence[str] = ()) -> Outcome:
    """Let a server offer `content` to a client, and watch.

    `extra` are words added to the server's command line. An .exe runs under
    Wine, or program.NotInstalled is raised. Returns once both have ended or
    are proved stuck; or, where nothing can be proved, if they still run after
    UNPROVED seconds. Raises sandbox.StillRunning otherwise, and
    kernel.DidNotListen if the server ends before it listens.
    """
    windows = server.suffix == ".exe"
    logs = CallLog(windows=windows), CallLog(windows=windows)
    with tempfile.TemporaryDirectory(dir=program.scratch()) as name, \
            Sandbox() as room, \
            (Wine(room) if windows else contextlib.nullcontext(room)) as house:
        folder = Path(name)
        original, copy = folder / "original", folder / "copy"
        original.write_bytes(content)
        wire: Optional[Wire] = Wire(room) if room.private else None
        serving = house.start([server, "127.0.0.1", 0, original, *extra],
                              env=logs[0].env)
        port = kernel.listening(serving)
        fetching = house.start([client, "127.0.0.1", port, copy],
                               env=logs[1].env)
        asleep = _settle([serving, fetching])
        segments = None
        if wire:
            segments = tuple(wire.read(
                until_over=None not in (serving.exit, fetching.exit)))
            wire.close()
        return Outcome(_part(serving, logs[0], asleep),
                       _part(fetching, logs[1], asleep), port, content,
                       copy.read_bytes() if copy.exists() else None, segments)


def _built(source: Path) -> Path:
    return program.build(source,
                         WINSOCK if program.for_windows(source) else ())


def converse(folder: Path, way: Way = Way(),
             content: bytes = SAMPLE) -> Outcome:
    """Let a chapter's own server and client meet."""
    return meet(_built(folder / way.server), _built(folder / "client.c"),
                content, way.extra)
