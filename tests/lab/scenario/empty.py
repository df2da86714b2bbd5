"""A file of no bytes is a file: it arrives, and there are thanks for it."""

from ..meeting.pair import PairMeeting
from ..verdicts import exchange

TITLE = "empty file"
CHAPTER = "03"


def play(it: PairMeeting):
    yield exchange(it, b"", "an empty file")
