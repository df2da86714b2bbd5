"""A client behind one that never speaks is served all the same."""

from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import OK, PATIENCE, Act

TITLE = "second client"
CHAPTER = "10"


def play(it: PairMeeting):
    server = it.serve(SAMPLE, seconds=PATIENCE)
    it.dial_server().hear()
    try:
        came = it.dial_server().hear().data
    except ConnectionError:
        came = b""
    whole = it.pair.header(len(SAMPLE)) + SAMPLE
    yield Act("a second client", it.pair_outcome(server),
              OK if came == whole else "not served")
