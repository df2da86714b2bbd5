"""A judge for each exercise: exercises/NN-some-name has judges/some_name.py.

Such a module declares one `exercise` (judging/__init__.py tells how). It runs
the programs, talks to them over sockets of its own, and says what became of
each check; it never reads their source.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Callable, Optional

from ..judging import Score, submission
from ..judging.exercise import Exercise
from ..program import ROOT
from ..sandbox import Sandbox

EXERCISES = ROOT / "exercises"
STARTERS = ROOT / "tests" / "starters"  # the same files, that nobody edits


class NoSuchExercise(Exception):
    """There is no exercise, or no judge, for what was asked."""


def exercises() -> list[Path]:
    """Return the folders of the exercises, in the order of their numbers."""
    return sorted(EXERCISES.glob("[0-9][0-9]-*"))


def exercise(number: str) -> Path:
    """Return the folder of an exercise; `number` is two digits, "01"."""
    for folder in exercises():
        if folder.name.split("-")[0] == number:
            return folder
    known = ", ".join(folder.name.split("-")[0] for folder in exercises())
    raise NoSuchExercise(f"there is no exercise {number!r}: there are {known}")


def judge_of(name: str) -> Exercise:
    """Return the judge of an exercise, named as its folder is."""
    module = name.split("-", 1)[1].replace("-", "_")
    if importlib.util.find_spec(f"{__name__}.{module}") is None:
        raise NoSuchExercise(f"nobody judges {name}: there is no "
                             f"{module}.py in {Path(__file__).parent}")
    found: Exercise = importlib.import_module(f"{__name__}.{module}").exercise
    return found


def grade(folder: Path, name: str, seed: Optional[int] = None,
          sandbox: Callable[[], Sandbox] = Sandbox,
          build: submission.Build = submission.build_own) -> Score:
    """Judge the sources in a folder: see submission.grade.

    Raises NoSuchExercise.
    """
    return submission.grade(folder, name, judge_of(name), seed, sandbox, build)
