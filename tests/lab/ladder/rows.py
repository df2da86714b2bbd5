"""From an outcome to the rows of a ladder.

A rung is a segment, or a run of data, with all the calls that belong to it; a
row is one line of a rung.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Iterable, Optional, Sequence, Union

from ..outcome import Outcome, Part
from ..wire import ACK, FIN, RST, SYN, Segment, without_repeats
from .steps import ACCEPTS, READS, WRITES, Step, runs, steps, together

RESETS = ("ECONNRESET", "EPIPE", "WSAECONNRESET", "WSAECONNABORTED")
SHOWN = 20  # payloads up to this many characters are spelled out
ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t",
           "\0": "\\0"}
PAUSE = 100.0  # milliseconds: what comes as much later has a row of its own


@dataclass(frozen=True)
class Event:
    """What one party did: a call with its result, or how its program ended.

    `wrong` says that it failed, or can never end. `why` tells in a word or two
    why nothing crossed beside it, "" where something did or none was due.
    """

    text: str
    wrong: bool = False
    why: str = ""


@dataclass(frozen=True)
class Arrow:
    """What crossed: `kind` is SYN, data, FIN or RST."""

    kind: str
    label: str
    to_right: bool


@dataclass(frozen=True)
class Row:
    """One line of a ladder.

    `time` is in milliseconds; None is the time of the row above. Where
    `left_out` is not 0 the row stands for so many others, and is empty.
    """

    time: Optional[float]
    left: Optional[Event] = None
    arrow: Optional[Arrow] = None
    right: Optional[Event] = None
    left_out: int = 0


@dataclass
class _Rung:
    """`upto` is how many bytes the arrow's sender had sent with it.

    `sent_by` is the call that sent a FIN, or a RST.
    """

    time: float
    arrow: Optional[Arrow] = None
    upto: int = 0
    sent_by: Optional[Step] = None
    left: list[Union[Step, Event]] = field(default_factory=list)
    right: list[Union[Step, Event]] = field(default_factory=list)


def _client(segment: Segment, port: int) -> int:
    """Return the client's port of a segment, `port` being the server's."""
    return segment.source if segment.destination == port \
        else segment.destination


def conversations(outcome: Outcome) -> int:
    """Return how many connections can be told apart, 1 at the least."""
    return max(1, len({_client(s, outcome.port)
                       for s in outcome.segments or ()}))


def _of_one(outcome: Outcome, number: int) -> list[Segment]:
    """Return the segments of one conversation."""
    ports = list(dict.fromkeys(_client(s, outcome.port)
                               for s in outcome.segments or ()))
    return [s for s in outcome.segments or ()
            if ports.index(_client(s, outcome.port)) == number]


def _kind(segment: Segment) -> str:
    if segment.flags & RST:
        return "RST"
    if segment.flags & SYN:
        return "SYN"
    return "data" if segment.length else "FIN"


def _spelled(payload: bytes) -> str:
    """Return a short text as C would write it, "" for anything else."""
    spelled = "".join(ESCAPES.get(letter, letter) for letter in
                      payload[:SHOWN + 1].decode("latin-1"))
    if 0 < len(spelled) <= SHOWN and spelled.isascii() \
            and spelled.isprintable():
        return f'"{spelled}"'
    return ""


def _label(run: Sequence[Segment]) -> str:
    """Say how much data crossed, and what it was if that is short."""
    length = sum(segment.length for segment in run)
    if len(run) > 1:
        return f"{length:,} bytes in {len(run):,} segments"
    label = f"{length:,} byte" + ("" if length == 1 else "s")
    return f"{label} {_spelled(run[0].payload)}".rstrip()


class _Rungs:
    """Segments as rungs: runs of data as one, nothing shown twice.

    Pure acknowledgements are left out. A first line, such as a length that is
    announced, stands alone.
    """

    def __init__(self, port: int, start: float, timed: bool) -> None:
        self.all: list[_Rung] = []
        self._port, self._start, self._timed = port, start, timed
        self._run: list[Segment] = []
        self._upto = {True: 0, False: 0}

    def add(self, segment: Segment) -> None:
        """Put a segment below the others."""
        to_right = segment.destination == self._port
        when = (segment.time - self._start) * 1000
        kind = _kind(segment)
        if kind == "data":
            self._data(segment, to_right, when)
            if not segment.flags & FIN:
                return
            kind = "FIN"  # it rides on the last data
        self._run = []
        both = segment.flags & SYN and segment.flags & ACK
        self.all.append(_Rung(
            when, Arrow(kind, "SYN+ACK" if both else kind, to_right),
            self._upto[to_right]))

    def _data(self, segment: Segment, to_right: bool, when: float) -> None:
        first = self._upto[to_right] == 0
        self._upto[to_right] += segment.length
        if self._goes_on(segment):
            self.all.pop()
        else:
            self._run = []
        self._run.append(segment)
        self.all.append(_Rung(when, Arrow("data", _label(self._run), to_right),
                              self._upto[to_right]))
        if first and _spelled(segment.payload).endswith('\\n"'):
            self._run = []

    def _goes_on(self, segment: Segment) -> bool:
        """Whether a segment continues the run of data before it."""
        if not self._run or self._run[-1].destination != segment.destination:
            return False
        pause = (segment.time - self._run[-1].time) * 1000
        return not self._timed or pause < PAUSE


def _rungs(segments: Sequence[Segment], port: int, start: float, timed: bool
           ) -> list[_Rung]:
    """Return the rungs of a conversation.

    A tap stamps some segments a moment after their answers: none can have
    crossed later than the next.
    """
    made = _Rungs(port, start, timed)
    for segment in without_repeats(segments):
        if segment.space or segment.flags & RST:
            made.add(segment)
    latest = float("inf")
    for rung in reversed(made.all):
        latest = rung.time = min(latest, rung.time)
    return made.all


class _Side:
    """One party beside the rungs; `here` is the rung it has come to."""

    def __init__(self, rungs: list[_Rung], is_left: bool, start: float,
                 timed: bool) -> None:
        self.rungs, self.is_left = rungs, is_left
        self.here = 0
        self._start, self._timed = start, timed
        self._found: dict[tuple[str, bool], tuple[list[int], list[int]]] = {}
        self._searched = 0  # of how many rungs that is

    def beside(self, index: int) -> list[Union[Step, Event]]:
        """Return what the party does beside a rung."""
        rung = self.rungs[index]
        return rung.left if self.is_left else rung.right

    def first(self, kind: str, ours: bool, past: int = -1) -> Optional[int]:
        """Return the first rung of a kind, with bytes `past` a count."""
        if self._searched != len(self.rungs):
            self._found, self._searched = {}, len(self.rungs)
            for index, rung in enumerate(self.rungs):
                if rung.arrow:
                    uptos, places = self._found.setdefault(
                        (rung.arrow.kind, rung.arrow.to_right), ([], []))
                    uptos.append(rung.upto)
                    places.append(index)
        uptos, places = self._found.get((kind, self.is_left == ours), ([], []))
        at = bisect.bisect_right(uptos, past)
        return places[at] if at < len(places) else None

    def cause(self, step: Step) -> Optional[int]:
        """Return the rung of the segment that a call sent, or waited for."""
        call, count = step.call, step.call.result or 0
        if call.name in ("connect", *ACCEPTS):
            return self.first("SYN", ours=True)
        if call.name in WRITES and step.moved \
                or call.name == "fflush" and not call.error:
            return self.first("data", True, step.before)
        if call.name in READS and step.moved:
            return self.first("data", False, step.before + count - 1)
        if call.name in READS and call.result == 0 and not step.deaf:
            return self.first("FIN", ours=False)
        if call.error in RESETS:
            theirs = self.first("RST", ours=False)
            return self.first("RST", ours=True) if theirs is None else theirs
        if step.ends_writing or step.closes and not step.copied:
            return self._hangs_up(step)
        return None

    def _hangs_up(self, step: Step) -> Optional[int]:
        """Return the rung that a shutdown or a close sent.

        A close after a shutdown sends a RST if there is unread input; one that
        answers later input is not its own.
        """
        fin, rst = self.first("FIN", ours=True), self.first("RST", ours=True)
        if fin is not None and self.rungs[fin].sent_by in (None, step):
            return fin
        if rst is None or step.ends_writing:
            return None  # a RST overtook the FIN
        when = (step.call.time - self._start) * 1000
        input_ = [rung.time for rung in self.rungs[:rst] if rung.arrow
                  and rung.arrow.kind == "data"
                  and rung.arrow.to_right != self.is_left]
        answers = self.rungs[rst].time < when \
            or fin is not None and input_ and input_[-1] > when
        if answers or self.rungs[rst].sent_by not in (None, step):
            return None
        return rst

    def answered(self, step: Step) -> bool:
        """Whether the next segment is the answer to what was just sent."""
        below = self.rungs[self.here + 1:self.here + 2]
        if not below or not below[0].arrow \
                or below[0].arrow.to_right == self.is_left:
            return False
        kind = below[0].arrow.kind
        return step.call.name in WRITES and kind == "RST" \
            or step.call.name == "connect" and kind == "SYN"

    def wait(self, until: Optional[float]) -> None:
        """Go down to a moment that is a pause later, if it is.

        That is for what no segment belongs to. `until` is in seconds.
        """
        if until is None or not self._timed:
            return
        when = (until - self._start) * 1000
        while self.here + 1 < len(self.rungs) \
                and self.rungs[self.here].time + PAUSE <= when \
                and self.rungs[self.here + 1].time <= when:
            self.here += 1
        if self.rungs[self.here].time + PAUSE <= when:
            self.here += 1
            self.rungs.insert(self.here, _Rung(when))

    def place(self, found: Sequence[Step], bench: bool) -> None:
        """Put the steps beside the rungs that they belong to.

        The `bench` closes its connections at the end: that shows if it sends
        something.
        """
        for step in found:
            there = self.cause(step)
            if there is None and step.closes and bench:
                continue
            if there is None:
                self.wait(step.call.time)
            elif step.closes or step.ends_writing:
                self.rungs[there].sent_by = step
            self.here = max(self.here, there or 0)
            self.beside(self.here).append(step)
            if there == self.here and self.answered(step):
                self.here += 1

    def end(self, part: Part, found: Sequence[Step]) -> None:
        """Say how the party ended, beside the segment that this sent."""
        event = _ending(part)
        if event is None:
            return
        hung_up = any(step.closes or step.ends_writing for step in found)
        below = [i for i, rung in enumerate(self.rungs) if i > self.here
                 and rung.arrow and rung.arrow.to_right == self.is_left
                 and rung.arrow.kind in ("FIN", "RST")]
        if part.exit is not None and below and not hung_up:
            self.here = below[0]  # its kernel hung up for it
        self.wait(part.ended)
        self.beside(self.here).append(event)

    def why(self, step: Step, index: int) -> str:
        """Say why nothing left beside a rung when the party hung up."""
        if not step.closes or self.rungs[index].sent_by is step:
            return ""
        if step.copied:
            return "a copy is open"
        own, *resets = (self.first("FIN", True), self.first("RST", True),
                        self.first("RST", False))
        if any(rst is not None and rst <= index for rst in resets):
            return "reset"
        return "FIN sent" if own is not None and own <= index else "no FIN"


def _ending(part: Part) -> Optional[Event]:
    """Say how a part ended, if it could: the bench's own does not."""
    if part.exit is not None:
        return Event(str(part.exit), part.exit.signal is not None)
    if part.bench:
        return None
    return Event("asleep for ever", True) if part.asleep \
        else Event("still runs")


