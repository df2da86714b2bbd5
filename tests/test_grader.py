"""The grader: a class is graded, whoever is in it and whatever they hand in.

Most tests here put a judge of their own in the place of the real one: what is
asked is what becomes of a score, a crash of the judge, a break-off. The attacks
of tests/attacks/ meet the real one, among honest answers.
"""

from __future__ import annotations

import csv
import json
import os
import re
import select
import shutil
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Callable, Optional

import pytest

import wrong_answers
from lab import printable, program
from lab.commands import grade as command
from lab.classroom import batch, manifest, sandboxed, worker
from lab.judging import Result, Score, TimeIsOver, Verdict
from lab.judging.exercise import Conversation, Exercise, Submission
from lab.judging.expect import Seen
from lab.classroom.batch import Batch
from lab.classroom.admission import students
from lab.classroom.students import Student
from lab.judges import judge_of
from lab.classroom.gradebook import Gradebook
from lab.classroom.sandboxed import make_treatment
from lab.classroom.worker import Worker
from lab.sandbox import NoWalls, Sandbox, SandboxDied, cgroups
from test_walls import armed, comms, unheard_of

FIRST = "01-return-the-thanks"
TESTS = program.ROOT / "tests"
SOLUTION = program.ROOT / "solutions" / FIRST / "server.c"
STARTER = TESTS / "starters" / FIRST / "server.c"
NAMES = {  # as a folder is called, and as it stands in a table
    "Zoë Müller": "Zoë Müller", "O'Brien \"x\"": "O'Brien \"x\"",
    "=cmd|'C calc'!A0": "'=cmd|'C calc'!A0", "-rf": "'-rf", "ann": "ann",
    "a;=HYPERLINK(1)": "'a,=HYPERLINK(1)", "a\nb": "a\\x0ab",
    "\x1b[31mred": "\\x1b[31mred", "\u202etxt": "\\u202etxt",
    "مریم می\u200cخواهد": "مریم می\u200cخواهد", "a\\b": "a\\\\b"}


@pytest.fixture
def classroom(tmp_path: Path) -> Path:
    """Where the submissions are."""
    folder = tmp_path / "the submissions"
    folder.mkdir()
    return folder


def hand_in(classroom: Path, name: str, source: Path = STARTER) -> Path:
    """Let a student hand in an answer to the first exercise."""
    folder = classroom / name / FIRST
    folder.mkdir(parents=True)
    if source.parent.parent == wrong_answers.WRONG:
        wrong_answers.read(source).write_to(folder)
    else:
        shutil.copy(source, folder / "server.c")
    return folder


def graded(classroom: Path, seed: Optional[int] = 7, jobs: int = 2,
           anew: str = "", bound: float = 60.0) -> dict[str, dict[str, str]]:
    """Grade a class in the first exercise; return the rows of the table."""
    among = students(classroom)
    book = Gradebook(classroom.with_name("grades"))
    one = Batch(among, book.seed(seed, 7, (FIRST,)),
                make_treatment((str(classroom),)), jobs, (FIRST,), bound)
    book.fill(one, lambda *_: None, next(
        (s for s in among if s.key == anew), None))
    people = manifest.by_folder(classroom, [s.key for s in among])
    table = book.table(list(zip(among, people)), [], (FIRST,))
    for feedback in sorted(book.out.glob("students/*/feedback.txt")):
        print(feedback.read_text())  # with the ladders, if the test fails
    with table.open(newline="") as rows:
        return {row["name"]: row for row in csv.DictReader(rows)}


def judge(monkeypatch, judged: Callable[[Student], Score]) -> None:
    """Put another judge in the place of the real one."""
    monkeypatch.setattr(batch, "judged",
                        lambda one, student, exercise: judged(student))


def score(points: int = 100, verdict: Verdict = Verdict.FAILED) -> Score:
    """Return a score in which the last checks did not pass."""
    left, results = points, []
    for check in judge_of(FIRST).checks:
        left -= check.points
        results.append(Result(check, Verdict.PASSED if left >= 0 else verdict,
                              "one thing", "another"))
    return Score(FIRST, 7, tuple(results))


# --- what is written -------------------------------------------------------

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


def test_missing_exercises_score_nothing_with_that_reason(classroom):
    (classroom / "ann").mkdir()
    (classroom / "a letter to the teacher.txt").write_text("Dear Sir\n")
    rows = graded(classroom)
    assert list(rows) == ["ann"]
    assert (rows["ann"]["total"], rows["ann"]["reason"]) == (
        "0", "01 failed: there is no server.c: nothing was handed in")


# --- what goes wrong -------------------------------------------------------

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


