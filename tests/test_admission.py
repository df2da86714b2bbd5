"""Whether a class can be graded as it is laid out: never zeros in silence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lab import program
from lab.classroom import batch
from lab.classroom.sandboxed import make_treatment
from lab.commands import grade as command
from lab.judges import judge_of
from lab.judging import Result, Score, Verdict
from test_hand_ins import INSIDE, put, zipped

FIRST, SECOND = "01-return-the-thanks", "02-remote-sort"


class WentOn(Exception):
    """It was about to grade."""


def asked(monkeypatch, capfd, **words: object) -> tuple[int, str]:
    """Run the command behind make grade; raises WentOn before it grades."""
    def no_walls(*_: object) -> None:
        raise WentOn
    monkeypatch.setattr(command, "the_treatment", no_walls)
    return run(monkeypatch, capfd, **words)


def run(monkeypatch, capfd, **words: object) -> tuple[int, str]:
    """Run the command behind make grade; return its status and complaint."""
    for name in ("SUBMISSIONS", "OUT", "EXERCISE", "SEED", "JOBS", "UNSAFE",
                 "ROSTER"):
        monkeypatch.delenv(name, raising=False)
    for name, word in words.items():
        monkeypatch.setenv(name, str(word))
    return command.main([]), capfd.readouterr().err


# What everybody has, what is asked for, and what is said about it.
REFUSED = {
    "the file alone": (["server.c"], "", "a: there is no server.c; found: "
                       "`server.c`); most handed in what fits EXERCISE=01 or "
                       "EXERCISE=04"),
    "too deep": ([f"x/y/{FIRST}/server.c"], "",
                 "most handed in what fits EXERCISE=01\n"),
    "another exercise": (["04-patience/server.c"], "01",
                         "most handed in what fits EXERCISE=04\n"),
    "another file": (["server.c"], "02", "what fits EXERCISE=01 or "),
    "texts": (["server.txt", "notes.txt"], "01",
              "a: there is no server.c; found: `notes.txt`, `server.txt`); "
              "name those files as the exercise does"),
    "what was collected as another": ([f"{FIRST}/rsort.c"], "01",
                                      "what fits EXERCISE=02\n"),
    "nothing": ([], "", "a: there is no server.c: nothing was handed in); it "
                "looks in"),
    "an archive of another kind": (
        ["work.7z"], "01", "work.7z is not unpacked: only .zip and .tar")}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_class_is_not_graded_0_for_its_layout(tmp_path, monkeypatch, capfd,
                                                kind):
    files, exercise, what = REFUSED[kind]
    for name in ("a", "b", "c"):
        (tmp_path / "class" / name).mkdir(parents=True)
        put(tmp_path / "class" / name, *files)
    put(tmp_path / "class" / "dee", f"{FIRST}/server.c", f"{SECOND}/rsort.c")
    status, said = asked(monkeypatch, capfd, SUBMISSIONS=tmp_path / "class",
                         EXERCISE=exercise)
    assert status == 2 and said.count("\n") == 1
    assert "nothing was graded: 3 of 4 students" in said and what in said
    assert not (tmp_path / "class-grades").exists()


def test_a_class_in_a_folder_is_not_one_student(tmp_path, monkeypatch, capfd):
    place = tmp_path / "class"
    for name in ("ann", "bob"):
        put(place / "Home work", f"{name}/server.c", content=name.encode())
    status, said = asked(monkeypatch, capfd, SUBMISSIONS=place, EXERCISE="01")
    assert status == 2 and said.endswith(
        "; if Home work is no student but the class, "
        f"SUBMISSIONS='{place}/Home work' grades that\n")


def test_a_class_in_an_archive_is_not_one_student(tmp_path, monkeypatch,
                                                  capfd):
    """Nor is a file what SUBMISSIONS can be."""
    place = tmp_path / "class"
    put(place, "Home work.zip", content=zipped(
        {f"{name}/server.c": name.encode() for name in ("ann", "bob")}))
    status, said = asked(monkeypatch, capfd, SUBMISSIONS=place, EXERCISE="01")
    assert status == 2 and said.endswith(
        "; if Home work is no student but the class, make collect "
        f"FROM='{place}/Home work.zip' INTO='{place}/Home work-collected' "
        "EXERCISE=01, then grade that\n")


def test_one_student_alone_is_graded(tmp_path, monkeypatch, capfd):
    """With all that a clone of the kit has in it."""
    put(tmp_path / "class" / "ann", "Makefile", *(
        f"{folder}/x/{file}.c" for folder in ("chapters", "solutions", "tests")
        for file in ("a", "b")),
        f"exercises/{FIRST}/server.c", f"exercises/{SECOND}/rsort.c")
    with pytest.raises(WentOn):
        asked(monkeypatch, capfd, SUBMISSIONS=tmp_path / "class")


@pytest.mark.parametrize("files", (
    ("src/server.c", "lib/read.c", "test/check.c", "test/Makefile",
     "lib/Makefile", "src/Makefile"),
    (f"{FIRST}/server.c", "docs/a.txt", "notes/b.txt", "lib/c.c")))
def test_one_student_may_have_many_folders(tmp_path, monkeypatch, capfd,
                                           files):
    put(tmp_path / "class" / "ann", *files)
    with pytest.raises(WentOn):
        asked(monkeypatch, capfd, SUBMISSIONS=tmp_path / "class",
              EXERCISE="01")


@pytest.mark.parametrize("files", (
    ("ann/server.c", "bob/Server.c", "cyd/w/server.c"),
    ("ann/a.zip", "bob/b.tar", "cyd/c.tgz"), ("a.zip", "b.zip", "c.zip")))
def test_three_with_one_file_are_not_one_student(tmp_path, monkeypatch, capfd,
                                                 files):
    put(tmp_path / "class" / "Home work", *files)
    status, said = asked(monkeypatch, capfd, SUBMISSIONS=tmp_path / "class",
                         EXERCISE="01")
    assert status == 2 and "3 students seem to lie in 1 folder" in said


def test_a_site_s_class_in_a_folder_is_not_one_student(tmp_path, monkeypatch,
                                                       capfd):
    """Not even if one of them alone handed in a source."""
    put(tmp_path / "class" / "H", "Doe, Ann(ann)/Submission attachment(s)/"
        "server.c", "Doe, Bob(bob)/timestamp.txt")
    status, said = asked(monkeypatch, capfd, SUBMISSIONS=tmp_path / "class",
                         EXERCISE="01")
    assert status == 2 and "2 students seem to lie in 1 folder" in said
    assert "it looks like Sakai's download: make collect FROM=" in said


def test_which_of_two_files_is_meant_is_asked(tmp_path, monkeypatch, capfd):
    for name in ("ann", "bob"):
        for version in ("1", "2"):
            put(tmp_path / "class" / name, f"Version {version}/server.c",
                content=version.encode())
    status, said = asked(monkeypatch, capfd, SUBMISSIONS=tmp_path / "class",
                         EXERCISE="01")
    assert status == 2 and said.endswith(
        "`Version 2/server.c`); leave one of these files in each student's "
        "folder\n")


def test_an_archive_in_archives_is_not_graded_0(tmp_path, monkeypatch, capfd):
    nested = zipped({"a.zip": zipped({"b.zip": zipped(INSIDE)})})
    put(tmp_path / "class" / "ann", "work.zip", content=nested)
    status, said = asked(monkeypatch, capfd, SUBMISSIONS=tmp_path / "class")
    assert status == 2 and "an archive in an archive in an archive" in said


def test_half_a_class_may_have_handed_in_nothing(tmp_path, monkeypatch,
                                                 capfd):
    put(tmp_path / "class" / "ann", f"{FIRST}/server.c")
    (tmp_path / "class" / "bob").mkdir()
    with pytest.raises(WentOn):
        asked(monkeypatch, capfd, SUBMISSIONS=tmp_path / "class")
    (tmp_path / "class" / "cy").mkdir()
    status, said = asked(monkeypatch, capfd, SUBMISSIONS=tmp_path / "class")
    assert status == 2 and "2 of 3" in said


def test_two_students_of_one_name_are_not_one(tmp_path, monkeypatch, capfd):
    put(tmp_path / "class" / "ann", f"{FIRST}/server.c")
    put(tmp_path / "class", "ann.zip", content=zipped(INSIDE))
    status, said = asked(monkeypatch, capfd, SUBMISSIONS=tmp_path / "class")
    assert status == 2 and "are both called ann" in said
    shutil.rmtree(tmp_path / "class" / "ann")
    with pytest.raises(WentOn):
        asked(monkeypatch, capfd, SUBMISSIONS=tmp_path / "class")


def test_files_that_are_nobody_s_are_no_class(tmp_path, monkeypatch, capfd):
    put(tmp_path / "class", "ann/server.c", "bob.rar", "cy.rar")
    status, said = asked(monkeypatch, capfd, SUBMISSIONS=tmp_path / "class",
                         EXERCISE="01")
    assert status == 2 and said.endswith(
        "class: most of it is no folder of a student: bob.rar, cy.rar: a "
        "student is a folder, or a .zip or .tar file\n")


AS_NOBODY = f"""
import os
from pathlib import Path
from lab.classroom.admission import NoSubmissions, check, students
if os.getuid() == 0:
    os.setuid(65534)
