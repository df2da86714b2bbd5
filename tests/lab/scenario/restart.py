"""A server can be started again at once on the same port.

The conversation before is in TIME_WAIT then, at whoever hung up first.
"""

from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import exchange, started_again

TITLE = "restart at once"
CHAPTER = "05"


def play(it: PairMeeting):
    yield started_again(it, exchange(it, SAMPLE, "the pair"))
