"""What the conversations show, check by check: None, or the fault."""

from __future__ import annotations

from typing import Callable, Mapping, Optional

from ...peer import EOF, NOTHING
from ...sandbox import Exit
from ...judging.fault import Fault, compared, many, quoted
from .talk import RECEIVED, THANKS, Talk

Talks = Mapping[str, Talk]


def blame(talk: Talk, expected: str, *happened: str) -> Fault:
    """Find fault with what the client did in one conversation."""
    return Fault(f"When {talk.title}: {expected}",
                 talk.trouble or " ".join(filter(None, happened)),
                 talk.ending, talk.ladder)


def stored(talk: Talk) -> str:
    """Say what is in FILE."""
    if talk.stored is None:
        return "There is no FILE."
    return f"FILE holds {compared(talk.stored, talk.file)}."


def thanked(talk: Talk) -> str:
    """Say what the server heard."""
    said = talk.heard.data
    if not said:
        return "The server heard no thanks."
    end = {EOF: "", NOTHING: ", and no FIN", }.get(talk.heard.end,
                                                   ", and then a RST")
    return f"The server heard {quoted(said.decode(errors='replace'))}{end}."


def has_it(talk: Talk) -> Optional[Fault]:
    """Judge a conversation that nothing should have spoilt, by the file."""
    if talk.accepted and talk.stored == talk.file:
        return None
    return blame(talk, f"{many(talk.file)} are stored, and it exits 0.",
                 stored(talk), thanked(talk))


def thanks_too(talk: Talk) -> Optional[Fault]:
    """Judge the thanks of such a conversation as well.

    What follows them is the business of `thanks`.
    """
    if not has_it(talk) and talk.heard.data.startswith(THANKS):
        return None
    return blame(talk, f"{many(talk.file)} are stored and thanked for, and "
                 "it exits 0.", stored(talk), thanked(talk))


def gives_up(talk: Talk, expected: str, *happened: str, quiet: bool = True
             ) -> Optional[Fault]:
    """Judge a conversation that had to fail: status 1, and no thanks.

    One that is to be `quiet` has printed nothing by then.
    """
    claims = quiet and bool(talk.stdout)
    if (talk.stayed and talk.ending.exit == Exit(status=1)
            and talk.ending.stderr and not claims
            and not talk.heard.data and not talk.early):
        return None
    if claims:
        happened = (*happened, f"It printed {quoted(talk.stdout)}.")
    if talk.early:
        happened = (*happened, "It said its thanks before the end.")
    return blame(talk, expected, *happened)


def whole_file(talks: Talks) -> Optional[Fault]:
    """Judge what is on disk, byte by byte."""
    for name in ("polite", "large", "empty"):
        talk = talks[name]
        if talk.stored != talk.file:
            return blame(talk, f"FILE holds {many(talk.file)}.", stored(talk))
    return None


def thanks(talks: Talks) -> Optional[Fault]:
    """Judge what is said after the file."""
    for name in ("polite", "empty"):
        talk = talks[name]
        if (talk.heard.data, talk.heard.end) != (THANKS, EOF) \
                or not talk.accepted:
            return blame(talk, f"after its FIN the server hears the nine "
                         f"bytes {quoted(THANKS.decode())} and a FIN, and the "
                         "client exits 0.", thanked(talk))
    return None


def says_received(talks: Talks) -> Optional[Fault]:
    """Judge all that is on standard output."""
    talk = talks["polite"]
    if talk.stdout == RECEIVED:
        return None
    return blame(talk, f"standard output is {quoted(RECEIVED)}.",
                 f"Standard output is {quoted(talk.stdout)}.")


def pieces(talks: Talks) -> Optional[Fault]:
    """Judge that a read is not taken for a file."""
    talk = talks["pieces"]
    if talk.early:
        return blame(talk, "nothing is said before the server's FIN.",
                     f"The server had {talk.early} bytes of thanks before it "
                     "had sent its FIN.")
    return has_it(talk)


def broken(talks: Talks) -> Optional[Fault]:
    """Judge that half a file is not taken for one."""
    talk = talks["broken off"]
    return gives_up(talk, "its read fails, and that is no EOF: nothing is "
                    "printed but a sentence on standard error, and the status "
                    "is 1.", "" if talk.stayed else
                    "It was gone before the server broke off.")


def full_disk(talks: Talks) -> Optional[Fault]:
    """Judge that there are no thanks for what is not on disk."""
    talk = talks["full"]
    return gives_up(talk, "no thanks, nothing printed but a sentence on "
                    "standard error, and status 1.", thanked(talk))


def server_gone(talks: Talks) -> Optional[Fault]:
    """Judge what becomes of thanks that nobody takes."""
    return gives_up(talks["gone"], "its write of the thanks fails: a sentence "
                    "on standard error, and status 1. No signal kills it.",
                    quiet=False)


BY_TALKS: Mapping[str, Callable[[Talks], Optional[Fault]]] = {
    "whole-file": whole_file,
    "thanks": thanks,
    "says-received": says_received,
    "in-pieces": pieces,
    "short-counts": lambda talks: thanks_too(talks["short"]),
    "interrupted-read": lambda talks: has_it(talks["read"]),
    "interrupted-write": lambda talks: thanks_too(talks["write"]),
    "interrupted-connect": lambda talks: has_it(talks["connect"]),
    "interrupted-close": lambda talks: has_it(talks["close"]),
    "broken-off": broken,
    "full-disk": full_disk,
    "server-gone": server_gone,
}
