"""make demo: half-close in two minutes, on three ladders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from .. import program
from ..outcome import Outcome
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
    Lesson("01", "The server sends its file and calls close(). Does it hear "
           "the answer?", """\
No. close() sent the FIN, and gave the descriptor away with it: the read fails
with EBADF. The client's write still succeeded, because a write only hands
bytes to the kernel. The server's kernel has nobody to give them to, and
answers RST. The thanks are lost, and the client exits 0.""", _lost),
    Lesson("02", "Then it listens first, and closes afterwards.", """\
Now nobody sends a FIN. The client waits for the end of the file, the server
for the thanks, and the file never ends. Both are asleep in read() with nothing
on the way and no timer set: that was proved from the kernel's tables, not
guessed from a clock.""", lambda outcome: outcome.stuck),
    Lesson("03", "Then it says \"I have no more to send\", and goes on "
           "listening.", """\
shutdown(conn, SHUT_WR) sends the FIN and keeps the other direction open: the
connection is half-closed. The client reads EOF, says its thanks, and they
arrive. That is how to hang up without losing the answer.""", _heard),
)


def main(_: list[str]) -> int:
    """Run the lessons; fail unless each shows what it is about."""
    program.compiler()  # before a word is said
    say_if_shared()
    failed = []
    for lesson in LESSONS:
        print(f"{lesson.number}. {lesson.question}\n")
        outcome = show(program.chapter(lesson.number))
        print(f"\n{lesson.moral}\n")
        if not lesson.holds(outcome):
            failed.append(lesson.number)
            print(f"BUT THIS RUN DID NOT SHOW IT: chapter {lesson.number} "
                  "did something else.\n")
    if failed:
        return 1
    print("Read on in chapters/01-close-too-early/README.md.")
    return 0
