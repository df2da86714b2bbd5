"""A peer that drips a byte at a time, for ever, is given up all the same.

Each byte renews a limit on the next read. Only a limit on the whole
conversation ends it.
"""

from ..meeting import Peer, Program
from ..meeting.behaviours import drip
from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import PATIENCE, Act, gave_up

TITLE = "dripping peer"
CHAPTER = "06"


def _drip(it: PairMeeting, program: Program, peer: Peer) -> None:
    """Drip until a program gives up, or three bytes if it has no patience."""
    taken = 0
    while taken < 3 or (it.pair.patient and taken < 500
                        and program.process.poll(0.02) is None):
        if not drip(it, peer, b"T", 1):
            break
        taken += 1


def _client(it: PairMeeting) -> Act:
    server = it.serve(SAMPLE, seconds=PATIENCE)
    peer = it.dial_server()
    peer.hear()
    it.resume()
    _drip(it, server, peer)
    it.finish(server)
    outcome = it.pair_outcome(server)
    return Act("a client that drips", outcome,
               gave_up(it.pair, outcome.server))


def _server(it: PairMeeting) -> Act:
    client, peer = it.answer(seconds=PATIENCE)
    peer.say(it.pair.header(1_000_000))
    _drip(it, client, peer)
    client.ends()
    outcome = it.pair_outcome(client=client)
    return Act("a server that drips", outcome,
               gave_up(it.pair, outcome.client))


def play(it: PairMeeting):
    yield _client(it)
    yield _server(it)
