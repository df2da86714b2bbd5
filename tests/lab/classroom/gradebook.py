"""Where the grades of a class are kept: a folder that only we write.

    grades.csv              a row a student
    summary.txt             what the class found hard
    moodle.csv, canvas.csv  what these sites import, if they gave it out
    run.json                the seed, and the exercises
    errors.txt              what the grader itself stumbled over, if it did
    students/NAME/          feedback.txt and results.json

The table is made of the students' files each time, so a run that was broken
off goes on where it was, and one student graded anew changes one row.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional, Sequence

from .. import printable
from .batch import Batch, Say, grade_all
from .grades import ERROR, Grades
from .layouts import layouts
from .manifest import COLUMNS, Row
from .roster import Listed
from .students import Student
from .summary import summary
from .tables import write_table, write_whole


class WrongFolder(Exception):
    """The folder holds something else; the text says what, and what to do."""


def kept_run(out: Path) -> Optional[tuple[int, tuple[str, ...]]]:
    """Return the seed and the exercises of the grades in a folder.

    None if there are no grades. Raises WrongFolder.
    """
    place = out / "run.json"
    try:
        kept = json.loads(place.read_text(encoding="utf-8"))
        return int(kept["seed"]), tuple(map(str, kept["exercises"]))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise WrongFolder(f"{place} is damaged ({error!r}): remove it, or "
                          "name another folder in OUT") from error


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
        kept = kept_run(self.out)
        if kept is None:
            seed = new if asked is None else asked
            write_whole(self.out / "run.json", json.dumps(
                {"seed": seed, "exercises": list(exercises)}) + "\n")
            return seed
        seed, names = kept
        what = f"seed {seed}" if asked not in (None, seed) else \
            f"exercises {', '.join(names)}" if names != tuple(exercises) \
            else ""
        if what:
            raise WrongFolder(f"{self.out} holds grades of {what}: ask for "
                              "that, name another folder in OUT, or remove "
                              "this one")
        return seed

    def _folder(self, student: Student) -> Path:
        return self.out / "students" / student.key

    def results(self, student: Student) -> Path:
        """Return where the results of a student are."""
        return self._folder(student) / "results.json"

    def kept(self, student: Student) -> dict[str, Any]:
        """Return what is known of a student: row, digest, outcomes; or {}."""
        try:
            kept = json.loads(self.results(student).read_text(
                encoding="utf-8"))["extra_data"]
            return kept if {"row", "digest", "outcomes"} <= set(kept) else {}
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
        outcomes = {g.exercise: g.outcome() for g in grades.grades}
        write_whole(self.results(student), json.dumps(
            {**grades.gradescope(),
             "extra_data": {"row": grades.row(), "outcomes": outcomes,
                            "digest": digest}},
            indent=1, allow_nan=False) + "\n")

    def _note(self, said: str) -> None:
        """Note an error of our own, for who maintains the grader."""
        with (self.out / "errors.txt").open(
                "a", encoding="utf-8", errors="replace") as notes:
            notes.write(said)

    def fill(self, batch: Batch, say: Say, anew: Optional[Student] = None
             ) -> list[Student]:
        """Grade who has not been graded as he handed in, and `anew`.

        Returns whom the grader failed. Each is written down as he is done.
        """
        failed = []
        for one in grade_all(batch, say, self.is_graded, anew):
            self.write(one.student, one.grades, one.digest)
            for exercise, note in one.notes:
                self._note(f"{one.student.name}, {exercise}: {ERROR}\n"
                           f"{printable.page(note)}\n")
            if one.grades.total is None:
                failed.append(one.student)
        return failed

    def _rows(self, graded: Sequence[tuple[Student, Row]],
              exercises: Sequence[str]) -> list[dict[str, Any]]:
        """Return the rows of those who have been graded."""
        found = []
        for student, person in graded:
            kept = self.kept(student)
            if kept:
                cells = person.cells()
                cells["name"] = person.name or kept["row"]["name"]
                found.append({**kept["row"], **cells})
        return found

    def class_of(self, graded: Sequence[Student]) -> list[dict[str, Any]]:
        """Return what is known of those who have been graded: kept, and name.
        """
        known = [(student, self.kept(student)) for student in graded]
        return [{"name": student.name, **kept}
                for student, kept in known if kept]

    def table(self, graded: Sequence[tuple[Student, Row]],
              absent: Sequence[Listed], exercises: Sequence[str]) -> Path:
        """Write grades.csv, summary.txt, and what course sites import.

        `absent` handed in nothing, and have rows in grades.csv alone.
        """
        rows = self._rows(graded, exercises)
        from_site = any(person.site for _, person in graded)
        who = tuple(COLUMNS) if from_site else ("name",)
        nothing = [{"name": one.name, "login": ", ".join(sorted(one.keys)),
                    **dict.fromkeys((*exercises, "total"), 0),
                    "reason": "handed in nothing"} for one in absent]
        for layout in layouts():
            mine = [row for row in rows if row["site"] == layout.name]
            if layout.importing and mine:
                write_table(self.out / f"{layout.name}.csv",
                            *layout.importing(mine, exercises))
        write_whole(self.out / "summary.txt", summary(
            self.class_of([student for student, _ in graded]), exercises,
            len(absent)))
        return write_table(
            self.out / "grades.csv",
            [*who, *exercises, "total", "seed", "reason"], [*rows, *nothing])
