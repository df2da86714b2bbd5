"""A client that speaks first, and reads last, gets all of its file.

Input that nobody has read turns the server's close into a RST, and that
destroys what the client has not read yet. The server is held up until the
client has spoken, so that each run is the same conversation.
"""

import signal

from ..meeting import EOF
from ..meeting.pair import PairMeeting
from ..verdicts import OK, Act, large

TITLE = "out of turn"
CHAPTER = "08"


def play(it: PairMeeting):
    content = large(400_000)
    server = it.serve(content)
    server.signal(signal.SIGSTOP)
    peer = it.dial_server()
    peer.say(b"Thank you! " * 1000)
    peer.arrived()
    server.signal(signal.SIGCONT)
    it.until_read(peer)  # or its close has reset us
    came = peer.hear()
    peer.half_close()
    it.finish(server)
    whole = it.pair.header(len(content)) + content
    yield Act("a client that speaks first", it.pair_outcome(server),
              OK if came.data == whole and came.end == EOF else "truncated")
