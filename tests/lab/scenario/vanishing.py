"""Whose peer goes away in the middle of the file says so, and lives.

A client ends with FIN and then RST while much is still to be sent: the next
write raises SIGPIPE. A server ends with a RST after half of the file.
"""

from ..meeting import Peer
from ..meeting.behaviours import vanish
from ..meeting.pair import PairMeeting
from ..verdicts import Act, broken_off, gave_up, large

TITLE = "peer vanishes"
CHAPTER = "05"


def _client(it: PairMeeting) -> Act:
    server = it.serve(large(3_000_000))
    peer = it.dial_server()
    peer.hear(30)  # the file is on its way
    vanish(it, peer)
    it.finish(server)
    outcome = it.pair_outcome(server)
    return Act("a client that vanishes", outcome,
               gave_up(it.pair, outcome.server))


def play(it: PairMeeting):
    yield _client(it)
    yield broken_off(it, Peer.reset, "a server that vanishes")
