"""The pair meets on ::1 as it does on 127.0.0.1."""

from dataclasses import replace

from .. import kernel
from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import Act, exchange

TITLE = "IPv6"
CHAPTER = "05"


def play(it: PairMeeting):
    try:
        act = exchange(it, SAMPLE, "the pair on ::1", host="::1")
    except kernel.DidNotListen:
        outcome = it.pair_outcome(it.programs[-1])
        yield Act("the pair on ::1", outcome, "IPv4 only")
        return
    strayed = bool(act.outcome.segments)  # the wire shows IPv4 alone
    yield replace(act, verdict="IPv4 only") if strayed else act
