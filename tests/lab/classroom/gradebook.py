"""Where the grades of a class are kept: a folder that only we write.

    grades.csv              a row a student
    run.json                the seed, and the exercises
    errors.txt              what the grader itself stumbled over, if it did
    students/NAME/          feedback.txt and results.json

The table is made of the students' files each time, so a run that was broken
off goes on where it was, and one student graded anew changes one row.
"""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any, Optional, Sequence

from .. import printable
from .grades import ERROR, Grades
from .students import Student


class WrongFolder(Exception):
    """The folder holds something else; the text says what, and what to do."""


def write_whole(place: Path, content: str) -> None:
    """Write a file that is there whole or not at all."""
    part = place.with_name(place.name + ".part")
    part.write_text(content, encoding="utf-8", errors="replace")
    os.replace(part, place)


def write_table(place: Path, columns: Sequence[str],
                rows: Sequence[dict[str, Any]]) -> Path:
    """Write a table in which no cell is a formula."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow([printable.cell(column) for column in columns])
    for row in rows:
        table.writerow([printable.cell(row.get(c, "")) for c in columns])
    write_whole(place, text.getvalue())
    return place


class Gradebook:
    """The folder `out`; it is made, for our eyes only, if it isn't there."""

    def __init__(self, out: Path) -> None:
        self.out = out
        out.mkdir(mode=0o700, parents=True, exist_ok=True)

    def seed(self, asked: Optional[int], new: int,
             exercises: Sequence[str]) -> int:
        """Return the seed of these grades: one `new` if there are none yet.

        Raises WrongFolder if another is asked for, or other exercises.
        """
        place = self.out / "run.json"
        if not place.exists():
            seed = new if asked is None else asked
            write_whole(place, json.dumps(
                {"seed": seed, "exercises": list(exercises)}) + "\n")
            return seed
        try:
            kept = json.loads(place.read_text(encoding="utf-8"))
            seed, names = int(kept["seed"]), list(kept["exercises"])
        except (ValueError, TypeError, KeyError) as error:
            raise WrongFolder(f"{place} is damaged ({error!r}): remove it, or "
                              "name another folder in OUT") from error
        for what, had, wanted in (("seed", seed, asked),
                                  ("exercises", names, list(exercises))):
            if wanted not in (None, had):
                said = had if what == "seed" else ", ".join(map(str, names))
                raise WrongFolder(f"{self.out} holds grades of {what} {said}: "
                                  "name another folder in OUT, or remove that "
                                  "one")
        return seed

    def _folder(self, student: Student) -> Path:
        return self.out / "students" / student.key

    def results(self, student: Student) -> Path:
        """Return where the results of a student are."""
        return self._folder(student) / "results.json"

    def kept(self, student: Student) -> dict[str, Any]:
        """Return what is known of a student: row, digest, checks; or {}."""
        try:
            kept = json.loads(self.results(student).read_text(
                encoding="utf-8"))["extra_data"]
            return kept if {"row", "digest", "checks"} <= set(kept) else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def is_graded(self, student: Student, digest: str) -> bool:
        """Whether this very hand-in was graded, without our own errors."""
        kept = self.kept(student)
        return bool(kept) and kept["digest"] == digest \
            and kept["row"]["total"] != ""

    def write(self, student: Student, grades: Grades, digest: str) -> None:
        """Write what there is to say to and of one student."""
        folder = self._folder(student)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "feedback.txt", grades.feedback())
        checks = {grade.exercise: grade.outcomes() for grade in grades.grades}
        write_whole(self.results(student), json.dumps(
            {**grades.gradescope(),
             "extra_data": {"row": grades.row(), "checks": checks,
                            "digest": digest}},
            indent=1, allow_nan=False) + "\n")

    def note_error(self, student: Student, exercise: str, detail: str
                   ) -> None:
        """Note an error of our own, for who maintains the grader."""
        with (self.out / "errors.txt").open(
                "a", encoding="utf-8", errors="replace") as notes:
            notes.write(f"{student.name}, {exercise}: {ERROR}\n"
                        f"{printable.page(detail)}\n")

    def table(self, students: Sequence[Student], exercises: Sequence[str]
              ) -> Path:
        """Write grades.csv, of those who have been graded."""
        rows = [kept["row"] for kept in map(self.kept, students) if kept]
        return write_table(
            self.out / "grades.csv",
            ["name", *exercises, "total", "seed", "reason"], rows)
