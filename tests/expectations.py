"""What the tests of the chapters say of programs, in a line each."""

from __future__ import annotations

import re

from lab.meeting import Program


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
