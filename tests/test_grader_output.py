"""The grader: what it writes is text, whatever a student is called or does."""

from __future__ import annotations

import json
import os

import pytest

from grading import FIRST, graded, hand_in, judge, score
from lab import printable
from lab.judges import judge_of
from lab.judging import Result, Score, Verdict

NAMES = {  # as a folder is called, and as it stands in a table
    "Zoë Müller": "Zoë Müller", "O'Brien \"x\"": "O'Brien \"x\"",
    "=cmd|'C calc'!A0": "'=cmd|'C calc'!A0", "-rf": "'-rf", "ann": "ann",
    "a;=HYPERLINK(1)": "'a,=HYPERLINK(1)", "a\nb": "a\\x0ab",
    "\x1b[31mred": "\\x1b[31mred", "\u202etxt": "\\u202etxt",
    "مریم می\u200cخواهد": "مریم می\u200cخواهد", "a\\b": "a\\\\b"}


def test_odd_names_are_names(classroom, monkeypatch):
    for name in NAMES:
        hand_in(classroom, name)
    judge(monkeypatch, lambda _: score())
    rows = graded(classroom)
    assert set(rows) == set(NAMES.values())
    assert all(row["total"] == "100" for row in rows.values())
    for name in NAMES:
        folder = classroom.with_name("grades") / "students" / name
        said = (folder / "feedback.txt").read_text()
        assert said.startswith(
            f"{printable.name(name)}: 100 of 100 points\n")
        assert all(c.isprintable() or c in "\n\u200c" for c in said)


def test_names_that_are_no_text_stay_two(classroom, monkeypatch):
    for name in (b"caf\xe9", b"caf\xe8", b"caf\\xe9"):
        hand_in(classroom, os.fsdecode(name))
    judge(monkeypatch, lambda _: score())
    assert set(graded(classroom)) == {"caf\\xe9", "caf\\xe8", "caf\\\\xe9"}


@pytest.mark.parametrize("formula", ("=1+1", "+1", "-1", "@x", "\tx", "\rx",
                                     " =1", "a;=1+1", "\"=1"))
def test_no_cell_is_a_formula(formula):
    cell = printable.cell(formula)
    assert cell.startswith("'") and ";" not in cell and cell.isprintable()
    assert printable.cell(cell) == cell
    assert printable.cell("plain =1+1") == "plain =1+1"
    assert printable.cell(-1) == -1


def test_a_sentence_without_end_is_cut_in_the_middle(classroom, monkeypatch):
    hand_in(classroom, "ann")
    judge(monkeypatch, lambda _: Score(FIRST, 7, tuple(
        Result(check, Verdict.FAILED, "one", "\x1b[2J" + "z" * 10 ** 6)
        for check in judge_of(FIRST).checks)))
    graded(classroom)
    folder = classroom.with_name("grades") / "students" / "ann"
    for file in (folder / "feedback.txt", folder / "results.json"):
        said = file.read_text()
        assert "characters left out" in said.replace("\n" + " " * 16, " ")
        assert len(said) < 200_000 and "\x1b" not in said


def test_results_are_what_gradescope_documents(classroom, monkeypatch):
    hand_in(classroom, "ann")
    judge(monkeypatch, lambda _: score(60, Verdict.HUNG))
    graded(classroom)
    told = json.loads((classroom.with_name("grades") / "students" / "ann" /
                       "results.json").read_text())
    assert set(told) <= {
        "score", "execution_time", "output", "output_format",
        "test_output_format", "visibility", "stdout_visibility", "extra_data",
        "leaderboard", "tests"}
    assert told["score"] == sum(test["score"] for test in told["tests"])
    assert sum(test["max_score"] for test in told["tests"]) == 100
    for number, test in enumerate(told["tests"], 1):
        assert set(test) <= {"score", "max_score", "status", "name", "number",
                             "output", "output_format", "tags", "visibility",
                             "extra_data"}
        assert test["status"] in ("passed", "failed")
        assert test["visibility"] == "visible"
        assert test["number"] == str(number)
        assert 0 <= test["score"] <= test["max_score"]
