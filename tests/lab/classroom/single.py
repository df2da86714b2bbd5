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


def grade_one(submission: Path, treatment: Treatment, names: tuple[str, ...]
              ) -> Grades:
    """Grade one submission in some exercises; raises GraderFailed."""
    batch = Batch([Student(submission)], new_seed(), treatment,
                  os.cpu_count() or 1, names)
    (one,) = grade_all(batch, lambda _: None)
    if one.grades.total is None:
        raise GraderFailed("\n".join(
            f"{exercise}: {note}" for exercise, note in one.notes))
    return one.grades
