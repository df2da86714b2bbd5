"""Grading a class: every exercise of every student, several at a time."""

from __future__ import annotations

import errno
import random
import select
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator, Optional, Sequence

from .. import printable, program
from ..calls import CallLog
from ..judges import exercises, grade, judge_of
from ..judging import Score, Verdict, unjudged
from ..judging.submission import Refused
from ..sandbox import Sandbox, SandboxDied, cgroups
from .grades import Grade, Grades, presentable
from .sandboxed import Treatment, bounded, own_disk
from .sources import Found
from .students import Student, digest, found_in, grader, refused
from .worker import GLANCE, Answer, Worker

# Seconds that one exercise of one student may take, waiting for a processor
# not counted.
BOUND = 60.0
BROUGHT_DOWN = "it brought down the sandbox that it ran in"
SEEDS = 10 ** 15  # so many that no program can try them all

Say = Callable[[str], None]  # a line of progress
Work = Callable[[], Score]


def new_seed() -> int:
    """Return a seed that nobody guesses."""
    return random.SystemRandom().randrange(SEEDS)


@dataclass(frozen=True)
class Batch:
    """Who is graded in what, and how; `jobs` is how many at a time."""

    students: Sequence[Student]
    seed: int
    treatment: Treatment
    jobs: int
    names: tuple[str, ...] = ()
    bound: float = BOUND

    @property
    def exercises(self) -> tuple[str, ...]:
        """The names of the exercises, in order."""
        return self.names or tuple(e.name for e in exercises())

    def found(self, student: Student) -> dict[str, dict[str, Found]]:
        """Return the sources that a student handed in, by exercise."""
        return found_in(student.tree(), self.exercises)


def judged(batch: Batch, student: Student, exercise: str) -> Score:
    """Judge one exercise of one student, in a worker."""
    treatment, seed = batch.treatment, student.seed(batch.seed)
    if treatment.running.namespaces:
        own_disk()
        treatment = treatment.at(program.scratch())
    folder = Path(tempfile.mkdtemp(dir=program.scratch()))
    for name, source in batch.found(student)[exercise].items():
        if isinstance(source, Refused):
            return not_judged(exercise, seed, str(source))
        (folder / name).write_bytes(source.content)
    try:
        with bounded() as group:
            walls = treatment.within(group)
            return grade(folder, exercise, seed,
                         lambda: Sandbox(walls.running), walls.build)
    except SandboxDied as error:
        if not error.ran:
            raise
        return not_judged(exercise, seed, BROUGHT_DOWN, Verdict.CRASHED)
    except TimeoutError as error:
        return not_judged(exercise, seed, "a conversation with it took too "
                          f"long ({error})", Verdict.HUNG)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return not_judged(exercise, seed,
                          "it filled the disk on which it was judged")


def not_judged(exercise: str, seed: int, why: str,
               verdict: Verdict = Verdict.FAILED) -> Score:
    """Return the score of what could not be run."""
    return unjudged(exercise, seed, judge_of(exercise).checks, why, verdict)


def brought_down(answer: Answer) -> str:
    """Return a note for an instructor if a program broke its sandbox."""
    if isinstance(answer.value, Score) \
            and answer.value.trouble == BROUGHT_DOWN:
        return (f"{BROUGHT_DOWN}, and gets no points: if that happens to "
                "others too, it is an error of the grader\n")
    return ""


def graded(batch: Batch, student: Student, exercise: str, answer: Answer
           ) -> Grade:
    """Make a grade of what a worker answered."""
    if answer.late:
        return Grade(exercise, not_judged(
            exercise, student.seed(batch.seed),
            f"judging it took more than {batch.bound:g} seconds",
            Verdict.HUNG))
    if answer.error:
        return Grade(exercise, error=printable.line(answer.error))
    return Grade(exercise, presentable(answer.value))


