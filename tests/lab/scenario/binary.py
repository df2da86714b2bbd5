"""A file is bytes, whatever they are: NUL, newline and 255 arrive."""

from ..meeting.pair import PairMeeting
from ..verdicts import exchange

TITLE = "binary file"
CHAPTER = "03"


def play(it: PairMeeting):
    yield exchange(it, bytes(range(256)) * 16, "a file of all bytes")
