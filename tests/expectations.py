"""What the tests of the chapters say of programs, in a line each."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from lab.meeting import Program
from lab.meeting.pair import PairMeeting


def sentence(program: Program, status: int = 1) -> str:
    """Wait for the end, with `status` and one sentence, which is returned."""
    ended = program.ends()
    told = program.stderr
    assert str(ended) == f"exit {status}", \
        f"{program.name}: {program.hang or ended}, {told!r}"
    assert re.fullmatch(rf"{program.name}: [^\n]+\n", told), told
    return told


def said(server: Program) -> str:
    """Return what a server printed after the line that it listens."""
    return server.stdout.partition("\n")[2]


def has_epoll(program: Program) -> bool:
    """Whether a server of 12 to 14 has opened the last that it needs itself."""
    with contextlib.suppress(FileNotFoundError):  # closed since we listed it
        return any("eventpoll" in os.readlink(descriptor) for descriptor
                   in Path(f"/proc/{program.pid}/fd").iterdir())
    return False


def differs(seen: bytes, expected: bytes) -> str:
    """Return in words where bytes differ, "" if they don't."""
    if seen == expected:
        return ""
    size = min(len(seen), len(expected))
    same = next((place for place in range(0, size, 4096)
                 if seen[place:place + 4096] != expected[place:place + 4096]),
                size)
    same = next((place for place in range(same, size)
                 if seen[place] != expected[place]), size)
    return (f"{len(seen)} bytes for {len(expected)}, the same up to {same}: "
            f"{seen[same:same + 20]!r} for {expected[same:same + 20]!r}")


def message(thanks: bytes) -> str:
    """Return what a server prints that has heard the thanks."""
    return f"Message from client: {thanks.decode().rstrip()}\n"


def both_done(pair: PairMeeting, server: Program, client: Program,
              data: bytes) -> None:
    """Check that a pair has done all it should."""
    for process in (client, server):
        ended = process.ends()
        assert str(ended) == "exit 0", f"{process.name}: {process.stderr!r}"
        assert process.stderr == ""
    assert client.stdout == "Received file data\n"
    assert said(server) == message(pair.pair.thanks(len(data)))
    assert not differs(pair.copy.read_bytes(), data)
    assert not pair.left_over()
