"""A peer that drips a byte at a time, for ever, is given up all the same.

Each byte renews a limit on the next read. Only a limit on the whole
conversation ends it.
"""

import time

from ..meeting import Peer, Program
from ..meeting.behaviours import drip
from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import PATIENCE, Act, gave_up

TITLE = "dripping peer"
CHAPTER = "06"

PAUSE = 0.3  # seconds between two bytes: no single read waits for PATIENCE
FEW = 3  # bytes after which who has no patience can be proved stuck


def _held(it: PairMeeting, program: Program, peer: Peer) -> bool:
    """Drip, and return whether that holds a program for twice its patience."""
    end = time.monotonic() + 2 * PATIENCE
    taken = 0
    while it.pair.patient or taken < FEW:
        if time.monotonic() > end:
            return True
        if not drip(it, peer, b"T", 1) \
                or program.process.poll(PAUSE) is not None:
            break
        taken += 1
    return False


def _client(it: PairMeeting) -> Act:
    server = it.serve(SAMPLE, seconds=PATIENCE)
    peer = it.dial_server()
    peer.hear()
    it.resume()
    if not _held(it, server, peer):
        it.finish(server)
    outcome = it.pair_outcome(server)
    return Act("a client that drips", outcome,
               gave_up(it.pair, outcome.server))


def _server(it: PairMeeting) -> Act:
    client, peer = it.answer(seconds=PATIENCE)
    peer.say(it.pair.header(1_000_000))
    if not _held(it, client, peer):
        client.ends()
    outcome = it.pair_outcome(client=client)
    return Act("a server that drips", outcome,
               gave_up(it.pair, outcome.client))


def play(it: PairMeeting):
    yield _client(it)
    yield _server(it)
