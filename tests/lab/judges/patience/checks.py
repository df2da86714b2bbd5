"""What the conversations show, check by check: None, or the fault."""

from __future__ import annotations

from typing import Callable, Mapping, Optional

from ...peer import EOF
from ...sandbox import Exit
from ...judging.fault import Fault, many, quoted
from .talk import HOST, LATE, PREFIX, Talk

Talks = Mapping[str, Talk]

NEARLY = 0.01  # seconds too early that nobody minds


def blame(talk: Talk, expected: str, *happened: str) -> Fault:
    """Find fault with what the server did in one conversation."""
    return Fault(f"With SECONDS {talk.patience}, when {talk.title}: "
                 f"{expected}",
                 talk.trouble or " ".join(filter(None, happened)),
                 talk.ending, talk.ladder)


def not_sent(talk: Talk) -> str:
    """Say how the file fell short; "" if it came, and EOF."""
    if talk.heard.data == talk.file and talk.heard.end == EOF:
        return ""
    right = "" if talk.file.startswith(talk.heard.data) else \
        ", not all of them right"
    return (f"{many(talk.heard.data)} of {len(talk.file):,} came{right}, then "
            f"{talk.heard.end}.")


def printed(talk: Talk) -> str:
    """Say what message the server printed."""
    if talk.message is None:
        return "It printed no message."
    return f"It printed the message {quoted(talk.message)}."


def when(talk: Talk) -> str:
    """Say how long the server was there."""
    if talk.lasted is None:
        return f"It was there {talk.latest:.2f} s after the client had come."
    return f"It ended {talk.lasted:.2f} s after the client had come."


def on_time(talk: Talk) -> bool:
    """Whether the server ended neither too early nor too late.

    How it ended is says_so's business.
    """
    return (talk.lasted is not None
            and talk.lasted >= float(talk.patience) - NEARLY)


def gives_up(name: str, to_eof: bool = True
             ) -> Callable[[Talks], Optional[Fault]]:
    """Return the check of when a server gave up in a conversation.

    The client must have heard a file first, and its end if it read so far.
    What is in it is served's business.
    """
    def check(talks: Talks) -> Optional[Fault]:
        talk = talks[name]
        expected = (f"the server gives up {talk.patience} s after accept, at "
                    f"most {LATE:g} s later.")
        missing = "" if not to_eof or talk.heard.data and \
            talk.heard.end == EOF else not_sent(talk)
        if talk.trouble or missing or not on_time(talk):
            return blame(talk, expected, missing or when(talk))
        return None
    return check


def listens(talks: Talks) -> Optional[Fault]:
    """Judge the first line, and when it came."""
    talk = talks["prompt"]
    line = f"listening on {HOST} {talk.port}\n"
    if talk.early == line and not talk.trouble:
        return None
    return blame(talk, f"it first prints {quoted(line)}.",
                 f"It printed {quoted(talk.early)}." if talk.early else
                 "It listens, and nothing has come out. Is the line flushed?")


def served(talks: Talks) -> Optional[Fault]:
    """Judge what becomes of the easiest client."""
    talk = talks["prompt"]
    line = f"{PREFIX}{talk.text}\n"
    head = talk.stdout[:-len(line)]
    missing = not_sent(talk)
    if (not missing and talk.stdout.endswith(line) and head.count("\n") <= 1
            and talk.ending.exit == Exit(status=0)):
        return None
    return blame(talk, "it gets FILE and EOF; then standard output is two "
                 f"lines, the second {quoted(line)}, and the status 0.",
                 missing or printed(talk))


def slow(talks: Talks) -> Optional[Fault]:
    """Judge that a client that is in time gets all it came for."""
    talk = talks["slow"]
    if (talk.message or "").startswith(talk.text) and \
            talk.ending.exit == Exit(status=0):
        return None
    return blame(talk, f"it is served, and {quoted(PREFIX + talk.text)} is "
                 "printed.", not_sent(talk) or printed(talk))


def says_so(talks: Talks) -> Optional[Fault]:
    """Judge how the server gave up, wherever it did; not when."""
    for name in ("silent", "dripping", "reads nothing"):
        talk = talks[name]
        if name != "silent" and talk.ending.hang:
            continue
        if (talk.ending.exit == Exit(status=1) and talk.ending.stderr
                and talk.message is None):
            continue
        return blame(talk, "it gives up with a sentence on standard error, "
                     "no message, and status 1.",
                     "" if talk.message is None else printed(talk),
                     "" if talk.ending.stderr else
                     "Nothing is on standard error.")
    return None


def no_thanks(talks: Talks) -> Optional[Fault]:
    """Judge what is made of an EOF with nothing before it."""
    talk = talks["no thanks"]
    if (talk.message is None and "no thanks" in talk.ending.stderr
            and talk.ending.exit == Exit(status=1)):
        return None
    return blame(talk, "there is nothing to wait for. The server prints no "
                 "message, says 'no thanks' on standard error, and exits 1.",
                 not_sent(talk) or printed(talk))


def vanishes(talks: Talks) -> Optional[Fault]:
    """Judge what is made of a client that has gone."""
    talk = talks["vanishes"]
    if talk.message is None and talk.ending.exit == Exit(status=1):
        return None
    return blame(talk, "a call fails, and the server exits 1 at once.",
                 "" if talk.message is None else printed(talk))


BY_TALKS: Mapping[str, Callable[[Talks], Optional[Fault]]] = {
    "listens": listens,
    "served": served,
    "slow": slow,
    "silent": gives_up("silent"),
    "dripping": gives_up("dripping"),
    "never-reads": gives_up("reads nothing", to_eof=False),
    "sips": gives_up("sips", to_eof=False),
    "one-clock": gives_up("dawdles"),
    "late-comer": gives_up("late"),
    "fractions": gives_up("fraction"),
    "says-so": says_so,
    "no-thanks": no_thanks,
    "vanishes": vanishes,
}
