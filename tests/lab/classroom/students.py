"""Who handed in what: one folder a student, laid out like exercises/."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

from ..program import ROOT
from ..judges import judge_of
from ..judging.submission import Refused
from .sandboxed import handed_in


class NoSubmissions(Exception):
    """There is nothing to grade; the text says why."""


@dataclass(frozen=True)
class Student:
    """A folder, which is named as the student is.

    If it is `flat`, sources may stand in it without the exercise's folder.
    """

    folder: Path
    flat: bool = False

    def answer(self, exercise: str) -> Path:
        """Return the folder of an exercise's sources."""
        inside = self.folder / exercise
        return self.folder if self.flat and not os.path.lexists(inside) \
            else inside

    @property
    def name(self) -> str:
        """The name as it can be printed; a file's name need not be text."""
        return self.folder.name.encode(errors="surrogateescape").decode(
            errors="replace")


def students(submissions: Path) -> list[Student]:
    """Return who handed in, by name; plain files and hidden ones are not.

    Raises NoSubmissions.
    """
    if not submissions.is_dir():
        raise NoSubmissions(f"SUBMISSIONS={submissions}: there is no such "
                            "folder")
    found = sorted((entry for entry in submissions.iterdir()
                    if entry.is_dir() and not entry.name.startswith(".")),
                   key=lambda entry: entry.name)
    if not found:
        raise NoSubmissions(f"SUBMISSIONS={submissions}: no folder of a "
                            "student in it")
    return [Student(entry) for entry in found]


def grader() -> str:
    """Return what tells this grader from one that judges otherwise."""
    told = hashlib.sha256()
    for source in sorted((ROOT / "tests" / "lab").rglob("*.[pc]*")):
        if source.suffix in (".py", ".c"):
            told.update(source.read_bytes())
    return told.hexdigest()


def digest(student: Student, exercises: Sequence[str], *others: object
           ) -> str:
    """Return what tells this hand-in, and `others`, from any other."""
    told = hashlib.sha256(repr(others).encode())
    for exercise in exercises:
        for name in judge_of(exercise).sources:
            told.update(f"\0{exercise}/{name}\0".encode())
            try:
                told.update(handed_in(student.answer(exercise) / name))
            except Refused as refusal:
                told.update(f"\0{refusal}".encode())
    return told.hexdigest()
