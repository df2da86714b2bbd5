"""What a judge lets go wrong in a program's own calls: see calls.Fault.

A conversation with one of these is not worth anything to a program that keeps
clear of it (calls.evaded).
"""

from __future__ import annotations

import random

from ..calls import Fault
from .inputs import Draw

# What moves bytes out of a program, and into it.
WRITES = ("write", "send", "sendfile", "splice")
READS = ("read", "recv", "poll", "splice")

SHORT_WRITES = Fault("short", percent=100, calls=WRITES)  # a byte at a time


# Signals: more than a program that retries a fixed number of times allows for.
IN_A_ROW = 16


def interrupted(calls: tuple[str, ...]) -> Draw:
    """Draw signals that come while calls wait: in the first calls on the
    connection, and as many in FILE; then in six of ten."""
    def draw(rng: random.Random) -> Fault:
        return Fault("EINTR", percent=60, first=IN_A_ROW, calls=calls,
                     seed=rng.randrange(1 << 40))
    return draw


def interrupted_once(call: str) -> Fault:
    """Let a signal come in the first such call."""
    return Fault("EINTR", at=1, calls=(call,))
