"""A file that fills every buffer exactly ends where it ends.

No short read tells that: only EOF does.
"""

from ..meeting.pair import PairMeeting
from ..verdicts import exchange

TITLE = "full buffers"
CHAPTER = "03"


def play(it: PairMeeting):
    yield exchange(it, b"x" * 3000, "a file of full buffers")