def _events(side: _Side, index: int) -> list[Event]:
    """Return what a party did beside a rung; what is alike in one line."""
    beside = side.beside(index)
    done = runs([item for item in beside if isinstance(item, Step)])
    return [Event(together(run), any(step.wrong for step in run),
                  side.why(run[-1], index)) for run in done] \
        + [item for item in beside if isinstance(item, Event)]


def _lines(rung: _Rung, left: list[Event], right: list[Event], timed: bool
           ) -> Iterable[Row]:
    """Spread a rung over as many rows as it needs."""
    pairs = list(zip_longest(left, right)) or [(None, None)]
    for index, (mine, theirs) in enumerate(pairs):
        yield Row(rung.time if timed and index == 0 else None, mine,
                  rung.arrow if index == 0 else None, theirs)


def by_cause(outcome: Outcome, conversation: int, start: Optional[float],
             timed: bool) -> list[Row]:
    """Return the rows of a conversation whose segments were seen."""
    only = conversation if conversations(outcome) > 1 else None
    began = (outcome.segments or ())[0].time if start is None else start
    rungs = _rungs(_of_one(outcome, conversation), outcome.port, began, timed)
    rungs = rungs or [_Rung(0.0)]
    sides = []
    for part, is_left in ((outcome.client, True), (outcome.server, False)):
        side = _Side(rungs, is_left, began, timed)
        found = steps(part.calls, is_left, only)
        side.place(found, part.bench)
        side.end(part, found)
        sides.append(side)
    return [row for index, rung in enumerate(rungs)
            for row in _lines(rung, *(_events(side, index) for side in sides),
                              timed)]


def by_clock(outcome: Outcome, _: int, start: Optional[float], timed: bool
             ) -> list[Row]:
    """Return the rows of what was seen without segments.

    There is only the clock: a row a call, or a run of calls, which may have
    had the other side's between them.
    """
    told: list[tuple[float, bool, Event]] = []
    for part, is_left in ((outcome.client, True), (outcome.server, False)):
        for run in runs(steps(part.calls, is_left)):
            told.append((run[0].call.time, is_left, Event(
                together(run), any(step.wrong for step in run))))
    told.sort(key=lambda item: item[0])
    began = told[0][0] if start is None and told else start or 0.0
    rows = [Row((when - began) * 1000 if timed else None,
                event if is_left else None, None,
                None if is_left else event) for when, is_left, event in told]
    ends = _ending(outcome.client), _ending(outcome.server)
    if any(ends):
        rows.append(Row(None if rows or not timed else 0.0, ends[0], None,
                        ends[1]))
    return rows
