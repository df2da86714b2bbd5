"""What the conversations show, check by check: None, or the fault."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, Mapping, Optional

from ...peer import EOF, RESET
from ...sandbox import Exit
from ...judging.fault import Fault, compared, many, quoted
from .talk import FILE, LATE, OLD_MODE, Talk

Talks = Mapping[str, Talk]

GOOD = ("whole", "empty", "replaced")
BAD = ("short", "one more", "too many", "reset", "silent", "dripping",
       "full disk")
NEARLY = 0.01  # seconds too early that nobody minds
BOAST = "Received file data\n"


def blame(talk: Talk, expected: str, *happened: str) -> Fault:
    """Find fault with what the client did in one conversation."""
    words = f"With SECONDS {talk.patience}, when" if talk.patience else "When"
    return Fault(f"{words} {talk.title}: {expected}",
                 talk.trouble or " ".join(filter(None, happened)),
                 talk.ending, talk.ladder)


def said(talk: Talk) -> str:
    """Say what came from the client."""
    if not talk.heard.data:
        return f"It sent no receipt: {talk.heard.end} came."
    return (f"It sent {quoted(talk.heard.data.decode('latin-1'))}, then "
            f"{talk.heard.end} came.")


def held(data: Optional[bytes], talk: Talk) -> str:
    """Say what FILE held."""
    if data is None:
        return "there was no FILE"
    if data == talk.file:
        return "FILE was whole"
    if data == talk.old:
        return "FILE was the old one"
    return f"FILE held {compared(data, talk.file)}"


def content_with(talk: Talk) -> bool:
    """Whether the client took what it got for the whole file.

    Where its receipt could not arrive, it is what it printed that tells.
    """
    return bool(talk.heard.data) or (talk.heard.end == RESET
                                     and BOAST in talk.stdout)


def idle(talks: Talks) -> Optional[Fault]:
    """Find fault with a client that never thanks: what could it refuse?"""
    if any(talks[name].heard.data for name in (*GOOD, "slow")):
        return None
    return blame(talks["whole"], "it sends a receipt. One that never does "
                 "has not refused anything.", said(talks["whole"]))


def whole(talks: Talks) -> Optional[Fault]:
    """Judge what was stored when all was well, and what was said of it."""
    for name in GOOD:
        talk = talks[name]
        if (talk.after == talk.file and talk.stdout == BOAST
                and talk.ending.exit == Exit(status=0)):
            continue
        return blame(talk, f"FILE holds {many(talk.file)}, standard output is "
                     f"{quoted(BOAST)}, and the status is 0.",
                     f"At the end {held(talk.after, talk)}. Standard output "
                     f"was {quoted(talk.stdout)}.")
    return None


def slow(talks: Talks) -> Optional[Fault]:
    """Judge that a server which is in time is waited for."""
    talk = talks["slow"]
    if talk.after == talk.file and talk.ending.exit == Exit(status=0):
        return None
    return blame(talk, "the client waits, and FILE is whole.",
                 f"At the end {held(talk.after, talk)}.")


def receipt(talks: Talks) -> Optional[Fault]:
    """Judge what is said when all was well, to the letter."""
    for name in GOOD:
        talk = talks[name]
        if talk.heard.data == talk.receipt and talk.heard.end == EOF:
            continue
        return blame(talk, f"it says {quoted(talk.receipt.decode())}, and "
                     "then ends.", said(talk))
    return None


def name_first(talks: Talks) -> Optional[Fault]:
    """Judge what FILE is when the receipt comes, or can't be."""
    for name in GOOD:
        talk = talks[name]
        if talk.heard.data and talk.when_thanked != talk.file:
            return blame(talk, "FILE is whole when the receipt comes.",
                         f"When it came {held(talk.when_thanked, talk)}.")
    talk = talks["taken"]
    expected = "the file can't have its name, so there is no receipt for it."
    if talk.midway is not None:
        return blame(talk, "nothing has the name FILE until the file is whole.",
                     f"Half way {held(talk.midway, talk)}.")
    if talk.trouble or not talk.stayed or talk.heard.data:
        return blame(talk, expected, said(talk))
    return idle(talks)


def refuses(*names: str) -> Callable[[Talks], Optional[Fault]]:
    """Return the check that no receipt is sent in some conversations."""
    def check(talks: Talks) -> Optional[Fault]:
        for name in names:
            talk = talks[name]
            early = talk.premature
            if not (talk.trouble or talk.heard.data or early
                    or talk.ending.hang):
                continue
            return blame(talk, "it sends no receipt, and ends.", said(talk),
                         "It had not waited for EOF." if early else "")
        return idle(talks)
    return check


