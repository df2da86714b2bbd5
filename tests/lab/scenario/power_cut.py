"""A server whose power fails sends neither FIN nor RST: only a clock tells."""

from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import PATIENCE, Act, gave_up

TITLE = "power cut"
CHAPTER = "06"


def play(it: PairMeeting):
    client, peer = it.answer(seconds=PATIENCE)
    peer.say(it.pair.header(len(SAMPLE)) + SAMPLE[:6])
    it.until_read(peer)
    it.power_cut()
    client.ends()
    outcome = it.pair_outcome(client=client)
    yield Act("a server whose power fails", outcome,
              gave_up(it.pair, outcome.client))
