"""What an instructor gets back: the table, the sites' imports, the summary."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Callable

import pytest

from lab.classroom import manifest, roster
from lab.classroom.gradebook import Gradebook
from lab.classroom.grades import Grade, Grades
from lab.classroom.manifest import Row
from lab.classroom.students import Student
from lab.judges import judge_of
from lab.judging import Result, Score, Verdict

FIRST, SECOND = "01-return-the-thanks", "02-remote-sort"
PASSED, FAILED, HUNG, CRASHED = Verdict
CLASS = (
    Row("Jane Doe (1)", "Jane Doe", "1", "jdoe", "2", "yes", "a/server.c",
        "moodle", "k1"),
    Row("Jane Doe (2)", "Jane Doe", "2", "jane2", "1", "no", "b/server.c",
        "moodle", "k2"),
    Row("doejane (3)", "doejane", "3", "", "", "no", "c", "canvas", "k3"),
    Row("anon (ab1c2)", "anon", "ab1c2", "", "", "", "d", "canvas", "k4"))


def score(*verdicts: Verdict, why: str = "it waited 3 s") -> Score:
    """Return a score in which the first checks end like that."""
    checks = judge_of(FIRST).checks
    ends = [*verdicts, *[PASSED] * len(checks)][:len(checks)]
    return Score(FIRST, 7, tuple(
        Result(check, end, "one", "" if end is PASSED else why)
        for check, end in zip(checks, ends)))


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write the grades of a class; returns their folder."""
    def write(grades: list[Grade], absent: tuple[roster.Listed, ...] = (),
              people: tuple[Row, ...] = CLASS) -> Path:
        folder, book = tmp_path / "class", Gradebook(tmp_path / "grades")
        students = []
        for person, grade in zip(people, grades):
            (folder / person.folder).mkdir(parents=True)
            students.append(Student(folder / person.folder))
            book.write(students[-1], Grades(person.folder, 7, (grade,)), "")
        manifest.write(folder, people)
        book.table(list(zip(students, manifest.by_folder(
            folder, [s.key for s in students]))), absent, (FIRST,))
        return tmp_path / "grades"
    return write


