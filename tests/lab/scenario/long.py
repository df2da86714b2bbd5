"""A megabyte of thanks is more than anybody has to hear."""

from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import Act, gave_up

TITLE = "endless thanks"
CHAPTER = "05"


def play(it: PairMeeting):
    server = it.serve(SAMPLE)
    peer = it.dial_server()
    peer.hear()
    it.resume()
    peer.say(b"Thank you! " * 100_000)
    peer.half_close()
    it.finish(server)
    outcome = it.pair_outcome(server)
    yield Act("a client that thanks without end", outcome,
              gave_up(it.pair, outcome.server))