place = Path("class")
try:
    check(place, students(place), [{FIRST!r}])
except NoSubmissions as error:
    print(error)
"""


@pytest.mark.parametrize("hidden", (f"ann/{FIRST}", f"ann/{FIRST}/server.c",
                                    "ann"))
def test_what_the_instructor_may_not_read_is_nobody_s_zero(hidden):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        place = put(Path(folder) / "class", f"ann/{FIRST}/server.c",
                    f"bob/{FIRST}/server.c") / hidden
        place.chmod(0)
        done = subprocess.run(
            [sys.executable, "-B", "-c", AS_NOBODY], cwd=folder, text=True,
            capture_output=True, timeout=60, check=False,
            env={**os.environ, "PYTHONPATH": str(program.ROOT / "tests")})
        place.chmod(0o755)
    inside = hidden[4:] or "."
    assert done.stdout == (
        f"nothing was graded: ann/{inside} can't be read by you; chmod -R "
        "u+rX class lets you\n"), done.stderr


@pytest.fixture
def judged(monkeypatch):
    """Lets a judge of the test's own see all sources; what it gives."""
    points = {"": Verdict.PASSED}

    def give(one: batch.Batch, student, exercise: str) -> Score:
        return Score(exercise, 7, tuple(
            Result(check, points[""], happened="It did not listen.")
            for check in judge_of(exercise).checks))
    monkeypatch.setattr(batch, "judged", give)
    monkeypatch.setattr(command, "the_treatment", lambda *_: make_treatment())
    return points


