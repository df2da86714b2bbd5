"""A file that shrinks while it is sent is not thanked for as a whole one."""

import os

from ..meeting import EOF
from ..meeting.pair import PairMeeting
from ..verdicts import Act, gave_up, large, message

TITLE = "file shrinks"
CHAPTER = "07"
LARGE = 8_000_000  # bytes: more than kernels hold for a client that waits


def play(it: PairMeeting):
    server = it.serve(large(LARGE))
    peer = it.dial_server()
    it.rest()  # the server, for us to read
    os.truncate(it.original, 0)
    it.resume()
    came = peer.hear()
    size = len(came.data)
    if came.end == EOF and not it.pair.announces:  # a client can't know better
        peer.say(it.pair.thanks(size))
    peer.half_close()
    it.finish(server)
    outcome = it.pair_outcome(server)
    thanked = size < LARGE and message(outcome.server) is not None
    verdict = "half thanked" if thanked else gave_up(it.pair, outcome.server)
    yield Act("a file that shrinks", outcome, verdict)
