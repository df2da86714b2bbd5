"""What the conversations show, check by check: None, or the fault."""

from __future__ import annotations

from typing import Callable, Mapping, Optional

from ...peer import EOF, NOTHING
from ...sandbox import Exit
from ...judging.fault import Fault, compared, many
from .talk import Talk

Talks = Mapping[str, Talk]


def blame(talk: Talk, expected: str, *happened: str) -> Fault:
    """Find fault with what rsort did in one conversation."""
    return Fault(f"When {talk.title}: {expected}",
                 talk.trouble or " ".join(filter(None, happened)),
                 talk.ending, talk.ladder)


def no_eof(talk: Talk) -> str:
    """Say what came in place of EOF; "" if EOF came."""
    if talk.heard.end == EOF:
        return ""
    if talk.heard.end == NOTHING:
        return (f"{many(talk.heard.data)} came, then nothing: no FIN, so the "
                "server still waits for the end of the lines.")
    return f"{many(talk.heard.data)} came, then a RST."


def printed(talk: Talk) -> str:
    """Say what it printed of the answer."""
    return f"It printed {compared(talk.stdout, talk.answer)}."


def complained(talk: Talk) -> bool:
    """Whether it exited 1, with a sentence."""
    return talk.ending.exit == Exit(status=1) and bool(talk.ending.stderr)


def prints(talk: Talk) -> bool:
    """Whether it printed the answer, and was content.

    What stands around the answer is whole_answer's business.
    """
    return talk.accepted and talk.answer in talk.stdout


def whole_input(talks: Talks) -> Optional[Fault]:
    """Judge what arrived, byte by byte; its end is half_close's business."""
    for name in ("polite", "large", "pieces"):
        talk = talks[name]
        if talk.heard.data != talk.input or talk.trouble:
            return blame(talk, f"the server gets {many(talk.input)}.",
                         f"It got {compared(talk.heard.data, talk.input)}.")
    return None


def half_close(talks: Talks) -> Optional[Fault]:
    """Judge the two directions, by EOF in one and no RST in the other."""
    talk = talks["polite"]
    expected = "a FIN follows them, and then the answer is let in."
    if talk.trouble or no_eof(talk):
        return blame(talk, expected, no_eof(talk))
    if talk.reset:
        return blame(talk, expected, "EOF came, but the answer met a RST: "
                     "nobody was there to hear it.")
    return None


def answer_printed(talks: Talks) -> Optional[Fault]:
    """Judge that an answer in one piece is printed."""
    talk = talks["polite"]
    if prints(talk):
        return None
    return blame(talk, f"it prints {many(talk.answer)} of answer, and exits "
                 "0.", no_eof(talk) or printed(talk))


def whole_answer(talks: Talks) -> Optional[Fault]:
    """Judge all that is on standard output."""
    for name in ("polite", "large"):
        talk = talks[name]
        if talk.stdout != talk.answer:
            return blame(talk, f"standard output is the {many(talk.answer)} "
                         "of the answer.", no_eof(talk) or printed(talk))
    return None


def answer_in_pieces(talks: Talks) -> Optional[Fault]:
    """Judge that a read is not taken for an answer."""
    talk = talks["pieces"]
    if prints(talk):
        return None
    return blame(talk, "all of it is printed, though it begins with a single "
                 "byte.", no_eof(talk) or printed(talk))


def as_it_comes(talks: Talks) -> Optional[Fault]:
    """Judge that nothing is kept back, in either direction."""
    talk = talks["pieces"]
    if talk.heard.end == EOF and talk.stayed and not talk.held:
        return None
    return blame(talk, "a line is passed on before the next is waited for.",
                 talk.held, no_eof(talk))


def nothing_to_sort(talks: Talks) -> Optional[Fault]:
    """Judge the shortest of all conversations."""
    talk = talks["empty"]
    if talk.accepted and talk.heard.end == EOF and not talk.stdout:
        return None
    return blame(talk, "FIN comes at once, nothing is printed, and it exits "
                 "0.", no_eof(talk), printed(talk))


def not_broken_off(talks: Talks) -> Optional[Fault]:
    """Judge that half an answer is not taken for one."""
    talk = talks["broken off"]
    if talk.stayed and complained(talk):
        return None
    gone = "" if talk.stayed else "It was gone before the server broke off."
    return blame(talk, "its read fails, and that is no EOF: a sentence on "
                 "standard error, and status 1.", no_eof(talk) or gone)


def dead_server(talks: Talks) -> Optional[Fault]:
    """Judge what is made of a server that hears only a part."""
    talk = talks["dead"]
    if complained(talk):
        return None
    return blame(talk, "its write fails: a sentence on standard error, and "
                 "status 1. No signal kills it.")


def short_counts(talks: Talks) -> Optional[Fault]:
    """Judge that what a write has left over is written too."""
    talk = talks["short"]
    if talk.heard.data != talk.input or talk.trouble:
        return blame(talk, "the server gets all lines.",
                     f"It got {compared(talk.heard.data, talk.input)}.")
    if not prints(talk):
        return blame(talk, "all of the answer is printed, and it exits 0.",
                     no_eof(talk) or printed(talk))
    return None


BY_TALKS: Mapping[str, Callable[[Talks], Optional[Fault]]] = {
    "whole-input": whole_input,
    "half-close": half_close,
    "answer-printed": answer_printed,
    "whole-answer": whole_answer,
    "answer-in-pieces": answer_in_pieces,
    "as-it-comes": as_it_comes,
    "nothing-to-sort": nothing_to_sort,
    "broken-off": not_broken_off,
    "dead-server": dead_server,
    "short-counts": short_counts,
}
