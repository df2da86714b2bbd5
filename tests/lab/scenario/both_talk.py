"""Two who talk megabytes before they listen do not lock up.

A server that only writes, to a client that only writes, waits for ever: each
has filled what the other's kernel holds for it.
"""

import time

from ..meeting import EOF
from ..meeting.pair import PairMeeting
from ..verdicts import OK, Act, large, unfinished

TITLE = "both talk"
CHAPTER = "12"
LARGE = 8_000_000  # bytes: more than kernels hold for one that waits
ENOUGH = 3.0  # seconds


def play(it: PairMeeting):
    content = large(LARGE)
    server = it.serve(content, seconds=ENOUGH)
    peer = it.dial_server()
    if not it.pair.patient:
        it.let_rest_until(time.monotonic() + ENOUGH)
    said = peer.say(content)
    came = peer.hear() if said == LARGE else None
    peer.half_close()
    it.finish(server)
    outcome = it.pair_outcome(server)
    whole = it.pair.header(LARGE) + content
    served = came and came.data == whole and came.end == EOF
    yield Act("a client that talks before it listens", outcome, OK if served
              else unfinished(outcome.server) or "gives up")
