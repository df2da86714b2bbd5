"""A relay that hangs up both ways at the first EOF fools nobody.

It takes a RST for an EOF as well: a server that dies in the middle of the file
is a FIN at the client. An honest client calls that a failure.
"""

from .. import program
from ..meeting import Peer
from ..meeting.pair import PairMeeting
from ..verdicts import broken_off

TITLE = "naive relay"
CHAPTER = "13"


def play(it: PairMeeting):
    it.between = program.chapter("13") / "naive-relay.c"
    yield broken_off(it, Peer.reset, "a server that dies")
