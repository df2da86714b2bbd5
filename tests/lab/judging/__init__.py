"""The kit that judges are written with, and the score that comes of it.

A judge is one file, judges/some_name.py for exercises/NN-some-name. It
declares an exercise, its conversations and its checks, in the order of the
report:

    exercise = Exercise("server.c", "HOST PORT FILE", judge_is=Client, ...)

    exercise.also("polite", scripts.thanks, "the client says its thanks",
                  file=inputs.binary(31, 3_000), thanks=inputs.thanks(12, 29))

    @exercise.conversation("the client breaks off", twin="polite")
    def broken(client: Client) -> None:
        client.hears_to_eof()
        client.says(client.thanks[:8])
        client.resets()

    @exercise.check(5, "does not take a reset for an end", "01")
    def broken_off(broken: Seen) -> None:
        expect(broken).eof().prints_no_message().fails()

All conversations are had side by side, each with a program and a sandbox of
its own. Then each check is given those that its parameters name, or
`everything`. A check passes unless it raises Failed, which every expectation
does that isn't met. Nor does it pass if it looks at a conversation with a
fault and the program's calls kept clear of that (calls.evaded).
Its name in the report is that of its function: a reader who wants to see what
judged `broken-off` looks for `def broken_off`.

    inputs         draws: what differs from seed to seed
    faults         what goes wrong in a program's own calls
    players        what the judge can do, as the Client or as the Server
    scripts        what it does in more than one exercise
    place          FILE, what is beside it, standard input
    expect         Seen, what there was; expect(), what should have been
    exercise       Exercise, and how all of it is run
    command_lines  ready-made checks: bad words, full output, nobody listens
    failure        Failed, and the words for what happened
    submission     from somebody's sources to a score
    report         how a score reads in a terminal

The inputs that a conversation knows are the file (of a server), old, disk,
stdin, fed, umask (of a client: see place.py), fault, port, seconds, narrow
(the judge takes little at a time), comes_after (seconds), stopped (the server
is, until the script lets it go on). Any other is the script's own.

**A program must not know what is coming.** A conversation in which it has to
refuse, or to give up, names a `twin` in which all is well, and which looks the
same until it begins: command line, FILE, folder, standard input are drawn from
the same ranges, those of the twin. A test draws a hundred seeds and tries to
tell them apart. In an exercise that declares what it expects of twins
(@exercise.twins), that is expected wherever a check names a conversation that
has one: a program that refuses everything has solved nothing.

**A verdict must not depend on the machine.** A wait ends with a fact, or when
the program is given up (meeting/watch.py). Where SECONDS count, a script says
`uses_up_time()`. A conversation is had again if the judge was too slow to see
anything, by its own waiting for a processor.

What this file holds is what comes out:

    Check    one thing that is asked for, and what it is worth
    Result   what became of it in one run
    Score    all results of one submission, from one seed

A terminal, a table of a class, a web page are drawn from a Score; nothing that
is printed is needed to make one.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Optional, Sequence

from ..ladder import Ladder

MAXIMUM = 100  # points, in every exercise: a score reads as a per cent


class Verdict(enum.Enum):
    """How a check ended. A program that hung or crashed is told as such."""

    PASSED = "ok"
    FAILED = "failed"
    HUNG = "hung"
    CRASHED = "crashed"


class TimeIsOver(Exception):
    """Judging took as long as it may; the text says so, in a sentence.

    It is raised in the midst of it: what is known by then counts.
    """


@dataclass(frozen=True)
class Check:
    """One thing that is asked for.

    `slug` is its name, `sentence` what the program does if all is well, with
    the program as the subject; `points` are whole numbers (some course sites
    take no others), `reread` is the number of the chapter that explains it.
    """

    slug: str
    sentence: str
    points: int
    reread: str


@dataclass(frozen=True)
class Result:
    """What became of a check; the rest is told only where it did not pass.

    `expected`, `happened` and `ending`, how the program ended, are sentences;
    `ladder` is what crossed and what the program called (None where there was
    no conversation).
    """

    check: Check
    verdict: Verdict
    expected: str = ""
    happened: str = ""
    ending: str = ""
    ladder: Optional[Ladder] = None

    @property
    def passed(self) -> bool:
        """Whether it earned its points."""
        return self.verdict is Verdict.PASSED

    @property
    def points(self) -> int:
        """All of the check's points, or none."""
        return self.check.points if self.passed else 0


@dataclass(frozen=True)
class Score:
    """All results of one submission; `trouble` is why nothing was judged.

    `warned` are lines of the compiler that foretell a crash. The same program
    with the same `seed` has the same score.
    """

    exercise: str
    seed: int
    results: tuple[Result, ...]
    trouble: str = ""
    warned: tuple[str, ...] = ()

    @property
    def points(self) -> int:
        """What was earned."""
        return sum(result.points for result in self.results)

    @property
    def maximum(self) -> int:
        """What could have been earned."""
        return sum(result.check.points for result in self.results)

    @property
    def full(self) -> bool:
        """Whether there is nothing left to do."""
        return all(result.passed for result in self.results)

    @property
    def again(self) -> str:
        """The command that repeats this very run."""
        number = self.exercise.split("-")[0]
        return f"make check-{number} SEED={self.seed}"


def unjudged(exercise: str, seed: int, checks: Sequence[Check],
             trouble: str, verdict: Verdict = Verdict.FAILED) -> Score:
    """Return the score of what could not be run: nothing, with the reason."""
    return Score(exercise, seed, tuple(
        Result(check, verdict, check.sentence, trouble)
        for check in checks), trouble)
