"""Why a check did not pass, and the words for it."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Optional

from ..ladder import Ladder
from ..meeting import Program
from ..sandbox import Exit
from . import Check, Result, Verdict

# What a student reads in place of a signal's name (signal(7)).
SIGNALS = {
    signal.SIGSEGV: "it used memory that is not its own",
    signal.SIGBUS: "it used memory that is not there",
    signal.SIGABRT: "it, or its C library, gave up",
    signal.SIGFPE: "it divided by zero, or the like",
    signal.SIGPIPE: "it wrote to a connection that could take no more",
    signal.SIGXFSZ: "it printed without end",
}


HIDDEN = ("It hides its descriptors (prctl(2), PR_SET_DUMPABLE), so nobody "
          "sees what it waits for, nor where it listens.")


@dataclass(frozen=True)
class Ending:
    """How a program ended; or `hang`, why it was given up.

    It was `hidden` if nobody could see what it waited for: then it has failed,
    and is not said to hang.
    """

    exit: Optional[Exit] = None
    hang: str = ""
    stderr: str = ""
    hidden: bool = False

    @staticmethod
    def of(program: Program) -> Ending:
        """Return how a program of a meeting ended."""
        return Ending(program.exit, program.hang, program.stderr,
                      program.hidden)

    @property
    def verdict(self) -> Verdict:
        """Tell a hang and a crash from a plain mistake."""
        if self.hang and not self.hidden:
            return Verdict.HUNG
        crashed = self.exit is not None and self.exit.signal is not None
        return Verdict.CRASHED if crashed else Verdict.FAILED

    def __str__(self) -> str:
        """Say it in a sentence or two."""
        if self.hang and self.hidden:
            said = f"It was given up: {self.hang}. {HIDDEN}"
        elif self.hang:
            said = f"It hangs: {self.hang}."
        elif self.exit is None:
            said = ""
        elif self.exit.signal is None:
            said = f"It ended with status {self.exit.status}."
        else:
            why = SIGNALS.get(self.exit.signal)
            said = f"It was {self.exit}" + (f": {why}." if why else ".")
        if self.stderr:
            said += f" On standard error: {quoted(self.stderr.rstrip())}."
        return said.strip()


class Failed(Exception):
    """A check did not pass: sentences, and what can be drawn."""

    def __init__(self, expected: str, happened: str, ending: Ending,
                 ladder: Optional[Ladder] = None) -> None:
        super().__init__(expected)
        self.expected, self.happened = expected, happened
        self.ending, self.ladder = ending, ladder

    def result(self, check: Check) -> Result:
        """Charge it to a check; how the program ended is always told."""
        return Result(check, self.ending.verdict, self.expected,
                      self.happened, str(self.ending), self.ladder)


def quoted(text: str, most: int = 60) -> str:
    """Quote what a program printed; the rest of a long text is counted."""
    shown, more = repr(text[:most]), len(text) - most
    return shown + (f" and {more:,} bytes more" if more > 0 else "")


def many(data: bytes) -> str:
    """Say how many bytes these are."""
    return f"{len(data):,} byte" + ("" if len(data) == 1 else "s")


def compared(came: bytes, due: bytes) -> str:
    """Say how many bytes came, and how many of them are as they ought."""
    same = next((i for i, (one, other) in enumerate(zip(came, due))
                 if one != other), min(len(came), len(due)))
    if same == len(came):
        return f"{many(came)} of {len(due):,}" if came else "nothing"
    return f"{many(came)}, of which the first {same:,} are right"
