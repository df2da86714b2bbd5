"""All that was seen of one conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .calls import Call
from .kernel import Asleep
from .sandbox import Exit
from .wire import Segment


@dataclass(frozen=True)
class Part:
    """One program's part: `exit` is None where it had not ended.

    `ended` is when the bench saw it end (seconds, realtime), some milliseconds
    after it did. `bench` says that the bench itself played this part, which
    has calls and no end of its own.
    """

    exit: Optional[Exit]
    stdout: str
    stderr: str
    calls: tuple[Call, ...] = ()
    asleep: Optional[Asleep] = None
    bench: bool = False
    ended: Optional[float] = None


@dataclass(frozen=True)
class Relay:
    """A relay that stood between a client and a server.

    `part` is what it did, on both sides; `port` is the server's, and
    `segments` are what crossed there.
    """

    part: Part
    port: int
    segments: Optional[tuple[Segment, ...]]


@dataclass(frozen=True)
class Outcome:
    """A server and a client that met.

    `sent` is the file at the server, `received` the file that the client left
    (None if it left none), `segments` what crossed the wire (None where
    packets could not be seen). Where a `relay` stood between, `port` is the
    relay's, and `segments` are what crossed between it and the client.
    """

    server: Part
    client: Part
    port: int
    sent: bytes
    received: Optional[bytes]
    segments: Optional[tuple[Segment, ...]] = None
    relay: Optional[Relay] = None

    @property
    def stuck(self) -> bool:
        """Whether the two were proved to wait for each other for ever."""
        return self.server.asleep is not None or self.client.asleep is not None

    @property
    def unproved(self) -> bool:
        """Whether one still ran when we left, which proves nothing."""
        return not self.stuck and (
            self.server.exit is None or self.client.exit is None)
