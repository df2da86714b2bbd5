"""A crowd of clients, in a program of its own: chapter 12's crowd.c.

It has its own descriptors: the bench may have too few for a thousand.
"""

from __future__ import annotations

import re
from pathlib import Path

from .. import program
from . import HOST, Meeting, Program


def source() -> Path:
    """Return where its source is; raises program.NoSuchChapter."""
    return program.chapter("12") / "crowd.c"


def counted(said: str) -> int:
    """Return how many silent clients a crowd has, by what it has printed."""
    found = re.search(r"^(\d+) silent clients$", said, re.M)
    return int(found[1]) if found else 0


def silent(meeting: Meeting, port: int, count: int) -> Program:
    """Start a crowd that connects `count` times, and then says nothing.

    It is there when this returns, and stays until the program is ended.
    """
    crowd = meeting.start([program.build(source()), HOST, port, count],
                          name="crowd")
    crowd.says(b"silent clients\n")
    return crowd


def held(crowd: Program) -> int:
    """Return how many silent clients there are."""
    return counted(crowd.stdout)
