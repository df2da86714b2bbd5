"""A relay that hangs up both ways at the first EOF fools nobody.

It takes a RST for an EOF as well: a server that dies in the middle of the file
is a FIN at the client. An honest client calls that a failure.
"""

from .. import program
from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import Act, gave_up

TITLE = "naive relay"
CHAPTER = "13"


def play(it: PairMeeting):
    it.between = program.chapter("13") / "naive-relay.c"
    client, peer = it.answer()
    peer.say(it.pair.header(len(SAMPLE)) + SAMPLE[:6])
    it.until_read(peer)
    peer.reset()
    client.ends()
    outcome = it.pair_outcome(client=client)
    yield Act("a server that dies", outcome,
              gave_up(it.pair, outcome.client))
