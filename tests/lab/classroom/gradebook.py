"""Where the grades of a class are kept: a folder that only we write.

    grades.csv              a row a student
    run.json                the seed
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

from .students import Student
from .grades import ERROR, Marks

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


class OtherSeed(Exception):
    """The folder holds grades of another seed; the text says so."""


def harmless(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULAS):
        return "'" + cell
    return cell


def _write(place: Path, content: str) -> None:
    """Write a file that is there whole or not at all."""
    part = place.with_name(place.name + ".part")
    part.write_text(content, encoding="utf-8", errors="replace")
    os.replace(part, place)


class Ledger:
    """The folder `out`; it is made, for our eyes only, if it isn't there."""

    def __init__(self, out: Path) -> None:
        self.out = out
        out.mkdir(mode=0o700, parents=True, exist_ok=True)

    def seed(self, asked: Optional[int], new: int) -> int:
        """Return the seed of these grades: one `new` if there are none yet.

        Raises OtherSeed if another is asked for.
        """
        place = self.out / "run.json"
        if place.exists():
            kept: int = json.loads(place.read_text())["seed"]
            if asked not in (None, kept):
                raise OtherSeed(f"{self.out} holds grades of seed {kept}: name "
                                "another folder in OUT, or remove that one")
            return kept
        seed = new if asked is None else asked
        _write(place, json.dumps({"seed": seed}) + "\n")
        return seed

    def _folder(self, student: Student) -> Path:
        return self.out / "students" / student.folder.name

    def results(self, student: Student) -> Path:
        """Return where the results of a student are."""
        return self._folder(student) / "results.json"

    def row(self, student: Student, digest: str = "") -> Optional[dict]:
        """Return the row of a student who has been graded, else None.

        With a `digest`: for this very hand-in, and without our own errors.
        """
        try:
            kept = json.loads(self.results(student).read_text(
                encoding="utf-8"))["extra_data"]
            row: dict = kept["row"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if digest and (kept["digest"] != digest or row["total"] == ""):
            return None
        return row

    def keep(self, student: Student, marks: Marks, digest: str) -> None:
        """Write what there is to say to and of one student."""
        folder = self._folder(student)
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "feedback.txt", marks.feedback())
        _write(self.results(student), json.dumps(
            {**marks.gradescope(),
             "extra_data": {"row": marks.row(), "digest": digest}},
            indent=1, allow_nan=False) + "\n")

    def stumbled(self, student: Student, exercise: str, detail: str) -> None:
        """Note an error of our own, for who maintains the grader."""
        with (self.out / "errors.txt").open("a", encoding="utf-8") as notes:
            notes.write(f"{student.name}, {exercise}: {ERROR}\n{detail}\n")

    def table(self, students: Sequence[Student], exercises: Sequence[str]
              ) -> Path:
        """Write grades.csv, of those who have been graded."""
        text = io.StringIO(newline="")
        columns = ["name", *exercises, "total", "seed", "reason"]
        table = csv.writer(text)
        table.writerow(columns)
        for student in students:
            row = self.row(student)
            if row is not None:
                table.writerow([harmless(row.get(column, ""))
                                for column in columns])
        place = self.out / "grades.csv"
        _write(place, text.getvalue())
        return place
