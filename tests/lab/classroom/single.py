"""One submission, graded where a course site runs its graders.

There a score that is missing, or is 0 because of ours, must not be: whoever
calls learns of the grader's own errors by an exception.
"""

from __future__ import annotations

import os
from pathlib import Path

from .batch import Batch, grade_all, new_seed
from .grades import Grades
from .sandboxed import Treatment
from .students import Student


class GraderFailed(Exception):
    """The grader itself failed; the text is for who maintains it."""


class _Held:
    """A gradebook of one student that is nowhere written."""

    def __init__(self) -> None:
        self.grades: list[Grades] = []
        self.errors: list[str] = []

    def is_graded(self, student: Student, digest: str) -> bool:
        """Nobody has been graded before."""
        return False

    def write(self, student: Student, grades: Grades, digest: str) -> None:
        """Keep the grades."""
        self.grades.append(grades)

    def note_error(self, student: Student, exercise: str, detail: str
                   ) -> None:
        """Keep an error of our own."""
        self.errors.append(f"{exercise}: {detail}")


def grade_one(submission: Path, treatment: Treatment, names: tuple[str, ...]
              ) -> Grades:
    """Grade one submission in some exercises; raises GraderFailed."""
    held = _Held()
    batch = Batch([Student(submission)], new_seed(), treatment,
                  os.cpu_count() or 1, names)
    if grade_all(batch, held, lambda _: None):
        raise GraderFailed("\n".join(held.errors))
    return held.grades[0]
