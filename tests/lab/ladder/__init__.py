"""An outcome as a ladder: calls on both sides, segments between, time down.

The order is one of cause, not of clocks: a call stands beside the segment it
sent or waited for, so the same conversation always gives the same ladder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Iterable, Optional

from ..calls import Call
from ..outcome import Outcome, Part
from ..wire import ACK, FIN, RST, SYN, Segment, without_repeats

READS = ("read", "recv")
WRITES = ("write", "send")
CLOSES = ("close", "closesocket")
SHUTDOWN = ("SHUT_RD", "SHUT_WR", "SHUT_RDWR")
WINSOCK_SHUTDOWN = ("SD_RECEIVE", "SD_SEND", "SD_BOTH")
RESETS = ("ECONNRESET", "EPIPE", "WSAECONNRESET", "WSAECONNABORTED")
ENDS_WRITING = (1, 2)
ENDS_READING = (0, 2)
SHOWN = 20  # payloads up to this many characters are spelled out


@dataclass(frozen=True)
class Arrow:
    """What crossed: `kind` is SYN, data, FIN or RST."""

    kind: str
    label: str
    from_client: bool


@dataclass
class Row:
    """One line: at most one segment, and the calls that belong to it.

    `time` is in milliseconds since the first row. `upto` is how many bytes
    its sender had sent with it.
    """

    time: float
    arrow: Optional[Arrow] = None
    client: list[str] = field(default_factory=list)
    server: list[str] = field(default_factory=list)
    upto: int = 0


@dataclass(frozen=True)
class Ladder:
    """Rows under a title; `packets` is false where none could be seen.

    `bench` says that the server's part was the bench's own.
    """

    title: str
    rows: tuple[Row, ...]
    packets: bool
    bench: bool = False


def _kind(segment: Segment) -> str:
    if segment.flags & RST:
        return "RST"
    if segment.flags & SYN:
        return "SYN"
    return "data" if segment.length else "FIN"


def _data_label(payload: bytes, length: int, segments: int) -> str:
    if segments > 1:
        return f"{length:,} bytes in {segments:,} segments"
    label = f"{length:,} byte" + ("" if length == 1 else "s")
    text = payload.decode("ascii", "replace").rstrip("\n")
    if 0 < len(text) <= SHOWN and text.isprintable() and text.isascii():
        label += f' "{text}"'
    return label


def _rows(segments: Iterable[Segment], port: int) -> list[Row]:
    """Turn segments into rows: runs of data as one, nothing shown twice.

    Pure acknowledgements are left out.
    """
    rows: list[Row] = []
    upto = {True: 0, False: 0}
    run: list[Segment] = []
    start: Optional[float] = None
    for segment in without_repeats(segments):
        if not segment.space and not segment.flags & RST:
            continue
        start = segment.time if start is None else start
        from_client = segment.destination == port
        kind = _kind(segment)
        if kind == "data":
            upto[from_client] += segment.length
            same = run and run[-1].destination == segment.destination
            run = [*run, segment] if same else [segment]
            label = _data_label(segment.payload, sum(s.length for s in run),
                                len(run))
            if same:
                rows.pop()
        else:
            run = []
            both = segment.flags & SYN and segment.flags & ACK
            label = "SYN+ACK" if both else kind
        when = (segment.time - start) * 1000
        rows.append(Row(when, Arrow(kind, label, from_client),
                        upto=upto[from_client]))
        if kind == "data" and segment.flags & FIN:  # it rides on the last data
            rows.append(Row(when, Arrow("FIN", "FIN", from_client)))
            run = []
    return rows


@dataclass(frozen=True)
class _Step:
    """A call as it is shown; `bytes` is how many have passed before it."""

    call: Call
    text: str
    before: int = 0
    ends_reading: bool = False


def _text(call: Call, names: dict[int, str]) -> str:
    """Write a call as its program would, with the role for the descriptor."""
    name = names[call.fd]
    if call.name in ("connect", "accept"):
        text = f"{call.name}()"
        if call.name == "accept" and call.result not in (None, -1):
            text += f" = {names[call.result]}"
    elif call.name == "shutdown":
        how = WINSOCK_SHUTDOWN if call.winsock else SHUTDOWN
        known = call.argument in range(len(how))
        text = f"shutdown({name}, " \
               f"{how[call.argument] if known else call.argument})"
    elif call.name in WRITES:
        text = f"{call.name}({name}, {call.argument:,})"
    else:
        text = f"{call.name}({name})"
    if call.result is None:
        return text + " ..."
    if call.error:
        return text + f" = -1 {call.error}"
    if call.name in READS + WRITES:
        return text + f" = {call.result:,}"
    return text


def _steps(calls: Iterable[Call]) -> list[_Step]:
    """Keep the calls on connections, name their descriptors, count bytes."""
    names: dict[int, str] = {}
    passed: dict[tuple[int, bool], int] = {}
    deaf: set[int] = set()
    steps: list[_Step] = []
    for call in calls:
        if call.name == "accept":
            names[call.fd] = "listener"
            if call.result not in (None, -1):
                names[call.result] = "conn"
        elif call.name == "connect":
            names[call.fd] = "conn"
        elif names.get(call.fd) != "conn":
            continue
        key = (call.fd, call.name in WRITES)
        steps.append(_Step(call, _text(call, names), passed.get(key, 0),
                           call.fd in deaf))
        if call.name in READS + WRITES and (call.result or 0) > 0:
            passed[key] = passed.get(key, 0) + call.result
        if call.name == "shutdown" and call.argument in ENDS_READING:
            deaf.add(call.fd)
    return steps


def _cause(step: _Step, rows: list[Row], is_client: bool) -> Optional[int]:
    """Return the row of the segment that a call sent, or waited for."""
    call = step.call
    moved = call.name in READS + WRITES and (call.result or 0) > 0

    def first(kind: str, ours: bool, past: int = -1) -> Optional[int]:
        return next((i for i, row in enumerate(rows) if row.arrow
                     and row.arrow.from_client == (is_client == ours)
                     and row.arrow.kind == kind
                     and row.upto > past), None)

    if call.name in ("connect", "accept"):
        return first("SYN", ours=True)
    if call.name in WRITES and moved:
        return first("data", True, step.before)
    if call.name in READS and moved:
        return first("data", False, step.before + (call.result or 0) - 1)
    if call.name in READS and call.result == 0 and not step.ends_reading:
        return first("FIN", ours=False)
    if call.error in RESETS:
        theirs, own = first("RST", ours=False), first("RST", ours=True)
        return own if theirs is None else theirs
    if call.error:
        return None
    if call.name in CLOSES:
        fin, rst = first("FIN", ours=True), first("RST", ours=True)
        return rst if fin is None else fin
    if call.name == "shutdown" and call.argument in ENDS_WRITING:
        return first("FIN", ours=True)  # none, if a RST overtook it
    return None


def _merge(cell: list[str], text: str, step: _Step, last: list[_Step]) -> None:
    """Add a call to a cell; many of a kind in a row become one line."""
    call = step.call
    moved = call.name in READS + WRITES and (call.result or 0) > 0
    if last and moved and cell and last[0].call.name == call.name:
        total = step.before + (call.result or 0) - last[0].before
        last.append(step)
        cell[-1] = f"{call.name}(conn) = {total:,} in {len(last):,} calls"
        return
    again = cell and re.fullmatch(re.escape(text) + r"(?: ([\d,]+) times)?",
                                  cell[-1])
    if again:
        count = int((again[1] or "1").replace(",", "")) + 1
        cell[-1] = f"{text} {count:,} times"
        return
    cell.append(text)
    last[:] = [step] if moved else []


def _end(part: Part) -> list[str]:
    """Say how a part ended, if it could: the bench's own does not."""
    if part.exit is not None:
        return [str(part.exit)]
    if part.bench:
        return []
    return ["asleep for ever" if part.asleep else "still runs"]


