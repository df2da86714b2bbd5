"""What an exercise asks for, and what a program made of it: the score.

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

    The same program with the same `seed` has the same score.
    """

    exercise: str
    seed: int
    results: tuple[Result, ...]
    trouble: str = ""

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