def answers(work: Sequence[Work], jobs: int, bound: float
            ) -> Iterator[tuple[int, Answer]]:
    """Do pieces of work, `jobs` at a time; yield (number, Answer)."""
    waiting, busy = deque(enumerate(work)), {}
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                number, piece = waiting.popleft()
                busy[Worker(piece, bound)] = number
            ready, _, _ = select.select(
                list(busy), [], [],
                min(GLANCE, *(worker.remaining for worker in busy)))
            for worker in ready or [w for w in busy if not w.remaining]:
                number, answer = busy[worker], worker.answer()
                worker.close()
                del busy[worker]
                yield number, answer
    finally:
        for worker in busy:
            worker.close()


@dataclass(frozen=True)
class Graded:
    """What one student got; `digest` tells this very hand-in from others.

    `notes` are for who maintains the grader: an exercise, and what happened.
    """

    student: Student
    grades: Grades
    digest: str
    notes: tuple[tuple[str, str], ...]


class Progress:
    """How far we are: a line a student, with the time that is left."""

    def __init__(self, students: int, pieces: int, say: Say) -> None:
        self._students, self._pieces, self._say = students, pieces, say
        self._begun = time.monotonic()
        self._graded = self._worked = 0

    def worked(self) -> None:
        """One more piece of the work is done."""
        self._worked += 1

    def graded(self, grades: Grades) -> None:
        """One more student is done."""
        self._graded += 1
        said = "not graded" if grades.total is None else f"{grades.total}"
        self._say(f"[{self._graded}/{self._students}] {grades.student}: "
                  f"{said}{self._left()}")

    def _left(self) -> str:
        """Estimate the time that is left, from what the work took so far."""
        left = self._pieces - self._worked
        if not left or not self._worked:
            return ""
        took = time.monotonic() - self._begun
        seconds = took / self._worked * left
        return f", {seconds / 60:.0f} min left" if seconds >= 90 else \
            f", {seconds:.0f} s left"


@dataclass
class _Due:
    """One who is still to be graded, and what is known so far."""

    digest: str
    grades: dict[str, Grade] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)


def _due(batch: Batch, is_graded: Callable[[Student, str], bool],
         anew: Optional[Student]) -> dict[Student, _Due]:
    """Look at what everybody handed in.

    What isn't there costs nothing: it needs no worker.
    """
    due: dict[Student, _Due] = {}
    ours = grader()
    for student in batch.students:
        if anew not in (None, student):
            continue
        found = batch.found(student)
        tag = digest(found, ours, batch.seed)
        if anew is None and is_graded(student, tag):
            continue
        due[student] = _Due(tag)
        for exercise, sources in found.items():
            missing = refused(sources)
            if missing:
                due[student].grades[exercise] = Grade(exercise, presentable(
                    not_judged(exercise, student.seed(batch.seed),
                               str(missing[0]))))
    return due


def grade_all(batch: Batch, say: Say,
              is_graded: Callable[[Student, str], bool] = lambda *_: False,
              anew: Optional[Student] = None) -> Iterator[Graded]:
    """Grade whoever has not been, each as soon as he is done.

    Whose hand-in of a digest `is_graded` is left out, but for `anew`.
    """
    CallLog()  # its library is built here, for all workers
    due = _due(batch, is_graded, anew)
    pieces = [(student, exercise) for student, one in due.items()
              for exercise in batch.exercises if exercise not in one.grades]
    progress = Progress(len(due), len(pieces), say)

    def finished(student: Student) -> Iterator[Graded]:
        one = due[student]
        if len(one.grades) == len(batch.exercises):
            grades = Grades(student.name, student.seed(batch.seed), tuple(
                one.grades[name] for name in batch.exercises))
            yield Graded(student, grades, one.digest, tuple(one.notes))
            progress.graded(grades)

    for student in due:
        yield from finished(student)
    work: list[Work] = [lambda s=s, e=e: judged(batch, s, e)  # type: ignore
                        for s, e in pieces]
    for number, answer in answers(work, batch.jobs, batch.bound):
        student, exercise = pieces[number]
        note = answer.detail or answer.error or brought_down(answer)
        if note:
            due[student].notes.append((exercise, note))
        due[student].grades[exercise] = graded(batch, student, exercise,
                                               answer)
        progress.worked()
        yield from finished(student)
    cgroups.sweep(cgroups.EMPTY)
