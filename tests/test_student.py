"""Everything a student does with an exercise, in a kit of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import wrong_answers
from lab import program
from lab.judges import STARTERS, exercises, judge_of
from lab.sandbox import Process, Sandbox

FIRST = "01-return-the-thanks"
SOLUTION = program.ROOT / "solutions" / FIRST / "server.c"


@pytest.fixture
def file(kit: Path) -> Path:
    """The file that the student edits."""
    return kit / "exercises" / FIRST / "server.c"


@pytest.mark.parametrize("folder", [
    pytest.param(folder, id=folder.name) for folder in exercises()])
def test_every_exercise_has_what_a_student_asks_for(folder):
    """Starters are kept, as reset gives them; hints are there, in order."""
    kept = sorted(p.name for p in (STARTERS / folder.name).iterdir())
    assert kept == sorted(judge_of(folder.name).sources)
    hints = (folder / "HINTS.md").read_text()
    count = hints.count("\n## ")
    assert count >= 3
    assert all(f"\n## {n}\n" in hints for n in range(1, count + 1))
    assert max(map(len, hints.splitlines())) <= 80  # as they are given out


def test_each_hint_comes_after_the_one_before_and_the_last_one_stays(
        kit, make):
    said = [make("hint-01", at=kit).stdout for _ in range(6)]
    assert [words.split("\n")[0] for words in said] == [
        "Hint 1 of 4", "Hint 2 of 4", "Hint 3 of 4",
        "Hint 4 of 4", "Hint 4 of 4", "Hint 4 of 4"]
    assert "solutions/" not in said[2]
    there = (program.ROOT / "solutions").is_dir()
    assert ("solutions/01-return-the-thanks/" in said[3]) == there


def test_reset_gives_the_starter_back_and_loses_nothing(kit, make, file):
    starter = file.read_bytes()
    for count in (1, 2):
        file.write_text(f"/* attempt {count} */\n")
        said = make("reset-01", at=kit).stdout
        assert f"kept as server.c.mine-{count}" in said
        assert file.read_bytes() == starter
        mine = file.with_name(f"server.c.mine-{count}")
        assert mine.read_text() == f"/* attempt {count} */\n"
    assert "is the starter already" in make("reset-01", at=kit).stdout
    assert len(list(file.parent.glob("*.mine-*"))) == 2
    file.unlink()
    assert "is the starter again" in make("reset-01", at=kit).stdout
    assert file.read_bytes() == starter


@pytest.mark.answers
def test_what_is_green_is_not_judged_again_until_it_changes(kit, make, file):
    shutil.copy(SOLUTION, file)
    done = make("check-01", at=kit)
    assert done.returncode == 0 and "100 of 100 points" in done.stdout
    line = make("score", at=kit).stdout.splitlines()[0]
    assert line.split()[-5:] == ["green,", "and", "not", "changed", "since"]
    file.write_text("int main(void) { return 0; }\n")
    done = make("score", at=kit)
    line = done.stdout.splitlines()[0]
    assert " 0/100" in line and line.endswith("make check-01")


def test_progress_that_cannot_be_read_is_as_good_as_none(kit, make):
    kept = kit / "exercises" / ".progress.json"
    for text in ("", "{", "[]", '{"01-return-the-thanks": 3}', "\0\xff"):
        kept.write_text(text)
        assert make("hint-01", at=kit).stdout.startswith("Hint 1 of 4")
    assert json.loads(kept.read_text())[FIRST]["hints"] == 1


@pytest.mark.answers
def test_progress_that_cannot_be_kept_costs_nothing(kit, make, file):
    (kit / "exercises" / ".progress.json").mkdir()
    shutil.copy(SOLUTION, file)
    done = make("check-01", at=kit)
    assert (done.returncode, done.stderr) == (0, "")
    assert "100 of 100 points" in done.stdout
    done = make("hint-01", at=kit)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Hint 1 of 4")
    assert done.stdout.endswith("-thanks/HINTS.md.\n")


@pytest.mark.answers
def test_watch_judges_at_every_save_and_stops_when_all_is_green(kit, file):
    with Sandbox(private=False) as outside:
        watch: Process = outside.start(
            ["make", "-s", "watch-01"], cwd=kit,
            env={key: os.environ[key] for key in ("HOME", "CC")
                 if key in os.environ})
        assert watch.until(lambda: watch.stdout.count(b"Waiting for you") == 1,
                           60)
        assert b"FAIL" in watch.stdout
        file.write_text("int main(void) { return nothing; }\n")
        assert watch.until(lambda: watch.stdout.count(b"Waiting for you") == 2,
                           60)
        assert b"does not compile" in watch.stdout
        shutil.copy(SOLUTION, file)
        assert str(watch.wait(60)) == "exit 0", watch.stderr
        assert watch.stdout.endswith(b"All green: done.\n")


@pytest.mark.parametrize("command", ("check", "watch", "hint", "reset"))
def test_a_number_without_an_exercise_is_one_sentence(kit, make, command):
    done = make(f"{command}-77", at=kit)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith(
        f"{command}: there is no exercise '77': there are 01")
    assert "Traceback" not in done.stderr


@pytest.mark.namespaces
def test_what_pytest_judges_has_walls(kit, file, tmp_path):
    """A constructor wrote where it liked, as whoever ran pytest."""
    owned = tmp_path / "owned"
    file.write_text("#include <stdio.h>\n#include <stdlib.h>\n"
                    "__attribute__((constructor)) static void begin(void)\n"
                    f'{{ FILE *f = fopen("{owned}", "w"); exit(f == NULL); }}'
                    "\nint main(void) { return 0; }\n")
    tmp_path.chmod(0o777)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests", "-q", "-p",
         "no:cacheprovider", "--submission", "exercises", "-k",
         "return-the-thanks and half"],
        cwd=kit, capture_output=True, text=True, check=False, timeout=100)
    assert "1 failed" in done.stdout
    assert not owned.exists()


@pytest.mark.answers
def test_the_checks_are_pytest_tests_with_their_points(kit, file):
    wrong_answers.read(wrong_answers.WRONG / FIRST / "one-read.diff"
                       ).write_to(file.parent)
    report = kit / "report.xml"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests", "-q", "-p",
         "no:cacheprovider", "--submission", "exercises", "-k",
         "return-the-thanks", "--junitxml", report],
        cwd=kit, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 1, done.stdout
    cases = {case.attrib["name"]: case for case in
             ElementTree.parse(report).iter("testcase")}
    assert len(cases) == len(judge_of(FIRST).checks)
    points = {name: {p.attrib["name"]: p.attrib["value"]
                     for p in case.iter("property")}
              for name, case in cases.items()}
    assert sum(int(p["of"]) for p in points.values()) == 100
    pieces = f"test_check[{FIRST}-thanks-in-pieces]"
    assert points[pieces]["points"] == "0"
    assert cases[pieces].find("failure") is not None
    assert 0 < sum(int(p["points"]) for p in points.values()) < 100
