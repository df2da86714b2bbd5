"""A client of chapter 07, or of exercise 05, that has half of its file.

A plugin, for the fixtures: what is stored, and what becomes of it where the
client is told to stop, are tested in files of their own.
"""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from typing import Optional

import pytest

from expectations import sentence
from lab import chapters, kernel, program
from lab.meeting import Peer, Program
from lab.meeting.pair import PairMeeting
from parameters import by_chapter

FILE = b"To be sent.\n"
OLD = b"the old one"

EDITIONS = by_chapter(*chapters.editions("client.c", "07"))


@pytest.fixture(params=EDITIONS)
def client_of(request, pair) -> PairMeeting:
    """The chapter's client, and those that were made of it."""
    pair.pair = replace(pair.pair, folder=program.chapter(request.param))
    return pair


@pytest.fixture(params=[
    *EDITIONS, pytest.param("solution", marks=pytest.mark.answers)])
def either(request, pair) -> PairMeeting:
    """These clients, and the one that solves exercise 05."""
    folder = program.ROOT / "solutions" / "05-receipt" \
        if request.param == "solution" else program.chapter(request.param)
    pair.pair = replace(pair.pair, folder=folder)
    return pair


def reason(program_: Program) -> str:
    """Wait for status 1 and one sentence; return it without the name."""
    return sentence(program_)[len(program_.name) + 2:-1]


def taken(client: Program, server: Peer) -> None:
    """Wait until the client has read all that it was sent."""
    assert client.until(
        lambda: not server.under_way() and
        kernel.unread(client.pid, *server.ports) == 0), client.stderr


def as_it_was(pair: PairMeeting, old: Optional[bytes]) -> None:
    """Check that there is the old file, or none, and nothing beside it."""
    assert (pair.copy.read_bytes() if pair.copy.exists() else None) == old
    assert set(os.listdir(pair.files)) - {"original"} == (
        set() if old is None else {"copy"})


def half_way(pair: PairMeeting, file: object = None, **more: object
             ) -> tuple[Program, Peer]:
    """Start a client, and let it have half of FILE."""
    client, server = pair.answer(file, **more)
    assert server, client.stderr
    server.say(b"12\n" + FILE[:6])
    taken(client, server)
    return client, server


def finish(client: Program, server: Peer, status: int = 0) -> str:
    """Let a client have the rest; return what it said against it."""
    with closing(server):
        server.say(FILE[6:])
        server.half_close()
        heard = server.hear().data
    assert str(client.ends()) == f"exit {status}", client.stderr
    assert heard == (b"" if status else b"Thank you 12\n")
    return reason(client) if status else client.stderr
