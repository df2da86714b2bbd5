"""Programs of which each call fails in turn, and what they may make of it."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Iterator

from expectations import differs, message, said
from lab import kernel
from lab.calls import Fault
from lab.meeting import EOF, NOTHING, RESET, Heard, Program
from lab.meeting.pair import Pair, PairMeeting
from lab.sandbox import Sandbox

HARMLESS = ("short", "EINTR")
KINDS = (*HARMLESS, "ENOSPC", "EIO", "EAGAIN", "nothing")
RUNS = 40  # in one sandbox: each leaves descriptors until it closes


def ends(pair: PairMeeting, process: Program, fault: Fault) -> None:
    """Check that a program ends by itself, while its peer holds on."""
    pair.settle([process])
    assert process.exit, f"{process.name} of {pair.pair.name}, {fault} " \
        f"(struck {process.log.struck()}): hangs ({process.hang}), " \
        f"said {process.stderr!r}"


def heard_by(pair: PairMeeting, server: Program, fault: Fault
             ) -> tuple[Heard, bool]:
    """Be a polite client; return what came, and whether all thanks went."""
    try:
        client = pair.dial_server()
    except ConnectionError:
        return Heard(b"", RESET), False
    with closing(client):
        heard = client.hear()
        thanks = pair.pair.thanks(len(pair.original.read_bytes()))
        thanked = heard.end == EOF and client.say(thanks) == len(thanks)
        if heard.end == EOF:  # it speaks and hangs up no sooner
            client.half_close()
        ends(pair, server, fault)
        return heard, thanked


def judge(pair: PairMeeting, process: Program, fault: Fault, seen: object,
          succeeded: bool) -> None:
    """Check how a program ended that had a call fail."""
    ends(pair, process, fault)
    what = f"{process.name} of {pair.pair.name}, {fault} (struck " \
           f"{process.log.struck()}): {process.exit}, " \
           f"stdout {process.stdout!r}, stderr {process.stderr!r}, {seen}"
    struck = process.log.struck()
    harm = struck and fault.kind not in HARMLESS
    if fault.kind == "EAGAIN" and pair.pair.patient and \
            struck[:1] in (["read"], ["write"]):  # a socket's is made again
        harm = process.exit.status != 0
    assert "gave up" not in process.stderr, what
    assert process.exit.status == (1 if harm else 0), what
    if process.exit.status == 0:
        assert succeeded and process.stderr == "", what
    else:
        told = rf"{process.name}: [^\n:]+: [^\n]+\n"
        assert re.fullmatch(told, process.stderr), what


def strike_server(pair: PairMeeting, fault: Fault, data: bytes) -> None:
    """Have a call of the server fail, be its client, and judge."""
    heard, thanked = Heard(b"", NOTHING), False
    try:
        server = pair.serve(data, fault=fault)
    except kernel.DidNotListen:
        server = pair.programs[-1]
    else:
        heard, thanked = heard_by(pair, server, fault)
    whole = pair.pair.header(len(data)) + data
    wrong = differs(heard.data, whole)
    expected = message(pair.pair.thanks(len(data)))
    judge(pair, server, fault, f"the client: {heard.end}, {wrong or 'whole'}",
          not wrong and thanked and said(server) == expected)
    if wrong:
        assert whole.startswith(heard.data), wrong


def strike_client(pair: PairMeeting, fault: Fault, data: bytes) -> None:
    """Have a call of the client fail, be its server, and judge."""
    old = b"the old one" if pair.pair.announces else None
    if old is None:
        pair.copy.unlink(missing_ok=True)
    else:
        pair.copy.write_bytes(old)
    client, server = pair.answer(fault=fault)
    heard = Heard(b"", NOTHING)
    if server:
        with closing(server):
            server.say(pair.pair.header(len(data)) + data)
            server.half_close()
            heard = server.hear()
            ends(pair, client, fault)
    stored = pair.copy.read_bytes() if pair.copy.exists() else None
    seen = f"the server heard {heard}, FILE is " + (
        "whole" if stored == data else "as it was" if stored == old else
        differs(stored or b"", data))
    judge(pair, client, fault, seen, stored == data and
          heard == Heard(pair.pair.thanks(len(data)), EOF) and
          client.stdout == "Received file data\n")
    if heard.data:
        assert stored == data, f"{fault}: half a file was thanked for: {seen}"
    if pair.pair.announces:
        assert stored in (old, data) and not pair.left_over(), \
            f"{fault}: {seen}, beside it lies {pair.left_over()}"


def rooms() -> Iterator[Sandbox]:
    """Give sandboxes, each for RUNS runs."""
    while True:
        with Sandbox() as room:
            for _ in range(RUNS):
                yield room


def sweep(folder: Path, number: str, side: str, kind: str, data: bytes,
          flags: tuple[str, ...] = ()) -> list[str]:
    """Have call 1 fail, then call 2, and so on to the last; judge each run.

    Returns the names of the calls, in the order in which they were struck.
    """
    struck: list[str] = []
    strike = strike_server if side == "server" else strike_client
    with closing(rooms()) as given:
        for at, room in enumerate(given, 1):
            with PairMeeting(Pair.of(number), folder, room, flags) as pair:
                strike(pair, Fault(kind, at=at), data)
                now = pair.programs[-1].log.struck()
            if not now:
                return struck
            struck += now
    raise AssertionError("there is always another room")
