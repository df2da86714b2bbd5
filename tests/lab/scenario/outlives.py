"""A child that outlives the server does not keep its port.

The child has a copy of the listener too, and never lets go of it.
"""

from ..calls import Fault
from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import exchange, started_again

TITLE = "child outlives server"
CHAPTER = "10"


def play(it: PairMeeting):
    first = exchange(it, SAMPLE, "a server that leaves a child behind",
                     fault=Fault("copied", at=1))
    yield started_again(it, first)