def _place(part: Part, rows: list[Row], is_client: bool) -> None:
    """Put one side's calls, and its end, beside the rows they belong to."""
    here, last = 0, []  # type: int, list[_Step]

    def cell(index: int) -> list[str]:
        return rows[index].client if is_client else rows[index].server

    for step in _steps(part.calls):
        there = _cause(step, rows, is_client)
        if there is not None and there > here:
            here, last = there, []
        _merge(cell(here), step.text, step, last)
        answer = rows[here + 1].arrow if here + 1 < len(rows) else None
        provoked = (step.call.name in WRITES and answer and answer.kind == "RST"
                    or step.call.name == "connect" and answer
                    and answer.kind == "SYN")
        if there == here and provoked and answer \
                and answer.from_client != is_client:
            here, last = here + 1, []  # the answer to what was just sent
    if part.exit is not None and not _closed(part, rows, is_client):
        fin = [i for i, row in enumerate(rows) if row.arrow and i > here
               and row.arrow.from_client == is_client
               and row.arrow.kind in ("FIN", "RST")]
        here = fin[0] if fin else here  # its kernel hung up for it
    cell(here).extend(_end(part))


def _closed(part: Part, rows: list[Row], is_client: bool) -> bool:
    """Whether a program hung up itself: by close, or by shutdown."""
    sent_fin = any(row.arrow and row.arrow.kind == "FIN"
                   and row.arrow.from_client == is_client for row in rows)
    return any(call.result == 0 and (
        call.name in CLOSES and step.text.startswith(f"{call.name}(conn")
        or call.name == "shutdown" and call.argument in ENDS_WRITING
        and sent_fin)
        for step in _steps(part.calls) for call in [step.call])


def _by_clock(outcome: Outcome) -> list[Row]:
    """Without packets there is only the clock: a row a call, or a run of them.

    The calls of a run may have had the other side's between them.
    """
    rows = []
    for part, is_client in ((outcome.client, True), (outcome.server, False)):
        last: list[_Step] = []
        for step in _steps(part.calls):
            if not last or last[0].call.name != step.call.name \
                    or not step.call.result:
                rows.append(Row(step.call.time))
            cell = rows[-1].client if is_client else rows[-1].server
            _merge(cell, step.text, step, last)
    rows.sort(key=lambda row: row.time)
    rows = [replace(row, time=(row.time - rows[0].time) * 1000)
            for row in rows] or [Row(0.0)]
    for part, cell in ((outcome.client, rows[-1].client),
                       (outcome.server, rows[-1].server)):
        cell.extend(_end(part))
    return rows


def ladder(outcome: Outcome, title: str) -> Ladder:
    """Draw up what was seen of one conversation."""
    if not outcome.segments:
        return Ladder(title, tuple(_by_clock(outcome)), False,
                      outcome.server.bench)
    rows = _rows(outcome.segments, outcome.port)
    _place(outcome.client, rows, True)
    _place(outcome.server, rows, False)
    return Ladder(title, tuple(rows), True, outcome.server.bench)
