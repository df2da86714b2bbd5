"""A class to be graded: who hands in what, and what the table says then."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Callable, Optional

import wrong_answers
from lab import program
from lab.classroom import batch, manifest
from lab.classroom.admission import students
from lab.classroom.batch import Batch
from lab.classroom.gradebook import Gradebook
from lab.classroom.sandboxed import make_treatment
from lab.classroom.students import Student
from lab.judges import judge_of
from lab.judging import Result, Score, Verdict

FIRST = "01-return-the-thanks"
SOLUTION = program.ROOT / "solutions" / FIRST / "server.c"
STARTER = program.ROOT / "tests" / "starters" / FIRST / "server.c"


def hand_in(classroom: Path, name: str, source: Path = STARTER) -> Path:
    """Let a student hand in an answer to the first exercise."""
    folder = classroom / name / FIRST
    folder.mkdir(parents=True)
    if source.parent.parent == wrong_answers.WRONG:
        wrong_answers.read(source).write_to(folder)
    else:
        shutil.copy(source, folder / "server.c")
    return folder


def graded(classroom: Path, seed: Optional[int] = 7, jobs: int = 2,
           anew: str = "", bound: float = 60.0) -> dict[str, dict[str, str]]:
    """Grade a class in the first exercise; return the rows of the table."""
    among = students(classroom)
    book = Gradebook(classroom.with_name("grades"))
    one = Batch(among, book.seed(seed, 7, (FIRST,)),
                make_treatment((str(classroom),)), jobs, (FIRST,), bound)
    book.fill(one, lambda *_: None, next(
        (s for s in among if s.key == anew), None))
    people = manifest.by_folder(classroom, [s.key for s in among])
    table = book.table(list(zip(among, people)), [], (FIRST,))
    for feedback in sorted(book.out.glob("students/*/feedback.txt")):
        print(feedback.read_text())  # with the ladders, if the test fails
    with table.open(newline="") as rows:
        return {row["name"]: row for row in csv.DictReader(rows)}


def judge(monkeypatch, judged: Callable[[Student], Score]) -> None:
    """Put another judge in the place of the real one."""
    monkeypatch.setattr(batch, "judged",
                        lambda one, student, exercise: judged(student))


def score(points: int = 100, verdict: Verdict = Verdict.FAILED) -> Score:
    """Return a score in which the last checks did not pass."""
    left, results = points, []
    for check in judge_of(FIRST).checks:
        left -= check.points
        results.append(Result(check, Verdict.PASSED if left >= 0 else verdict,
                              "one thing", "another"))
    return Score(FIRST, 7, tuple(results))
