"""Grading a class: every exercise of every student, several at a time."""

from __future__ import annotations

import errno
import random
import select
from collections import deque
from dataclasses import dataclass
from typing import Callable, Optional, Sequence

from .. import program
from ..calls import CallLog
from ..judging import Score, Verdict, unjudged
from .students import Student, digest, grader
from ..judges import exercises, judge_of
from .gradebook import Ledger
from .grades import Mark, Marks
from ..judging.submission import grade
from .sandboxed import Stranger, own_disk
from .worker import Answer, Worker

BOUND = 180.0  # seconds that one exercise of one student may take
SEEDS = 10 ** 15  # so many that no program can try them all

Say = Callable[[int, int, str], None]  # how many are done, of how many; a line


def new_seed() -> int:
    """Return a seed that nobody guesses."""
    return random.SystemRandom().randrange(SEEDS)


@dataclass(frozen=True)
class Batch:
    """Who is graded in what, and how; `jobs` is how many at a time."""

    students: Sequence[Student]
    seed: int
    stranger: Stranger
    jobs: int
    names: tuple[str, ...] = ()
    bound: float = BOUND

    @property
    def exercises(self) -> tuple[str, ...]:
        """The names of the exercises, in order."""
        return self.names or tuple(e.name for e in exercises())


def judged(batch: Batch, student: Student, exercise: str) -> Score:
    """Judge one exercise of one student, in a worker."""
    stranger = batch.stranger
    if stranger.running.namespaces:
        own_disk()
        stranger = stranger.at(program.scratch())
    try:
        return grade(student.answer(exercise), exercise, batch.seed,
                     stranger.running, stranger.build)
    except TimeoutError as error:
        return unjudged(exercise, batch.seed, judge_of(exercise).checks,
                        f"a conversation with it took too long ({error})",
                        Verdict.HUNG)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return unjudged(exercise, batch.seed, judge_of(exercise).checks,
                        "it filled the disk on which it was judged")


def mark(batch: Batch, exercise: str, answer: Answer) -> Mark:
    """Make a mark of what a worker answered."""
    if answer.late:
        return Mark(exercise, unjudged(
            exercise, batch.seed, judge_of(exercise).checks,
            f"judging it took more than {batch.bound:g} seconds",
            Verdict.HUNG))
    if answer.error:
        return Mark(exercise, error=answer.error)
    return Mark(exercise, answer.value)


def answers(work: Sequence[Callable[[], Score]], jobs: int, bound: float):
    """Do pieces of work, `jobs` at a time; yield (number, Answer)."""
    waiting, busy = deque(enumerate(work)), {}
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                number, piece = waiting.popleft()
                busy[Worker(piece, bound)] = number
            ready, _, _ = select.select(
                list(busy), [], [], min(worker.left for worker in busy))
            for worker in ready or [w for w in busy if not w.left]:
                number, answer = busy[worker], worker.answer()
                worker.close()
                del busy[worker]
                yield number, answer
    finally:
        for worker in busy:
            worker.close()


def grade_all(batch: Batch, ledger: Ledger, say: Say,
              anew: Optional[Student] = None) -> list[Student]:
    """Grade whoever has not been; return whom the grader failed.

    Who has been graded as he handed in stays as he is, but for `anew`. Each
    is written down as soon as he is done.
    """
    CallLog()  # its library is built here, for all workers
    ours = grader()
    tags = {student: digest(student, batch.exercises, ours, batch.seed)
            for student in batch.students}
    due = [student for student in batch.students
           if student == anew or anew is None
           and ledger.row(student, tags[student]) is None]
    pieces = [(student, exercise) for student in due
              for exercise in batch.exercises]
    got: dict[Student, dict[str, Mark]] = {student: {} for student in due}
    failed = []
    for number, answer in answers(
            [lambda s=s, e=e: judged(batch, s, e) for s, e in pieces],
            batch.jobs, batch.bound):
        student, exercise = pieces[number]
        got[student][exercise] = mark(batch, exercise, answer)
        if answer.error:
            ledger.stumbled(student, exercise, answer.detail or answer.error)
        if len(got[student]) < len(batch.exercises):
            continue
        marks = Marks(student.name, batch.seed, tuple(
            got[student][name] for name in batch.exercises))
        ledger.keep(student, marks, tags[student])
        if marks.total is None:
            failed.append(student)
        done = sum(len(m) == len(batch.exercises) for m in got.values())
        say(done, len(due), f"{student.name}: " + (
            "not graded" if marks.total is None else f"{marks.total}"))
    return failed
