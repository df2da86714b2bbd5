"""A conversation that the judge itself has spoiled is had again.

On a busy machine the judge can be so slow that nothing is to be seen: what was
to be early is late, or a time that was to be long is over before it begins.
"""

from __future__ import annotations

import time
from typing import Callable, Protocol, TypeVar

TRIES = 4    # conversations; the last one counts, whatever it was
TARDY = 1/3  # of a program's patience: so long the judge may take to come


class Talk(Protocol):
    """A conversation; `in_vain` if the judge was too late to see anything."""

    @property
    def in_vain(self) -> bool:
        """Whether to have it again."""


Some = TypeVar("Some", bound=Talk)


def again(converse: Callable[[], Some]) -> Some:
    """Have a conversation, again if it was in vain."""
    for _ in range(TRIES):
        talk = converse()
        if not talk.in_vain:
            break
    return talk


def tardy(since: float, patience: str) -> bool:
    """Whether the judge, who was to come at once, is late by now.

    `since` is a moment of time.monotonic(), before which the program's clock
    can't have started; its `patience` is in seconds.
    """
    return time.monotonic() - since > TARDY * float(patience)
