"""make grade and make regrade: what is asked for, and what is refused."""

from __future__ import annotations

import pytest

from grading import FIRST, hand_in, judge, score
from lab import program
from lab.classroom import sandboxed
from lab.commands import grade as command
from lab.sandbox import NoWalls


def asked(monkeypatch, capfd, **words: object) -> tuple[int, str, str]:
    """Run the command behind make grade, or make regrade for a STUDENT."""
    for name in ("SUBMISSIONS", "EXERCISE", "OUT", "JOBS", "SEED", "UNSAFE",
                 "STUDENT"):
        monkeypatch.delenv(name, raising=False)
    for name, word in words.items():
        monkeypatch.setenv(name, str(word))
    status = command.again([]) if "STUDENT" in words else command.main([])
    said = capfd.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize("words,what", [
    ({}, "SUBMISSIONS=folder is missing"),
    ({"SUBMISSIONS": "/no such"}, "there is no such folder"),
    ({"SUBMISSIONS": "/"}, "not the whole disk"),
    ({"SUBMISSIONS": "@", "SEED": "seven"}, "SEED 'seven': not a whole number"),
    ({"SUBMISSIONS": "@", "JOBS": 5000 * "7"}, "of at most 18 digits"),
    ({"SUBMISSIONS": "@", "OUT": "@/grades"}, "lies among the submissions"),
    ({"SUBMISSIONS": "@", "STUDENT": "nobody"}, "no folder of that name")])
def test_a_wrong_command_line_is_one_sentence(classroom, monkeypatch, capfd,
                                              words, what):
    hand_in(classroom, "ann")
    status, out, err = asked(monkeypatch, capfd, **{
        name: word.replace("@", str(classroom))
        for name, word in words.items()})
    assert (status, out) == (2, "") and what in err
    assert err.count("\n") == 1 and "Traceback" not in err


def test_another_seed_wants_another_folder(classroom, monkeypatch, capfd):
    hand_in(classroom, "ann")
    judge(monkeypatch, lambda _: score())
    monkeypatch.setattr(command, "trouble", lambda _: "")
    first = asked(monkeypatch, capfd, SUBMISSIONS=classroom, SEED=7)
    assert first[0] == 0 and first[1].startswith("seed 7\n")
    assert (classroom.with_name("the submissions-grades") /
            "grades.csv").exists()
    assert asked(monkeypatch, capfd, SUBMISSIONS=classroom)[0] == 0
    again = asked(monkeypatch, capfd, SUBMISSIONS=classroom, SEED=8)
    assert again[0] == 2 and "holds grades of seed 7" in again[2]


def test_one_student_is_graded_again_in_what_the_class_was(
        classroom, monkeypatch, capfd):
    hand_in(classroom, "ann")
    judge(monkeypatch, lambda _: score())
    monkeypatch.setattr(command, "trouble", lambda _: "")
    words = {"SUBMISSIONS": classroom, "STUDENT": "ann"}
    assert asked(monkeypatch, capfd, SUBMISSIONS=classroom, EXERCISE="01")[0] \
        == asked(monkeypatch, capfd, **words)[0] == 0
    head = (classroom.with_name("the submissions-grades") /
            "grades.csv").read_text().splitlines()[0]
    assert head == f"name,{FIRST},total,seed,reason"


@pytest.mark.parametrize("kept,what", [
    ("", "is damaged"), ("[]", "is damaged"), ('{"seed": "x"}', "is damaged"),
    ('{"seed": 7, "exercises": ["02-remote-sort"]}',
     "holds grades of exercises 02-remote-sort")])
def test_a_folder_of_other_grades_is_left_alone(classroom, monkeypatch, capfd,
                                                kept, what):
    hand_in(classroom, "ann")
    monkeypatch.setattr(command, "trouble", lambda _: "")
    out = classroom.with_name("the submissions-grades")
    out.mkdir()
    (out / "run.json").write_text(kept)
    status, _, err = asked(monkeypatch, capfd, SUBMISSIONS=classroom,
                           EXERCISE="01")
    assert status == 2 and what in err and err.count("\n") == 1
    assert [file.name for file in out.iterdir()] == ["run.json"]


def forbidden(*_: object) -> None:
    raise NoWalls("Operation not permitted")


def test_without_walls_nothing_is_graded_unless_unsafe(classroom, monkeypatch,
                                                       capfd):
    hand_in(classroom, "ann")
    judge(monkeypatch, lambda _: score())
    monkeypatch.setattr(sandboxed, "Sandbox", forbidden)
    with pytest.raises(program.NotInstalled, match="UNSAFE=1 grades all the "
                       "same"):
        asked(monkeypatch, capfd, SUBMISSIONS=classroom)
    assert not classroom.with_name("the submissions-grades").exists()
    status, _, err = asked(monkeypatch, capfd, SUBMISSIONS=classroom,
                           UNSAFE=1)
    assert status == 0 and "UNSAFE: no walls here" in err
