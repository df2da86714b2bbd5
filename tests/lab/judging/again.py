"""A conversation that the judge itself has spoiled is had again.

On a busy machine the judge can be so slow that nothing is to be seen: what was
to be early is late, or a time that was to be long is over before it begins.
"""

from __future__ import annotations

import threading
import time
from typing import Callable, Protocol, TypeVar

from .. import kernel

TRIES = 4    # conversations at most; the last one counts, whatever it was
MORE = 16    # where we have waited for a processor in each that was in vain
BUSY = 0.05  # seconds of it that tell a busy machine from one that is not
TARDY = 1/3  # of a program's patience: so long the judge may take to come


class Talk(Protocol):
    """A conversation; `in_vain` if the judge was too late to see anything."""

    @property
    def in_vain(self) -> bool:
        """Whether to have it again."""


Some = TypeVar("Some", bound=Talk)


def again(converse: Callable[[], Some]) -> Some:
    """Have a conversation, again if it was in vain.

    A program may bring that about as well, so not for ever.
    """
    us, tries, busy = threading.get_native_id(), 0, True
    while True:
        before = kernel.waited(us)
        talk = converse()
        tries += 1
        busy = busy and kernel.waited(us) - before > BUSY
        if not talk.in_vain or tries >= (MORE if busy else TRIES):
            return talk


def tardy(since: float, patience: str) -> bool:
    """Whether the judge, who was to come at once, is late by now.

    `since` is a moment of time.monotonic(), before which the program's clock
    can't have started; its `patience` is in seconds.
    """
    return time.monotonic() - since > TARDY * float(patience)
