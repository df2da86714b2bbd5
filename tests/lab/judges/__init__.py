"""A judge for each exercise: exercises/NN-some-name has judges/some_name.py.

Such a module holds one JUDGE. It runs the programs, talks to them over sockets
of its own, and says what became of each check; it never reads their source.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from ..program import ROOT
from ..judging import Check, Result

EXERCISES = ROOT / "exercises"
STARTERS = ROOT / "tests" / "starters"  # the same files, that nobody edits

Judging = Callable[[Mapping[str, Path], int, bool], Sequence[Result]]


@dataclass(frozen=True)
class Judge:
    """What is handed in, what is asked for, and who decides.

    `about` is the slug of the check that the exercise is about: the starter
    fails it. `judge(programs, seed, private)` is given the compiled program of
    each source by its name, and returns a result a check, in their order.
    """

    sources: tuple[str, ...]
    checks: tuple[Check, ...]
    about: str
    judge: Judging


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


def judge_of(name: str) -> Any:
    """Return the judge of an exercise, named as its folder is."""
    module = name.split("-", 1)[1].replace("-", "_")
    if importlib.util.find_spec(f"{__name__}.{module}") is None:
        raise NoSuchExercise(f"nobody judges {name}: there is no "
                             f"{module}.py in {Path(__file__).parent}")
    found = importlib.import_module(f"{__name__}.{module}")
    return found.exercise if hasattr(found, "exercise") else found.JUDGE
