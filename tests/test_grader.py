"""The grader: a class is graded, and again, whatever goes wrong meanwhile.

A judge of the test's own stands in the place of the real one: what is asked is
what becomes of a score, a crash of the judge, a break-off.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
from dataclasses import replace

import pytest

from grading import FIRST, STARTER, graded, hand_in, judge, score
from lab.classroom import batch
from lab.classroom.admission import students
from lab.classroom.batch import Batch
from lab.classroom.gradebook import Gradebook
from lab.classroom.sandboxed import make_treatment
from lab.classroom.students import Student
from lab.judging import Score, Verdict
from lab.sandbox import SandboxDied


def test_missing_exercises_score_nothing_with_that_reason(classroom):
    (classroom / "ann").mkdir()
    (classroom / "a letter to the teacher.txt").write_text("Dear Sir\n")
    rows = graded(classroom)
    assert list(rows) == ["ann"]
    assert (rows["ann"]["total"], rows["ann"]["reason"]) == (
        "0", "01 failed: there is no server.c: nothing was handed in")


def raises(_: Student) -> Score:
    raise ZeroDivisionError("of ours")


def dies(student: Student) -> Score:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def hangs(student: Student) -> Score:
    select.select([], [], [])
    raise AssertionError("unreachable")


def test_four_words_tell_four_troubles_apart(classroom, monkeypatch):
    what = {"fails": lambda _: score(50),
            "hangs": lambda _: score(50, Verdict.HUNG),
            "crashes": lambda _: score(50, Verdict.CRASHED),
            "meets our error": raises, "kills its judge": dies,
            "takes for ever": hangs, "well": lambda _: score()}
    for name in what:
        hand_in(classroom, name)
    judge(monkeypatch, lambda student: what[student.key](student))
    rows = graded(classroom, bound=2.0)
    words = {name: row["reason"].partition(":")[0]
             for name, row in rows.items()}
    assert words == {
        "fails": "01 failed", "hangs": "01 timed out",
        "crashes": "01 crashed", "meets our error": "01 grader's error",
        "kills its judge": "01 grader's error",
        "takes for ever": "01 timed out", "well": ""}
    totals = {name: row["total"] for name, row in rows.items()}
    assert totals["fails"] == totals["hangs"] == totals["crashes"] == "36"
    assert totals["takes for ever"] == "0" and totals["well"] == "100"
    assert totals["meets our error"] == totals["kills its judge"] == ""


def test_each_student_has_a_seed_of_their_own(classroom, monkeypatch):
    for name in ("ann", "bob"):
        hand_in(classroom, name)
    monkeypatch.setattr(batch, "grade", lambda *words: replace(
        score(0), seed=words[2], trouble=f"seed {words[2]}"))
    rows = graded(classroom)
    assert rows["ann"]["seed"] != rows["bob"]["seed"]
    for name, row in rows.items():
        assert row["reason"].endswith(f"seed {row['seed']}")
        assert int(row["seed"]) == Student(classroom / name).seed(7)
    shutil.rmtree(classroom.with_name("grades"))
    assert graded(classroom) == rows
    shutil.rmtree(classroom.with_name("grades"))
    assert graded(classroom, seed=8)["ann"]["seed"] != rows["ann"]["seed"]


def test_our_error_is_told_to_us_and_not_to_the_student(classroom,
                                                        monkeypatch):
    hand_in(classroom, "ann")
    judge(monkeypatch, raises)
    graded(classroom)
    out = classroom.with_name("grades")
    assert "ZeroDivisionError" in (out / "errors.txt").read_text()
    for file in (out / "students" / "ann").iterdir():
        assert "Traceback" not in file.read_text()
        assert "The grader itself failed here" in file.read_text()
    told = json.loads((out / "students" / "ann" / "results.json").read_text())
    assert "score" not in told
    judge(monkeypatch, lambda _: score())  # mended
    assert graded(classroom)["ann"]["total"] == "100"


@pytest.mark.parametrize("ran,total", ((True, "0"), (False, "")))
def test_who_brings_his_sandbox_down_has_crashed_and_is_noted(
        classroom, monkeypatch, ran, total):
    """One that ends before a program runs in it is an error of ours."""
    def dies(*_: object) -> None:
        raise SandboxDied(ran)
    hand_in(classroom, "ann")
    monkeypatch.setattr(batch, "grade", dies)
    row = graded(classroom)["ann"]
    assert row["total"] == total
    noted = (classroom.with_name("grades") / "errors.txt").read_text()
    assert ("it brought down the sandbox that it ran in" in noted) == ran


def test_it_goes_on_where_it_was_broken_off(classroom, monkeypatch):
    for name in "abcdef":
        hand_in(classroom, name)
    judge(monkeypatch, lambda _: score(45))
    told: list[str] = []

    def broken(line: str) -> None:
        told.append(line)
        if len(told) == 3:
            raise KeyboardInterrupt
    among, book = students(classroom), Gradebook(classroom.with_name("grades"))
    with pytest.raises(KeyboardInterrupt):
        book.fill(Batch(among, book.seed(7, 7, (FIRST,)),
                        make_treatment((str(classroom),)), 1, (FIRST,), 60.0),
                  broken)
    assert len(told) == 3
    judge(monkeypatch, lambda _: score(100))
    totals = [row["total"] for row in graded(classroom).values()]
    assert len(set(totals[:3])) == 1 and totals[3:] == ["100"] * 3
    assert totals[0] != "100"


def test_who_hands_in_again_is_graded_again(classroom, monkeypatch):
    file = hand_in(classroom, "ann", STARTER) / "server.c"
    judge(monkeypatch, lambda _: score(45))
    before = graded(classroom)
    judge(monkeypatch, lambda _: score())
    assert graded(classroom) == before
    file.write_text("int main(void) { return 0; }\n")
    assert graded(classroom)["ann"]["total"] == "100"


def test_one_graded_anew_changes_no_other_row(classroom, monkeypatch):
    for name in ("ann", "bob", "cy"):
        hand_in(classroom, name)
    judge(monkeypatch, lambda _: score(45))
    before = graded(classroom)
    judge(monkeypatch, lambda _: score())
    after = graded(classroom, anew="bob")
    assert after.pop("bob")["total"] == "100" != before.pop("bob")["total"]
    assert after == before
