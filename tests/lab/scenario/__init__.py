"""Who meets whom, over which file: from two programs to an outcome."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Optional, Sequence

from .. import kernel, program
from ..calls import CallLog
from ..outcome import Outcome, Part
from ..sandbox import Process, Sandbox
from ..wire import Wire

SAMPLE = b"To be sent.\n"  # at most 30 bytes: one segment, always

# The chapters whose server takes one more word: which way to do it.
WAYS = {"04": ("rd", "wr", "rdwr")}


def ways(folder: Path) -> tuple[tuple[str, ...], ...]:
    """Return the words to add to a chapter's command line, way by way."""
    words = WAYS.get(folder.name.split("-")[0], ())
    return tuple((word,) for word in words) or ((),)


def _part(process: Process, log: CallLog, asleep: list[kernel.Asleep]) -> Part:
    return Part(process.exit,
                process.stdout.decode(errors="replace"),
                process.stderr.decode(errors="replace"),
                tuple(log.read()),
                next((a for a in asleep if a.pid == process.pid), None))


def meet(server: Path, client: Path, content: bytes,
         extra: Sequence[str] = ()) -> Outcome:
    """Let a server offer `content` to a client, and watch.

    `extra` are words added to the server's command line. Returns once both
    have ended or are proved stuck; raises sandbox.StillRunning otherwise, and
    kernel.DidNotListen if the server ends before it listens.
    """
    logs = CallLog(), CallLog()
    with tempfile.TemporaryDirectory(dir=program.scratch()) as name, \
            Sandbox() as room:
        folder = Path(name)
        original, copy = folder / "original", folder / "copy"
        original.write_bytes(content)
        wire: Optional[Wire] = Wire(room) if room.private else None
        serving = room.start([server, "127.0.0.1", 0, original, *extra],
                             env=logs[0].env)
        port = kernel.listening(serving)
        fetching = room.start([client, "127.0.0.1", port, copy],
                              env=logs[1].env)
        asleep = kernel.settle([serving, fetching])
        segments = None
        if wire:
            segments = tuple(wire.read(until_over=not asleep))
            wire.close()
        return Outcome(_part(serving, logs[0], asleep),
                       _part(fetching, logs[1], asleep), port, content,
                       copy.read_bytes() if copy.exists() else None, segments)


def converse(folder: Path, extra: Sequence[str] = (),
             content: bytes = SAMPLE) -> Outcome:
    """Let a chapter's own server and client meet."""
    return meet(program.build(folder / "server.c"),
                program.build(folder / "client.c"), content, extra)
