"""A child that outlives the server does not keep its port.

The child has a copy of the listener too, and never lets go of it. A client
that gets no FIN because of the child need not wait for long: its end is not
what is looked at.
"""

from ..calls import Fault
from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import PATIENCE, exchange, started_again

TITLE = "child outlives server"
CHAPTER = "10"


def play(it: PairMeeting):
    first = exchange(it, SAMPLE, "a server that leaves a child behind",
                     fault=Fault("copied", at=1), seconds=PATIENCE)
    yield started_again(it, first)
