"""A server can be started again at once on the same port.

The conversation before is in TIME_WAIT then, at whoever hung up first.
"""

from .. import kernel
from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import OK, Act, exchange, unfinished

TITLE = "restart at once"
CHAPTER = "05"


def play(it: PairMeeting):
    first = exchange(it, SAMPLE, "the pair")
    why = unfinished(first.outcome.server)
    if why:
        yield Act("the pair", first.outcome, why)
        return
    port = it.port
    try:
        server = it.serve(SAMPLE, port=port)
        verdict = OK if it.port == port else "port busy"
    except kernel.DidNotListen:
        server, verdict = it.programs[-1], "port busy"
    yield Act("the server once more", it.pair_outcome(server), verdict)
