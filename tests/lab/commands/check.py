"""make check-NN: judge one's own answer to an exercise."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Optional

from .. import kernel
from ..judging import Score, report
from ..judges import exercise, grade, judge_of
from ..ladder import text
from . import progress
from .asked import number
from .trace import say_if_shared


def judged(folder: Path, seed: Optional[int] = None) -> Score:
    """Judge the answer in an exercise's folder, and remember if it is green.

    It is what the sources were when the judging began that is remembered.
    """
    sources = [folder / name for name in judge_of(folder.name).sources]
    before = progress.digest(sources)
    score = grade(folder, folder.name, seed)
    known = progress.read(folder.name)
    green = before if score.full else ""
    if known.green != green:
        progress.keep(folder.name, replace(known, green=green))
    return score


def say_if_unproved() -> None:
    """Say in one line that a clock decides who hangs, if it does."""
    why = kernel.why_no_proofs()
    if why:
        print(f"Nothing can be proved stuck on this system ({why}), so a "
              "clock decides which program hangs.\n")


def main(arguments: list[str]) -> int:
    """check NN, with SEED if you like: 0 only for all points."""
    folder, seed = exercise(arguments[0]), number("SEED")
    say_if_shared()
    say_if_unproved()
    score = judged(folder, seed)
    print(report.report(score, text.Style.of(sys.stdout)), end="")
    return 0 if score.full else 1