def test_who_waits_for_a_processor_is_given_that_time():
    """More work than processors: each piece waits, and is seen to."""
    def spin() -> None:
        while True:
            pass
    begun = time.monotonic()
    busy = [Worker(spin, 60.0) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        while not any(one.remaining + time.monotonic() - begun > 60.05
                      for one in busy):
            assert time.monotonic() - begun < 30
            select.select([], [], [], 0.01)
    finally:
        for one in busy:
            one.close()


def test_nobody_takes_for_ever_by_waiting(monkeypatch):
    monkeypatch.setattr(worker, "waited", lambda pid: 1e6)
    with Worker(lambda: select.select([], [], []), 0.2) as one:
        begun = time.monotonic()
        assert one.answer().late
        assert 0.2 < time.monotonic() - begun < 10


def test_who_is_late_says_what_is_known():
    def work() -> str:
        try:
            select.select([], [], [])
        except TimeIsOver:
            return "what is known"
        raise AssertionError("unreachable")
    with Worker(work, 0.2) as one:
        assert one.answer().value == "what is known"


def test_what_was_judged_before_the_bound_stays_judged(classroom,
                                                       monkeypatch):
    had, observe = set(), Exercise.observe

    def slow(exercise: Exercise, conversation: Conversation,
             submission: Submission) -> Seen:
        if conversation.name == "silent":
            while had != {*exercise.conversations} - {"silent"}:
                select.select([], [], [], 0.01)
            os.kill(os.getpid(), signal.SIGALRM)  # as its parent would
            threading.Event().wait()
        seen = observe(exercise, conversation, submission)
        had.add(conversation.name)
        return seen
    monkeypatch.setattr(Exercise, "observe", slow)
    hand_in(classroom, "ann", program.ROOT / "solutions" / FIRST / "server.c")
    row = graded(classroom)["ann"]
    late = row["reason"].removeprefix("01 timed out: ").split(", ")
    assert "no-thanks" in late, row
    checks = judge_of(FIRST).looks_at()
    assert {slug for slug, looks in checks.items()
            if "silent" in looks} <= {*late}
    assert not {slug for slug, looks in checks.items()
                if not {"silent", "submission"} & {*looks}} & {*late}
    told = (classroom.with_name("grades") / "students" / "ann"
            / "feedback.txt").read_text()
    assert "Judging it took more than 60 seconds" in told


@pytest.mark.groups
def test_all_that_a_student_runs_is_in_one_control_group(classroom,
                                                         monkeypatch):
    def where(folder: Path, exercise: str, seed: int,
              sandbox: Callable[[], Sandbox], build: object) -> Score:
        with sandbox() as room:
            process = room.start(["cat", "/proc/self/cgroup"])
            process.wait()
            return replace(score(0), trouble=process.stdout.decode())
    hand_in(classroom, "ann")
    monkeypatch.setattr(batch, "grade", where)
    assert cgroups.NAME in graded(classroom)["ann"]["reason"]


def test_what_is_not_there_needs_no_worker(classroom, monkeypatch):
    for number in range(300):
        (classroom / f"{number}" / FIRST).mkdir(parents=True)

    def no_worker(*_: object) -> None:
        raise AssertionError("a worker was started")
    monkeypatch.setattr(batch, "Worker", no_worker)
    rows = graded(classroom)
    assert len(rows) == 300
    assert {row["reason"] for row in rows.values()} == {
        "01 failed: there is no server.c: nothing was handed in"}


def test_the_time_that_is_left_is_told(classroom, monkeypatch):
    for name in "abcd":
        hand_in(classroom, name)
    judge(monkeypatch, lambda _: score())
    told: list[str] = []
    Gradebook(classroom.with_name("grades")).fill(
        Batch(students(classroom), 7, make_treatment(), 1, (FIRST,)),
        told.append)
    assert [re.sub(r"\d+ s", "N s", line) for line in told] == [
        "[1/4] a: 100, N s left", "[2/4] b: 100, N s left",
        "[3/4] c: 100, N s left", "[4/4] d: 100"]


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


# --- the door --------------------------------------------------------------

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


# --- hostile among honest --------------------------------------------------

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
        for tasks in Path(f"/proc/{todo.pop()}/task").glob("*/children"):
            children = set(map(int, tasks.read_text().split()))
            found |= children
            todo += children
    return found


def hostile(classroom: Path, name: str, left: str) -> None:
    """Let an attack be handed in; what it leaves behind is called `left`."""
    folder = hand_in(classroom, name)
    armed(name, folder, SECRET=SOLUTION, PORT=1, KEY=1, ADDRESS="127.0.0.1",
          OUT=classroom.with_name("grades"), NAME=left)
    (folder / "Makefile").write_text("all:\n\ttouch /tmp/made-by-make\n")
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
    assert not Path("/tmp/made-by-make").exists()
    assert mounts() == mounted and offspring() == running
    assert left not in comms()


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


# --- a class of sixty ------------------------------------------------------

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
    assert mounts() == mounted and offspring() == running


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
