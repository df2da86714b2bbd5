"""A server whose power fails sends neither FIN nor RST: only a clock tells."""

from ..meeting.pair import PairMeeting
from ..verdicts import PATIENCE, broken_off

TITLE = "power cut"
CHAPTER = "06"


def play(it: PairMeeting):
    yield broken_off(it, lambda _: it.power_cut(),
                     "a server whose power fails", seconds=PATIENCE)
