"""Calls that do less than they were asked for lose nothing.

Half of the reads and writes are short; then a signal interrupts a fifth of all
calls.
"""

from ..calls import Fault
from ..meeting.pair import PairMeeting
from ..verdicts import exchange, large

TITLE = "short counts, EINTR"
CHAPTER = "05"

FAULTS = {
    "every other count short": Fault("short", percent=50, seed=1),
    "a signal in every fifth call": Fault("EINTR", percent=20, seed=2),
}


def play(it: PairMeeting):
    for title, fault in FAULTS.items():
        it.copy.unlink(missing_ok=True)
        yield exchange(it, large(3000), title, fault=fault)
