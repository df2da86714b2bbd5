"""make demo: half-close in two minutes, on three ladders.

On a terminal it asks first, and shows when Enter is pressed: one screen a
lesson, of 80 columns and 24 lines. Elsewhere it runs through.
"""

from __future__ import annotations

import sys
import textwrap
from dataclasses import dataclass
from typing import Callable

from .. import kernel, program
from ..meeting.pair import UNPROVED, Pair
from ..outcome import Outcome
from .terminal import CLEAR, draws_over
from .trace import say_if_shared, show


def _lost(outcome: Outcome) -> bool:
    return (outcome.sent == outcome.received
            and str(outcome.server.exit) == "exit 1"
            and "Bad file descriptor" in outcome.server.stderr
            and "Message from client" not in outcome.server.stdout
            and str(outcome.client.exit) == "exit 0")


def _heard(outcome: Outcome) -> bool:
    return (outcome.sent == outcome.received
            and "Message from client: Thank you\n" in outcome.server.stdout
            and str(outcome.server.exit) == "exit 0"
            and str(outcome.client.exit) == "exit 0")


@dataclass(frozen=True)
class Lesson:
    """What a chapter shows: `holds` tells whether this run showed it."""

    number: str
    question: str
    moral: str
    holds: Callable[[Outcome], bool]


LESSONS = (
    Lesson("01", """\
A server sends its file, calls close(), and then read() for the answer. The
client reads to the end of the file, and answers "Thank you".

What does the server's read() return? Does the client notice anything?""", """\
The read fails: close() sent the FIN, and gave the descriptor back as well. The
client's write only handed its bytes to the kernel, so it succeeded. Nobody was
left to hear them, and the server's kernel answered RST. The thanks are lost,
and the client exits 0.""", _lost),
    Lesson("02", """\
Then the server should read the answer first, and close afterwards. These two
lines change places, and nothing else.

In which call is the server after one second? And the client?""", """\
Nobody sends a FIN. The client waits for the end of the file, and the server
for the thanks. Both are asleep in read() with nothing on the way and no timer
armed.""", lambda outcome: outcome.stuck or outcome.unproved),
    Lesson("03", """\
The server must say "that was all" without hanging up. Between the last byte
of the file and the read() it now calls shutdown(conn, SHUT_WR).

What does the client's read() return? Who hears its answer?""", """\
shutdown() sends the FIN and keeps the other direction open: the connection is
half-closed. The client reads EOF and answers, and the server hears it. That is
how to hang up without losing the answer, as long as nothing else goes wrong.""",
          _heard),
)


def evidence(outcome: Outcome) -> str:
    """Say how it is known that two programs wait for ever, if they do."""
    if outcome.stuck:
        return (" That was proved from the kernel's tables, not guessed from a "
                "clock.")
    if outcome.unproved:
        return "\n" + textwrap.fill(
            f"This system lets nobody prove it ({kernel.why_no_proofs()}): "
            f"they still ran after {UNPROVED:g} seconds. `make "
            "doctor` tells more.", 79)
    return ""


class Reader:
    """Whoever looks: a terminal is asked to press Enter, a pipe is not."""

    def __init__(self) -> None:
        self.waits = sys.stdin.isatty() and sys.stdout.isatty()
        self.clear = CLEAR if self.waits and draws_over(sys.stdout) else ""

    def turn(self, prompt: str) -> None:
        """Wait for Enter, then begin a new screen; after Ctrl-D run through."""
        if self.waits:
            try:
                input(f"\n{prompt} ")
            except EOFError:
                self.waits, self.clear = False, ""
                print()
        print(self.clear, end="" if self.clear else "\n")


def main(_: list[str]) -> int:
    """Give the lessons; fail unless each shows what it is about."""
    program.compiler()  # before a word is said
    say_if_shared()
    reader = Reader()
    failed = []
    for index, lesson in enumerate(LESSONS):
        if index:
            reader.turn("Press Enter for the next.")
        print(lesson.question)
        reader.turn("Make a guess, then press Enter.")
        outcome = show(Pair.of(lesson.number))
        print(f"\n{lesson.moral}{evidence(outcome)}")
        if not lesson.holds(outcome):
            failed.append(lesson.number)
            print(f"\nBUT THIS RUN DID NOT SHOW IT: chapter {lesson.number} "
                  "did something else.")
    if failed:
        return 1
    print("\nRead on in chapters/01-close-too-early/README.md.")
    return 0