def reset(talks: Talks) -> Optional[Fault]:
    """Judge what is made of a RST, by what the client says of it here."""
    talk = talks["reset"]
    if not talk.trouble and not talk.ending.hang and not content_with(talk) \
            and talk.ending.exit != Exit(status=0):
        return idle(talks)
    return blame(talk, "that is no EOF, and the client has no FILE.",
                 f"It printed {quoted(talk.stdout)}." if talk.stdout else "")


def gives_up(name: str) -> Callable[[Talks], Optional[Fault]]:
    """Return the check of when a client gave up in a conversation."""
    def check(talks: Talks) -> Optional[Fault]:
        talk = talks[name]
        if (talk.lasted is not None and not talk.heard.data
                and talk.lasted >= float(talk.patience) - NEARLY):
            return None
        return blame(talk, f"it gives up {talk.patience} s after it began to "
                     f"connect, at most {LATE:g} s later, and sends nothing.",
                     said(talk) if talk.heard.data else "",
                     "" if talk.lasted is None else
                     f"It ended {talk.lasted:.2f} s after it was started.")
    return check


def keeps_the_old(talks: Talks) -> Optional[Fault]:
    """Judge FILE before all has come, and after it went wrong."""
    for name in BAD:
        talk = talks[name]
        if talk.old is None:
            continue
        expected = "FILE stays as it was."
        if talk.trouble:
            return blame(talk, expected)
        if talk.stayed and talk.midway != talk.old:
            return blame(talk, expected, "When the client waited for more "
                         f"{held(talk.midway, talk)}.")
        if talk.after != talk.old and not talk.ending.hang \
                and not content_with(talk):
            return blame(talk, expected,
                         f"At the end {held(talk.after, talk)}.")
    return idle(talks)


def nothing_left(talks: Talks) -> Optional[Fault]:
    """Judge what there is in the folder at the end that ought not to be."""
    for name in (*GOOD, "taken", *BAD):
        talk = talks[name]
        if talk.ending.hang and not talk.trouble:
            continue
        others = list(talk.others)
        if talk.old is None and talk.after not in (None, talk.file):
            others.append(f"{FILE}, with {compared(talk.after, talk.file)}")
        if talk.trouble or others:
            return blame(talk, f"in the folder there is FILE ({FILE}) at the "
                         "end, if it was there or is whole, and nothing else.",
                         "There is " + ", ".join(others) + "."
                         if others else "")
    return idle(talks)


def status(talks: Talks) -> Optional[Fault]:
    """Judge how the client ended where it had reason to complain.

    Where it noticed nothing, that is the business of another check.
    """
    noticed = 0
    for name in (*BAD, "taken"):
        talk = talks[name]
        if not talk.trouble and (talk.ending.hang or content_with(talk)):
            continue
        noticed += 1
        if (talk.ending.exit == Exit(status=1) and talk.ending.stderr
                and BOAST not in talk.stdout):
            continue
        return blame(talk, "there is a sentence on standard error, and the "
                     "status is 1.", "" if talk.ending.stderr else
                     "Nothing is on standard error.",
                     f"It printed {quoted(talk.stdout)}." if talk.stdout
                     else "")
    if not noticed:
        return blame(talks["short"], "it complains.",
                     "It complained neither here nor where anything else went "
                     "wrong.")
    return idle(talks)


def umask() -> int:
    """Return what the programs' umask is: ours (proc(5))."""
    text = Path("/proc/self/status").read_text()
    return int(re.search(r"^Umask:\s+(\d+)", text, re.M)[1], 8)


def mode(talks: Talks) -> Optional[Fault]:
    """Judge the permissions of a new FILE and of one that was there."""
    for name, due in (("whole", 0o666 & ~umask()), ("replaced", OLD_MODE)):
        talk = talks[name]
        if talk.after is not None and talk.mode != due:
            return blame(talk, f"the mode of FILE is {due:04o}.",
                         f"It is {talk.mode:04o}.")
        if talk.after is None:
            return blame(talk, f"the mode of FILE is {due:04o}.",
                         "There is no FILE.")
    return None


BY_TALKS: Mapping[str, Callable[[Talks], Optional[Fault]]] = {
    "whole": whole,
    "slow": slow,
    "receipt": receipt,
    "name-first": name_first,
    "short": refuses("short"),
    "too-many": refuses("one more", "too many"),
    "reset": reset,
    "silence": gives_up("silent"),
    "dripping": gives_up("dripping"),
    "full-disk": refuses("full disk"),
    "keeps-the-old": keeps_the_old,
    "nothing-left": nothing_left,
    "status": status,
    "mode": mode,
}
