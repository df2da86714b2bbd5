"""A client that stores over the very file that is served harms nothing."""

from ..meeting.pair import PairMeeting
from ..verdicts import exchange, large

TITLE = "stored over itself"
CHAPTER = "07"
LARGE = 8_000_000  # bytes: more than kernels hold for a client that is late


def play(it: PairMeeting):
    it.copy = it.original
    yield exchange(it, large(LARGE), "the pair, over the server's file")
