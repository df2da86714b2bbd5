"""Thanks that come byte by byte are heard to their end.

Each byte is sent once the one before was read: one read is not one message.
"""

from ..meeting.behaviours import in_pieces
from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import Act, heard

TITLE = "thanks in bytes"
CHAPTER = "05"


def play(it: PairMeeting):
    server = it.serve(SAMPLE)
    peer = it.dial_server()
    peer.no_delay()
    peer.hear()
    it.resume()
    thanks = it.pair.thanks(len(SAMPLE))
    if not in_pieces(it, peer, (bytes([byte]) for byte in thanks)):
        peer.say(thanks[1:2])  # as a client does that can't know
    peer.half_close()
    it.finish(server)
    outcome = it.pair_outcome(server)
    yield Act("a client that thanks in single bytes", outcome,
              heard(it.pair, outcome.server, len(SAMPLE)))
