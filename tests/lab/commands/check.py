"""make check-NN: judge one's own answer to an exercise."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Optional

from ..grades import Score, report
from ..grades.judges import NoSuchExercise, exercise
from ..grades.submission import grade
from ..ladder import text
from .trace import say_if_shared


def judged(number: str, seed: Optional[int] = None,
           folder: Optional[Path] = None) -> Score:
    """Judge the answer in a folder, or in the exercise's own."""
    asked = exercise(number)
    return grade(folder or asked, asked.name, seed)


def main(arguments: list[str]) -> int:
    """check NN [SEED]: 0 only for all points, 2 for a wrong command line."""
    number, seed = (arguments + ["", ""])[:2]
    if seed and not (seed.isascii() and seed.isdigit()):
        print(f"check: SEED {seed!r}: not a number", file=sys.stderr)
        return 2
    say_if_shared()
    try:
        score = judged(number, int(seed) if seed else None)
    except NoSuchExercise as error:
        print(f"check: {error}", file=sys.stderr)
        return 2
    print(report.report(score, text.Style.of(sys.stdout)), end="")
    return 0 if score.full else 1
