"""A child that has a copy of the connection does not keep the FIN back."""

from ..calls import Fault
from ..meeting import EOF
from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import Act, heard

TITLE = "copy in a child"
CHAPTER = "10"


def play(it: PairMeeting):
    server = it.serve(SAMPLE, fault=Fault("copied", at=1))
    peer = it.dial_server()
    came = peer.hear()
    if came.end == EOF:
        peer.say(it.pair.thanks(len(SAMPLE)))
        peer.half_close()
    it.finish(server)
    outcome = it.pair_outcome(server)
    verdict = heard(it.pair, outcome.server, len(SAMPLE))
    yield Act("a server whose child has a copy", outcome,
              verdict if came.end == EOF else "no EOF")
