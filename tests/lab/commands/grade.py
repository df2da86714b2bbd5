"""make grade: grade a class. make regrade: grade one student again.

What is asked for stands in the environment (asked.py): SUBMISSIONS, and if you
like EXERCISE, ROSTER, OUT, JOBS, SEED, UNSAFE, STUDENT.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Callable, Mapping, Optional

from .. import printable
from ..classroom import manifest, roster
from ..classroom.admission import NoSubmissions, check, students
from ..classroom.batch import Batch, new_seed
from ..classroom.gradebook import Gradebook, WrongFolder, kept_run
from ..classroom.sandboxed import Treatment, make_treatment, trouble
from ..classroom.students import Student
from ..classroom.summary import doubts
from ..classroom.worker import Worker
from ..judges import exercise, exercises
from ..program import NotInstalled
from .asked import UsageError, number
from .terminal import draws_over

UNSAFE = ("this system forbids the walls around a submission ({why}), so one "
          "could read and change what it likes, and nothing was graded; "
          "make doctor says what to do, UNSAFE=1 grades all the same")


def places(environ: Mapping[str, str]) -> tuple[Path, Path]:
    """Return where the submissions are, and where the grades go."""
    word = environ.get("SUBMISSIONS", "")
    if not word:
        raise UsageError("SUBMISSIONS=folder is missing: name the folder that "
                         "they are in")
    submissions = Path(word).resolve()
    if not submissions.name:
        raise UsageError(f"SUBMISSIONS={submissions}: name a folder of "
                         "submissions, not the whole disk")
    beside = submissions.with_name(submissions.name + "-grades")
    out = Path(environ.get("OUT") or beside).resolve()
    if out == submissions or submissions in out.parents:
        raise UsageError(f"OUT={out} lies among the submissions: name a "
                         "folder elsewhere")
    return submissions, out


def wanted(environ: Mapping[str, str], out: Path) -> tuple[str, ...]:
    """Return the exercises that EXERCISE asks for: one of them, or all.

    One student is graded again in what the class was.
    """
    word = environ.get("EXERCISE", "")
    kept = kept_run(out) if "STUDENT" in environ else None
    if word:
        return (exercise(word).name,)
    return kept[1] if kept else tuple(f.name for f in exercises())


def the_treatment(hides: tuple[str, ...], unsafe: bool) -> Treatment:
    """Return how to treat submissions here; raises NotInstalled."""
    sandboxed = make_treatment(hides)
    with Worker(lambda: trouble(sandboxed), 60.0) as worker:
        answer = worker.answer()
    if answer.late or answer.error:
        raise NotInstalled(answer.error or "the walls are not up in a minute")
    why = answer.value
    if not why:
        return sandboxed
    if not unsafe:
        raise NotInstalled(UNSAFE.format(why=why))
    print(f"UNSAFE: no walls here ({why})", file=sys.stderr)
    return make_treatment(sandboxed=False)


def _progress() -> Callable[[str], None]:
    """Return what says how far we are: a line that goes over itself."""
    fresh = draws_over(sys.stderr)

    def say(line: str) -> None:
        start = "\r\033[K" if fresh else ""
        print(f"{start}{line}", end="" if fresh else "\n", file=sys.stderr,
              flush=True)
    return say


def _asked_for(environ: Mapping[str, str], among: list[Student]
               ) -> Optional[Student]:
    """Return the one student to grade again."""
    if "STUDENT" not in environ:
        return None
    name = environ["STUDENT"]
    if not name:
        raise UsageError("STUDENT=name is missing: whom to grade again")
    found = [student for student in among
             if name in (student.key, student.name)]
    if not found:
        raise UsageError(f"STUDENT {name!r}: no folder of that name")
    return found[0]


def _absent(environ: Mapping[str, str], people: list[manifest.Row]
            ) -> list[roster.Listed]:
    """Return who of ROSTER handed in nothing; raises BadRoster."""
    if not environ.get("ROSTER"):
        return []
    gone, doubts_of = roster.absent(roster.read(Path(environ["ROSTER"])),
                                    people)
    for doubt in doubts_of:
        print(f"ROSTER: {printable.line(doubt)}", file=sys.stderr)
    return gone


def run(environ: Mapping[str, str]) -> int:
    """Grade as the environment says; raises UsageError and its kind."""
    submissions, out = places(environ)
    names = wanted(environ, out)
    among = students(submissions)
    anew = _asked_for(environ, among)
    seed, jobs = number("SEED", environ), number("JOBS", environ)
    attendance = check(submissions, among, names)
    if not anew:
        names = attendance.handed_in(len(among))
    treatment = the_treatment((str(submissions), str(out)),
                            environ.get("UNSAFE") == "1")
    people = manifest.by_folder(submissions, [s.key for s in among])
    gone = _absent(environ, people)
    book = Gradebook(out)
    batch = Batch(among, book.seed(seed, new_seed(), names), treatment,
                  jobs or os.cpu_count() or 1, names)
    try:
        failed = book.fill(batch, _progress(), anew)
    finally:
        if draws_over(sys.stderr):
            print(file=sys.stderr)
        table = book.table(list(zip(among, people)), gone, names)
    print(f"seed {batch.seed}\n{table}\n{table.with_name('summary.txt')}")
    for line in [*attendance.said(len(among)), *doubts(
            book.class_of(among), names)]:
        print(f"grade: {line}", file=sys.stderr)
    if failed:
        print(f"grade: {len(failed)} could not be graded, by the grader's own "
              f"error: see {out}/errors.txt; make grade tries them again",
              file=sys.stderr)
    return 1 if failed else 0


def main(_: list[str]) -> int:
    """grade: 1 if anybody is left ungraded, 2 for a wrong command line."""
    environ = {k: v for k, v in os.environ.items() if k != "STUDENT"}
    return _told("grade", environ)


def again(_: list[str]) -> int:
    """regrade: one student, by the name of his folder."""
    return _told("regrade", {"STUDENT": "", **os.environ})


def _told(name: str, environ: Mapping[str, str]) -> int:
    """Run; what is wrong with the words is a sentence and 2."""
    try:
        return run(environ)
    except (UsageError, NoSubmissions, WrongFolder, manifest.Damaged,
            roster.BadRoster) as error:
        print(f"{name}: {printable.text(str(error))}", file=sys.stderr)
        return 2
