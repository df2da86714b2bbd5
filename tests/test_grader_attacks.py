"""The grader with the real judge: attacks among honest answers, and a class.

The attacks are those of tests/attacks/.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import time
from glob import glob
from pathlib import Path
from typing import Any, Callable, Iterable

import pytest

import wrong_answers
from grading import FIRST, SOLUTION, STARTER, graded, hand_in
from lab import program
from lab.classroom import batch
from lab.classroom.students import Student
from lab.judges import judge_of
from test_walls import armed, comms, unheard_of

TESTS = program.ROOT / "tests"
HONEST = {"honest": SOLUTION, "a beginner": STARTER,
          "nearly": wrong_answers.WRONG / FIRST / "one-read.diff",
          "her own way": TESTS / "right" / FIRST / "stdio.c"}
QUICK = ("reads", "writes-its-own-grade", "forges-the-calls", "daemon",
         "kills", "prints-a-gigabyte", "includes")
SLOW = tuple(sorted({source.stem for source in (TESTS / "attacks").glob("*.c")}
                    - set(QUICK)))


def mounts() -> list[str]:
    """Return what is mounted here."""
    return Path("/proc/self/mountinfo").read_text().splitlines()


def offspring() -> set[int]:
    """Return every process that descends from this one."""
    found, todo = set(), [os.getpid()]
    while todo:
        for task in glob(f"/proc/{todo.pop()}/task/*/children"):
            with contextlib.suppress(OSError):  # it has just ended
                children = [*map(int, Path(task).read_text().split())]
                found.update(children)
                todo += children
    return found


def remains(look: Callable[[], Iterable[Any]], before: Iterable[Any] = ()
            ) -> set[Any]:
    """Return what a look finds that was not there before, and does not go."""
    begun = time.monotonic()
    while {*look()} - {*before} and time.monotonic() - begun < 20:
        select.select([], [], [], 0.01)
    return {*look()} - {*before}


def hostile(classroom: Path, name: str, left: str) -> None:
    """Let an attack be handed in; what it leaves behind is called `left`."""
    folder = hand_in(classroom, name)
    armed(name, folder, SECRET=SOLUTION, PORT=1, KEY=1, ADDRESS="127.0.0.1",
          OUT=classroom.with_name("grades"), NAME=left)
    made = classroom.with_name("made-by-make")
    (folder / "Makefile").write_text(f"all:\n\ttouch '{made}'\n")
    (folder / "results.json").write_text('{"score": 100}\n')


@pytest.mark.namespaces
@pytest.mark.answers
@pytest.mark.soak()
def test_an_attack_changes_nobodys_grade_and_leaves_nothing(classroom, soak):
    """The bombs go off here: each wall they meet has its test in test_walls.

    Around those walls stand the process namespace, in which they all end with
    their first process, and RLIMIT_CPU.
    """
    few = tuple(HONEST) if soak else ("honest",)
    for name in few:
        hand_in(classroom, name, HONEST[name])
    before = graded(classroom)
    mounted, running, left = mounts(), offspring(), unheard_of()
    for name in SLOW + QUICK if soak else QUICK:
        hostile(classroom, name, left)
    linked = hand_in(classroom, "linked")
    (linked / "server.c").unlink()
    (linked / "server.c").symlink_to(classroom / "honest" / FIRST /
                                     "server.c")
    shutil.rmtree(classroom.with_name("grades"))
    after = graded(classroom)
    assert {name: after.pop(name) for name in few} == before
    assert before["honest"]["total"] == "100"
    for name, row in after.items():
        assert row["total"].isdigit() and int(row["total"]) < 30, row
        assert row["reason"], row
    feedback = [file.read_text() for file in
                classroom.with_name("grades").rglob("feedback.txt")]
    assert not any("STOLEN" in said or "Traceback" in said
                   for said in feedback)
    assert not classroom.with_name("made-by-make").exists()
    assert mounts() == mounted and not remains(offspring, running)
    assert not remains(lambda: {left} & {*comms()})


@pytest.mark.namespaces
@pytest.mark.answers
def test_a_known_seed_is_worth_something_and_a_drawn_one_is_not(classroom):
    """Who knows the seed knows the thanks before they are said."""
    seed = Student(classroom / "prophet").seed(7)
    thanks = judge_of(FIRST).conversations["polite"].inputs(
        seed)["thanks"].decode()
    text = wrong_answers.read(
        wrong_answers.WRONG / FIRST / "success-without-reading.diff"
    ).sources()["server.c"]
    assert text.count(": Thank you\\n") == 1
    (hand_in(classroom, "prophet") / "server.c").write_text(
        text.replace(": Thank you\\n", f": {thanks}\\n"))
    known = graded(classroom)["prophet"]
    shutil.rmtree(classroom.with_name("grades"))
    drawn = graded(classroom, seed=batch.new_seed())["prophet"]
    assert int(known["total"]) > int(drawn["total"])


@pytest.mark.namespaces
@pytest.mark.answers
@pytest.mark.soak()
def test_the_same_seed_gives_the_same_table(classroom, soak):
    answers = [*sorted((TESTS / "right" / FIRST).glob("*.c")), SOLUTION,
               STARTER, *wrong_answers.paths(FIRST)]
    for number in range(60 if soak else 3):
        hand_in(classroom, f"student {number:02}",
                answers[number * (1 if soak else 3) % len(answers)])
    mounted, running, tables = mounts(), offspring(), []
    for _ in range(3 if soak else 2):
        graded(classroom)
        out = classroom.with_name("grades")
        tables.append((out / "grades.csv").read_bytes())
        shutil.rmtree(out)
    assert len(set(tables)) == 1, tables
    assert mounts() == mounted and not remains(offspring, running)
