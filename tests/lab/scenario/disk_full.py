"""A disk that fills up half way leaves no half file, and no thanks for it."""

from ..meeting.pair import PairMeeting
from ..verdicts import kept_by_the_client, large

TITLE = "disk full"
CHAPTER = "07"


def play(it: PairMeeting):
    it.small_disk(64 * 1024)
    yield kept_by_the_client(it, large(200_000), 200_000,
                             "a disk that is full")
