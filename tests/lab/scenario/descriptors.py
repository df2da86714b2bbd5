"""A server without a descriptor for the next client does not spin.

accept(2) fails then, and leaves the client where it was; poll(2) says at once
that one waits. Once others have left, the next is served.
"""

import signal

from ..meeting.crowd import silent
from ..meeting.pair import SAMPLE, PairMeeting
from ..meeting.watch import pulse
from ..verdicts import OK, Act
from .thousand import comes

TITLE = "no descriptor"
CHAPTER = "12"
LIMIT = 32     # descriptors that the server may have
SILENT = 50    # clients that want one
LOOK = 0.5     # seconds
SPINS = 0.1    # seconds of processor time in LOOK: it is not at rest

LIMITED = ("/bin/sh", "-c", f'ulimit -n {LIMIT}; exec "$0" "$@"')


def play(it: PairMeeting):
    server = it.serve(SAMPLE, before=LIMITED)
    crowd = silent(it, it.port, SILENT)
    before = pulse([server.pid])
    server.process.poll(LOOK)
    after = pulse([server.pid])
    spins = before and after and after.seconds - before.seconds > SPINS
    crowd.signal(signal.SIGKILL)
    crowd.ends()
    served = comes(it, it.pair.header(len(SAMPLE)) + SAMPLE)
    yield Act("more clients than descriptors", it.pair_outcome(server),
              "spins" if spins else OK if served else "not served")
