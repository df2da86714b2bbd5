"""Half a file, then the FIN that a killed server's kernel sends: no thanks.

Our server lives on after its FIN, so that thanks for half a file are seen.
"""

from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import kept_by_the_client

TITLE = "server killed"
CHAPTER = "07"


def play(it: PairMeeting):
    yield kept_by_the_client(it, SAMPLE, 6, "a server that is killed")