def test_who_lacks_a_source_is_named_at_the_end(tmp_path, monkeypatch, capfd,
                                                judged):
    put(tmp_path / "class", *(f"{name}/server.c" for name in "abcdef"),
        *(f"{name}/rsort.c" for name in "uvwxyz"), "notes.txt")
    status, said = run(monkeypatch, capfd, EXERCISE="02",
                       SUBMISSIONS=tmp_path / "class")
    assert status == 0
    assert said.splitlines()[-2:] == [
        f"grade: 6 of 12 lack a source of {SECOND}: a, b, c and 3 more",
        "grade: no student's folder or archive, and not graded: notes.txt"]


def test_what_nobody_handed_in_is_no_column_of_zeros(tmp_path, monkeypatch,
                                                     capfd, judged):
    put(tmp_path / "class", f"ann/{FIRST}/server.c", f"ann/{SECOND}/rsort.c",
        f"bob/{FIRST}/server.c")
    status, said = run(monkeypatch, capfd, SUBMISSIONS=tmp_path / "class")
    table = (tmp_path / "class-grades" / "grades.csv").read_text()
    assert status == 0
    assert table.splitlines()[0] == f"name,{FIRST},{SECOND},total,seed,reason"
    assert said.splitlines()[-2:] == [
        "grade: nobody handed in 03-every-byte, 04-patience, 05-receipt: not "
        "graded", f"grade: 1 of 2 lack a source of {SECOND}: bob"]


def test_a_class_that_fails_is_asked_whether_it_was_set_that(
        tmp_path, monkeypatch, capfd, judged):
    put(tmp_path / "class", "ann/server.c", "bob/server.c")
    words = {"SUBMISSIONS": tmp_path / "class", "EXERCISE": "01"}
    assert "is it what they were set" not in run(monkeypatch, capfd,
                                                 **words)[1]
    judged[""] = Verdict.FAILED
    status, said = run(monkeypatch, capfd, OUT=tmp_path / "other", **words)
    assert status == 0
    assert said.splitlines()[-1] == (
        f"grade: 2 of 2 got fewer than 20 points in {FIRST}: is it what they "
        "were set? Most often: listens: It did not listen.")
