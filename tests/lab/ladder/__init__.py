"""An outcome as a ladder: calls on both sides, segments between, time down.

The order is one of cause, not of clocks: a call stands beside the segment it
sent or waited for, so the same conversation always gives the same ladder.

    Ladder    what is drawn: a title and rows, by text.py or svg.py
    ladder    one conversation of an outcome
    ladders   its first conversations, each on a ladder of its own
    relayed   both conversations of a relay, on one clock
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

from ..outcome import Outcome
from .rows import Arrow, Event, Row, by_cause, by_clock, conversations

__all__ = ["Arrow", "Event", "Ladder", "Row", "conversations", "ladder",
           "ladders", "relayed"]

MOST_ROWS = 36  # of a ladder; the middle of a longer one is left out


@dataclass(frozen=True)
class Ladder:
    """Rows under a title, `left` and `right` being the parties' names.

    A row is one line: what the left party did (an Event or None), the segment
    that crossed (an Arrow or None), what the right party did. Its time is in
    milliseconds, None where it is that of the row above, and never runs back.
    An event that is `wrong` is to be marked so. `packets` is False where no
    segments could be seen, `bench` says that the bench itself played the
    right party.
    """

    title: str
    rows: tuple[Row, ...]
    packets: bool
    bench: bool = False
    left: str = "client"
    right: str = "server"


def _shortened(rows: list[Row]) -> tuple[Row, ...]:
    """Leave out the middle of many rows, and count what is left out."""
    if len(rows) <= MOST_ROWS:
        return tuple(rows)
    first = MOST_ROWS // 2
    last = MOST_ROWS - first - 1
    left_out = len(rows) - first - last
    return (*rows[:first], Row(None, left_out=left_out), *rows[-last:])


def ladder(outcome: Outcome, title: str, conversation: int = 0,
           timed: bool = True, start: Optional[float] = None) -> Ladder:
    """Draw up what was seen of one conversation; 0 is the first.

    Times count from `start` (seconds, realtime), which is the first segment if
    it is None. Without `timed` the rows have no times, and long pauses do not
    show: then every run of a conversation gives the same rows.
    """
    rows = (by_cause if outcome.segments else by_clock)(
        outcome, conversation, start, timed)
    return Ladder(title, _shortened(rows), bool(outcome.segments),
                  outcome.server.bench)


def ladders(outcome: Outcome, title: str, timed: bool = True
            ) -> list[Ladder]:
    """Draw up conversations of an outcome, all on one clock.

    Of many clients the first and the last are drawn: the others are a crowd. A
    relay has one with its client, and one with the server.
    """
    if outcome.relay:
        return relayed(outcome, title, timed)
    last = conversations(outcome) - 1
    start = outcome.segments[0].time if outcome.segments else None
    first = ladder(outcome, title, 0, timed, start)
    return [first] if last == 0 else [first, ladder(
        outcome, f"{title}, client {last + 1:,}", last, timed, start)]


def relayed(outcome: Outcome, title: str, timed: bool = True) -> list[Ladder]:
    """Draw up both conversations of a relay, on the clock of the client's.

    The relay is the server in one, and the client in the other.
    """
    relay = outcome.relay
    assert relay
    near = replace(outcome, server=relay.part)
    far = replace(outcome, client=relay.part, port=relay.port,
                  segments=relay.segments)
    start = near.segments[0].time if near.segments else None
    behind = f"{title}, behind the relay"
    return [replace(ladder(near, title, 0, timed, start), right="relay"),
            replace(ladder(far, behind, 0, timed, start), left="relay")]
