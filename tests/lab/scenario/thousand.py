"""A client behind a thousand that never speak is served all the same."""

from ..meeting import HOST
from ..meeting.crowd import held, silent
from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import OK, Act

TITLE = "a thousand silent"
CHAPTER = "12"
SILENT = 1000
ENOUGH = 3.0  # seconds in which a client is served


def comes(it: PairMeeting, whole: bytes) -> bool:
    """Whether a client gets all of it in time."""
    came = b""
    with it.room.socket() as conn:
        conn.settimeout(ENOUGH)
        try:
            conn.connect((HOST, it.port))
            while chunk := conn.recv(len(whole)):
                came += chunk
        except OSError:  # refused, reset, or too late
            pass
    return came == whole


def play(it: PairMeeting):
    server = it.serve(SAMPLE)
    crowd = silent(it, it.port, SILENT)
    served = held(crowd) == SILENT and comes(
        it, it.pair.header(len(SAMPLE)) + SAMPLE)
    yield Act("a client behind a thousand", it.pair_outcome(server),
              OK if served else "not served")
