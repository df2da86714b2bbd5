"""A server and a client that meet undisturbed exchange a file and thanks."""

from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import exchange

TITLE = "polite"
CHAPTER = "03"


def play(it: PairMeeting):
    yield exchange(it, SAMPLE, "the pair")
