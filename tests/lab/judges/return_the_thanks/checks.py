"""What the conversations show, check by check: None, or the fault."""

from __future__ import annotations

from typing import Callable, Mapping, Optional

from ...peer import EOF, NOTHING
from ...sandbox import Exit
from ...judging.fault import Fault, many, quoted
from .talk import BOUND, HOST, PREFIX, Talk

Talks = Mapping[str, Talk]


def blame(talk: Talk, expected: str, *happened: str) -> Fault:
    """Find fault with what the server did in one conversation."""
    return Fault(f"When {talk.title}: {expected}",
                 talk.trouble or " ".join(filter(None, happened)),
                 talk.ending, talk.ladder)


def no_eof(talk: Talk) -> str:
    """Say what came in place of EOF; "" if EOF came."""
    if talk.heard.end == EOF:
        return ""
    if talk.heard.end == NOTHING:
        return (f"{many(talk.heard.data)} came, then nothing: no FIN, so the "
                "client still waits for the end of the file.")
    return f"{many(talk.heard.data)} came, then a RST."


def printed(talk: Talk) -> str:
    """Say what message the server printed."""
    if talk.message is None:
        return "It printed no message."
    return f"It printed the message {quoted(talk.message)}."


def hears(talk: Talk) -> bool:
    """Whether the server printed what the client said, and was content.

    What follows the thanks is exact_message's business.
    """
    return talk.accepted and (talk.message or "").startswith(talk.text)


def refuses(talk: Talk) -> bool:
    """Whether it was there to the end, printed nothing, and exited 1."""
    return (talk.stayed and talk.message is None
            and talk.ending.exit == Exit(status=1))


def listens(talks: Talks) -> Optional[Fault]:
    """Judge the first line, with a port of the kernel's choice and of ours."""
    for talk in (talks["polite"], talks["pieces"]):
        line = f"listening on {HOST} {talk.asked or talk.port}"
        expected = f"with PORT {talk.asked} it first prints {quoted(line)}."
        if talk.trouble:
            return blame(talk, expected)
        if talk.asked and talk.asked != talk.port:
            return blame(talk, expected, f"It listens on port {talk.port}.")
        if not talk.early:
            return blame(talk, expected, "It listens, and nothing has come "
                         "out. Is the line flushed?")
        if not talk.early.startswith(line + "\n"):
            return blame(talk, expected, f"It printed {quoted(talk.early)}.")
    return None


def whole_file(talks: Talks) -> Optional[Fault]:
    """Judge what arrived, byte by byte; its end is half_close's business."""
    for name in ("polite", "pieces", "textbook", "long"):
        talk = talks[name]
        came = talk.heard.data
        if came == talk.file and not talk.trouble:
            continue
        same = next((i for i, (one, other) in enumerate(zip(came, talk.file))
                     if one != other), min(len(came), len(talk.file)))
        return blame(talk, f"it gets {many(talk.file)} of FILE.",
                     f"It got {many(came)}, of which the first {same:,} are "
                     "right.")
    return None


def half_close(talks: Talks) -> Optional[Fault]:
    """Judge the two directions, by EOF in one and no RST in the other."""
    talk = talks["polite"]
    expected = "a FIN follows the file, and then the thanks are let in."
    if talk.trouble or no_eof(talk):
        return blame(talk, expected, no_eof(talk))
    if talk.reset:
        return blame(talk, expected, "EOF came, but the thanks were answered "
                     "with a RST: nobody heard them to the end.")
    return None


def thanks_heard(talks: Talks) -> Optional[Fault]:
    """Judge that the thanks of the easiest client are printed."""
    talk = talks["polite"]
    if hears(talk):
        return None
    return blame(talk, f"the server prints {quoted(PREFIX + talk.text)}, and "
                 "exits 0.", no_eof(talk) or printed(talk))


def exact_message(talks: Talks) -> Optional[Fault]:
    """Judge all that is on standard output, and the NUL that is dropped."""
    for talk in (talks["polite"], talks["textbook"]):
        line = f"{PREFIX}{talk.text}\n"
        head = talk.stdout[:-len(line)]
        if talk.stdout.endswith(line) and head.count("\n") <= 1:
            continue
        return blame(talk, "standard output is two lines, the second "
                     f"{quoted(line)}.", no_eof(talk) or
                     f"Standard output is {quoted(talk.stdout, 120)}.")
    return None


def thanks_in_pieces(talks: Talks) -> Optional[Fault]:
    """Judge that a read is not taken for a message."""
    talk = talks["pieces"]
    if hears(talk):
        return None
    return blame(talk, f"all of {quoted(talk.text)} is printed, though it "
                 "begins with a single byte.", no_eof(talk) or printed(talk))


def long_thanks(talks: Talks) -> Optional[Fault]:
    """Judge the longest thanks that are allowed."""
    talk = talks["long"]
    if hears(talk):
        return None
    said = "It printed no message." if talk.message is None else \
        f"It printed a message of {len(talk.message.rstrip()):,} bytes."
    return blame(talk, "all of it is printed, and the server exits 0.",
                 no_eof(talk) or said)


def too_long(talks: Talks) -> Optional[Fault]:
    """Judge the shortest thanks that are not allowed."""
    talk = talks["too long"]
    if refuses(talk):
        return None
    gone = "" if talk.stayed else \
        f"It did not wait for more when {BOUND:,} bytes had come."
    return blame(talk, "the server need not wait for a FIN to know that this "
                 "is too much; it prints no message, and exits 1.",
                 no_eof(talk) or gone, printed(talk))


def no_thanks(talks: Talks) -> Optional[Fault]:
    """Judge what is made of an EOF with nothing before it."""
    talk = talks["silent"]
    if refuses(talk) and "no thanks" in talk.ending.stderr:
        return None
    return blame(talk, "the server prints no message, says 'no thanks' on "
                 "standard error, and exits 1.",
                 no_eof(talk) or printed(talk))


def not_broken_off(talks: Talks) -> Optional[Fault]:
    """Judge that half a message is not taken for one."""
    talk = talks["broken off"]
    if refuses(talk):
        return None
    gone = "" if talk.stayed else "It was gone before the client broke off."
    return blame(talk, "the server's read fails, and that is no EOF: it "
                 "prints no message, and exits 1.", no_eof(talk) or gone,
                 printed(talk))


BY_TALKS: Mapping[str, Callable[[Talks], Optional[Fault]]] = {
    "listens": listens,
    "whole-file": whole_file,
    "half-close": half_close,
    "thanks-heard": thanks_heard,
    "exact-message": exact_message,
    "thanks-in-pieces": thanks_in_pieces,
    "long-thanks": long_thanks,
    "too-long": too_long,
    "no-thanks": no_thanks,
    "broken-off": not_broken_off,
}