def table(place: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with place.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_carries_what_the_site_told(written):
    out = written([Grade(FIRST, score()), Grade(FIRST, score(FAILED)),
                   Grade(FIRST, score()), Grade(FIRST, error="ours")])
    rows = table(out / "grades.csv")
    assert [(r["folder"], r["id"], r["login"], r["attempt"], r["late"],
             r["original names"], r[FIRST], r["total"]) for r in rows] == [
        ("Jane Doe (1)", "1", "jdoe", "2", "yes", "a/server.c", "100", "100"),
        ("Jane Doe (2)", "2", "jane2", "1", "no", "b/server.c", "97", "97"),
        ("doejane (3)", "3", "", "", "no", "c", "100", "100"),
        ("anon (ab1c2)", "ab1c2", "", "", "", "d", "", "")]


def test_moodle_gets_its_grading_worksheet(written):
    out = written([Grade(FIRST, score()), Grade(FIRST, error="ours")])
    assert table(out / "moodle.csv") == [{
        "Identifier": "Participant 1", "Full name": "Jane Doe",
        "Grade": "100", "Maximum Grade": "100",
        "Last modified (grade)": ""}]
    assert not (out / "canvas.csv").exists()


def test_canvas_gets_a_column_an_assignment(written):
    out = written([Grade(FIRST, score()), Grade(FIRST, score(FAILED))],
                  people=CLASS[2:])
    assert table(out / "canvas.csv") == [{
        "Student": "doejane", "ID": "3", "SIS User ID": "",
        "SIS Login ID": "", "Section": "", FIRST: "100"}]
    assert not (out / "moodle.csv").exists()


def test_who_is_absent_has_a_row_and_is_not_imported(written):
    gone = roster.Listed("=Joe", frozenset({"joe@x.edu"}))
    out = written([Grade(FIRST, score())] * 2, (gone,))
    last = table(out / "grades.csv")[-1]
    assert (last["name"], last["login"], last["total"], last["reason"]) == (
        "'=Joe", "joe@x.edu", "0", "handed in nothing")
    assert len(table(out / "moodle.csv")) == 2
    assert "2 students, 1 more handed in nothing" in (
        out / "summary.txt").read_text()


def test_the_summary_counts_each_check_and_its_reasons(written):
    out = written([
        Grade(FIRST, score(FAILED, HUNG)),
        Grade(FIRST, score(FAILED, why="it waited 4 s")),
        Grade(FIRST, score(CRASHED, why="killed by SIGSEGV")),
        Grade(FIRST, error="ZeroDivisionError")])
    said = (out / "summary.txt").read_text()
    lines = [line.split() for line in said.splitlines()]
    assert ["listens", "0", "2", "0", "1"] in lines
    assert ["only-there", "2", "0", "1", "0"] in lines
    assert "        2 x it waited 3 s\n        1 x killed by SIGSEGV\n" in said
    assert "timed out: 1\n  Jane Doe (1): 01 only-there\n" in said
    assert "grader's error: 1\n  anon (ab1c2): 01 ZeroDivisionError" in said


def test_a_row_says_all_checks_where_it_would_name_each():
    checks = len(judge_of(FIRST).checks)
    assert Grade(FIRST, score(*[CRASHED] * checks)).reason == \
        "crashed: all checks"
    assert Grade(FIRST, score(CRASHED)).reason == "crashed: listens"


def test_the_summary_tells_a_whole_sentence(written):
    why = ("there is no server.c; found: `01-return-the-thanks/my homework "
           "of today.rar`; my homework of today.rar is not unpacked: only "
           ".zip and .tar files are")
    out = written([Grade(FIRST, score(*[FAILED] * 13, why=why))])
    said = (out / "summary.txt").read_text()
    assert said.startswith("1 student\n") and f"        1 x {why}\n" in said


def test_the_summary_has_five_reasons_at_most(written):
    people = tuple(Row(f"n{n}") for n in range(7))
    out = written([Grade(FIRST, score(FAILED, why="because " + "x" * n))
                   for n in range(7)], people=people)
    assert (out / "summary.txt").read_text().count(" x because") == 5


# --- the roster ------------------------------------------------------------

def absent(tmp_path: Path, text: str) -> tuple[list[str], list[str]]:
    """Return who is absent by a roster, and who can't be told."""
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
    gone, unsure = roster.absent(roster.read(tmp_path / "roster.csv"),
                                 CLASS[:3])
    return [one.name for one in gone], unsure


@pytest.mark.parametrize("text", (
    "Student,ID,SIS Login ID,Section\n"
    "Points Possible,,,\n"
    "\"Doe, Jane\",1,jdoe,A\n\"Doe, Jane\",2,jane2,A\n"
    "\"Doe, Jane\",3,x,A\n\"Bloggs, Joe\",9,joe,A\n",
    "\ufeffFirst name;Last name;Email address\n"
    "Jane;Doe;JDOE\nJane;Doe;jane2\nJane;Doe;j3\nJoe;Bloggs;joe\n",
    "name\nJane Doe\nJane Doe\n\"DOE, jane\"\n\"Bloggs, Joe\"\n"))
def test_who_is_on_the_roster_and_nowhere_else_is_absent(tmp_path, text):
    gone, unsure = absent(tmp_path, text)
    assert gone in (["Joe Bloggs"], ["Bloggs, Joe"]) and not unsure


def test_nobody_guesses_which_of_two_is_absent(tmp_path):
    gone, unsure = absent(
        tmp_path, "name,id\nJane Doe,1\nJane Doe,2\nJane Doe,7\n"
        "Jane Doe,8\nJoe,9\n")
    assert gone == ["Joe"]
    assert unsure == ["Jane Doe can't be told from others of that name, and "
                      "has no row for handing in nothing"] * 2


GROUP = Row("Jane Doe, Joe Bloggs (1, 2)", "Jane Doe, Joe Bloggs", "1, 2",
            "jane@x.edu, joe@x.edu", site="gradescope")


@pytest.mark.parametrize("text", (
    "name,sid\nJane Doe,1\nJoe Bloggs,2\nMax,3\n",
    "email,name\njoe@x.edu,J. B.\njane@x.edu,J. D.\nmax@x.edu,Max\n",
    "name\n\"Bloggs, Joe\"\nJane Doe\nMax\n"))
def test_what_a_group_handed_in_all_of_it_did(tmp_path, text):
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
    gone, unsure = roster.absent(roster.read(tmp_path / "roster.csv"),
                                 [GROUP])
    assert [one.name for one in gone] == ["Max"] and not unsure


@pytest.mark.parametrize("text", (
    "Identifier,Full name,Grade\nParticipant 11,Jane Doe,\n"
    "Participant 12,Jane Doe,\nParticipant 13,Jane Doe,\n",
    "Identifier,Status\nParticipant 12,\nParticipant 11,\n"
    "Participant 13,\n"))
def test_moodle_s_grading_worksheet_is_a_roster(tmp_path, text):
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
    there = [Row(f"Jane Doe ({n})", "Jane Doe", n, site="moodle")
             for n in ("11", "12")]
    gone, unsure = roster.absent(roster.read(tmp_path / "roster.csv"), there)
    assert [one.keys for one in gone] == [{"participant 13"}] and not unsure


def test_moodle_s_name_of_a_group_hides_nobody(tmp_path):
    (tmp_path / "roster.csv").write_text(
        "First name,Last name\nJane,Doe-Roe\nJoe,Bloggs\n",
        encoding="utf-8")
    there = [Row("x", "Group A-Jane Doe-Roe", "11", site="moodle")]
    gone, unsure = roster.absent(roster.read(tmp_path / "roster.csv"), there)
    assert [one.name for one in gone] == ["Joe Bloggs"] and not unsure


@pytest.mark.parametrize("before", ("", "Group A-"))
def test_a_name_with_a_dash_hides_nobody(tmp_path, before):
    """Mary-Jane Doe is not Jane Doe of a group called Mary."""
    (tmp_path / "roster.csv").write_text("name\nMary-Jane Doe\nJane Doe\n",
                                         encoding="utf-8")
    there = [Row("x", f"{before}Mary-Jane Doe", "11", site="moodle")]
    gone, unsure = roster.absent(roster.read(tmp_path / "roster.csv"), there)
    assert [one.name for one in gone] == ["Jane Doe"] and not unsure


def test_who_is_not_in_the_roster_is_named(tmp_path):
    gone, unsure = absent(tmp_path, "name,id\nJane Doe,1\nJane Doe,2\n")
    assert not gone and unsure == [
        "doejane handed in and is not in it: a group's members have rows for "
        "handing in nothing"]


@pytest.mark.parametrize("name", ("Zoë Müller", "Zoe\u0308 Mu\u0308ller",
                                  "Muller, Zoe"))
def test_an_accent_is_written_in_several_ways(tmp_path, name):
    """A Mac's zip has it as a character of its own."""
    (tmp_path / "roster.csv").write_text(f"name\n\"{name}\"\nJoe Bloggs\n",
                                         encoding="utf-8")
    there = [Row("z (1)", "Zoë Müller", "1")]
    gone, unsure = roster.absent(roster.read(tmp_path / "roster.csv"), there)
    assert [one.name for one in gone] == ["Joe Bloggs"] and not unsure


@pytest.mark.parametrize("text,what", [
    ("", "nobody is in it"), ("a,b\n1,2\n", "no column of it is called"),
    ("name\nMax\nMoritz\n", "is it that of this class?")])
def test_another_table_is_refused(tmp_path, text, what):
    with pytest.raises(roster.BadRoster, match=what):
        absent(tmp_path, text)


def test_a_roster_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "it").write_bytes(b"\xff\xfe\0n")
    with pytest.raises(roster.BadRoster, match="save it as CSV, in UTF-8"):
        roster.read(tmp_path / "it")
