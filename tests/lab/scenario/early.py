"""Thanks that arrive between `shutdown` and `read` are heard, or meet a RST.

After SHUT_RD alone they are heard, after SHUT_RDWR they meet a RST: only here
do the two differ. The server is held up before its first call that waits for
the client, and the client, which can't wait for an EOF that `rd` does not
send, knows how long the file is.
"""

import os
import signal

from .. import kernel
from ..calls import Fault
from ..meeting import Program
from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import Act, heard

TITLE = "thanks before the read"
CHAPTER = "04"
COLUMN = False

HELD_UP = Fault("SIGSTOP", at=1, calls=("read", "recv", "poll"))


def _held_up(server: Program) -> list[int]:
    """Return which of the server's processes has stopped."""
    try:
        return [pid for pid in kernel.family(server.pid)
                if kernel.stopped(pid)]
    except OSError:  # one has just ended
        return []


def play(it: PairMeeting):
    server = it.serve(SAMPLE, fault=HELD_UP)
    peer = it.dial_server()
    if it.pair.serves_many:  # it may wait in a call that is not listed
        it.rest()
    else:
        server.until(lambda: _held_up(server))
    if peer.has_input():
        peer.hear(len(it.pair.header(len(SAMPLE)) + SAMPLE))
    peer.say(it.pair.thanks(len(SAMPLE)))
    peer.arrived()
    # By now it must have stopped: the thanks have come, and it reads them
    # next.
    server.until(lambda: _held_up(server))
    for pid in _held_up(server):
        os.kill(pid, signal.SIGCONT)
    it.resume()
    peer.hear()
    peer.half_close()
    it.finish(server)
    outcome = it.pair_outcome(server)
    yield Act("a client that thanks before the read", outcome,
              heard(it.pair, outcome.server, len(SAMPLE)))
