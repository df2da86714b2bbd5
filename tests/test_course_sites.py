"""Graders that course sites run: Gradescope's box and Classroom 50's runner.

Both are played here, in a folder like theirs. Neither has been there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lab import program
from lab.classroom import batch
from lab.classroom.grades import Grade, Grades
from lab.classroom.sandboxed import make_treatment
from lab.commands import classroom50, gradescope
from lab.judges import judge_of
from lab.judging import Result, Score, Verdict

FIRST = "01-return-the-thanks"
TESTS = program.ROOT / "tests"
SOLUTION = program.ROOT / "solutions" / FIRST / "server.c"
STARTER = TESTS / "starters" / FIRST / "server.c"


def raises(*_: object) -> Score:
    raise ZeroDivisionError("of ours")


def full(*_: object) -> Score:
    return Score(FIRST, 7, tuple(Result(check, Verdict.PASSED)
                                 for check in judge_of(FIRST).checks))


@pytest.mark.namespaces
@pytest.mark.answers
def test_gradescope_is_given_what_it_takes(tmp_path, make):
    """Its box is played here: the zip is unpacked, one student hands in."""
    done = make("gradescope", f"OUT={tmp_path}/it.zip", "EXERCISE=01")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "it.zip") as archive:
        assert {"setup.sh", "run_autograder"} <= set(archive.namelist())
        script = archive.read("run_autograder").decode()
        archive.extractall(tmp_path / "source")
    work, results = tmp_path / "submission", tmp_path / "results"
    work.mkdir()
    results.mkdir()
    shutil.copy(SOLUTION, work)
    lift = f"sysctl -q -w {gradescope.LIFT} 2>/dev/null || true\n"
    assert lift in script  # on its own machine, not on this one
    script = script.replace(lift, "").replace("/autograder", str(tmp_path))
    done = subprocess.run(["bash", "-c", script], capture_output=True,
                          text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    told = json.loads((results / "results.json").read_text())
    assert told["score"] == 100 and len(told["tests"]) == 13


@pytest.mark.parametrize("judged,status", [(raises, 1), (full, 0)])
def test_gradescope_gets_no_0_for_an_error_of_ours(tmp_path, monkeypatch,
                                                   capfd, judged, status):
    monkeypatch.setattr(batch, "judged", judged)
    monkeypatch.setattr(gradescope, "the_treatment",
                        lambda *_: make_treatment())
    results = tmp_path / "results.json"
    shutil.copy(STARTER, tmp_path)
    assert gradescope.autograde([str(tmp_path), str(results), "01"]) == status
    assert results.exists() == (status == 0)
    assert ("ZeroDivisionError: of ours" in capfd.readouterr().err) == \
        (status == 1)


# --- Classroom 50 ----------------------------------------------------------

# The facts of schemas/result-v1.schema.json, and what runner.py adds to them:
# what is required, what else is allowed, what a value must be.
STAMP = r"\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ"
TEXTS = ("classroom", "assignment", "owner", "commit", "release", "review")
WHOLE = ("score", "max-score")
OPTIONAL = {"graded_at", "submitted_by"}


def whole(value: object) -> bool:
    """Whether that is a whole number from 0 on; true and 1.0 are none."""
    return type(value) is int and value >= 0


def wrong_with(told: dict[str, Any]) -> list[str]:
    """Return what the schema has against a result.json."""
    required = {"schema", "assignment_type", "submission", "datetime", "tests",
                *TEXTS, *WHOLE}
    wrong = [f"lacks {key}" for key in required - set(told)]
    wrong += [f"has {key}" for key in set(told) - required - OPTIONAL]
    if wrong:
        return wrong
    rules = {"schema": told["schema"] == "classroom50/result/v1",
             "type": told["assignment_type"] in ("individual", "group"),
             "submission": told["submission"].startswith("submit/"),
             "datetime": re.fullmatch(STAMP, told["datetime"]),
             "texts": all(isinstance(told[key], str) and told[key]
                          for key in TEXTS),
             "whole": all(whole(told[key]) for key in WHOLE),
             "at most": told["score"] <= told["max-score"]}
    for test in told["tests"]:
        rules[f"test {test}"] = (
            isinstance(test["test-name"], str) and test["test-name"]
            and isinstance(test["passed"], bool)
            and all(whole(test[key]) for key in WHOLE)
            and test["score"] <= test["max-score"])
    return [rule for rule, holds in rules.items() if not holds]


ENVIRONMENT = {
    "CLASSROOM": "cs101", "ASSIGNMENT": "thanks", "USERNAME": "jdoe",
    "OWNER": "jdoe", "SUBMISSION_TAG": "submit/2026-11-29T12-00-00Z-abcdef0",
    "COMMIT_URL": "https://x/commit/1", "RELEASE_URL": "https://x/releases/1"}


def some_grades(**words: Any) -> Grades:
    """Return the grades of one exercise."""
    return Grades("jdoe", 7, (Grade(FIRST, full()),), **words)


def test_a_result_is_what_the_schema_asks_for():
    told = json.loads(json.dumps(classroom50.result(some_grades(),
                                                    ENVIRONMENT)))
    assert not wrong_with(told)
    assert told["review"] == told["commit"] == "https://x/commit/1"
    assert told["score"] == sum(test["score"] for test in told["tests"])
    assert told["owner"] == "jdoe" and told["assignment"] == "thanks"
    assert not wrong_with(classroom50.result(some_grades(), {}))


@pytest.mark.parametrize("change", [
    {"score": True}, {"score": 1.0}, {"score": 101}, {"score": -1},
    {"extra": 1}, {"submission": "v1"}, {"datetime": "2026-11-29 12:00"},
    {"commit": ""}, {"assignment_type": "team"}])
def test_the_schema_is_one(change):
    told = {**classroom50.result(some_grades(), ENVIRONMENT), **change}
    assert wrong_with(told)


def test_the_release_shows_feedback_and_no_markdown_of_a_student(monkeypatch):
    monkeypatch.setattr(Grades, "feedback", lambda _: "```\n# ````\n")
    said = classroom50.body(some_grades())
    assert said.startswith("### 100 of 100 points\n\n``````text\n```\n")
    assert said.endswith("\n``````\n")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    """What make classroom50 makes, as the runner unpacks it."""
    place = tmp_path_factory.mktemp("classroom50") / "bundle"
    done = subprocess.run(
        ["make", "-s", "classroom50", "EXERCISE=01", f"OUT={place}"],
        cwd=program.ROOT, text=True, capture_output=True, check=False,
        timeout=100)
    assert done.returncode == 0, done.stderr
    return place


class Runner:
    """A folder like a runner's, in which a student's checkout lies."""

    def __init__(self, folder: Path, bundle: Path, source: bytes) -> None:
        self.bundle, self.checkout = bundle, folder / "work" / "checkout"
        self.temp, self.output = folder / "temp", folder / "output"
        exercise = self.checkout / "exercises" / FIRST
        exercise.mkdir(parents=True)
        (exercise / "server.c").write_bytes(source)
        (self.checkout / ".git").mkdir()
        (self.checkout / ".git" / "config").write_text("token = SECRET\n")
        self.temp.mkdir()
        (self.temp / "SECRET").write_text("SECRET")
        self.output.touch()

    def grade(self, **environ: str) -> subprocess.CompletedProcess:
        """Do what the runner does: start autograder.py in the checkout."""
        return subprocess.run(
            [sys.executable, self.bundle / "autograder.py"],
            cwd=self.checkout, text=True, capture_output=True, check=False,
            timeout=200, env={
                **os.environ, **ENVIRONMENT, "RUNNER_TEMP": str(self.temp),
                "GITHUB_OUTPUT": str(self.output), "GITHUB_ACTIONS": "",
                "GITHUB_WORKSPACE": str(self.checkout), **environ})


@pytest.mark.namespaces
@pytest.mark.answers
def test_a_submission_is_graded_in_a_folder_like_the_runner_s(tmp_path,
                                                              bundle):
    runner = Runner(tmp_path, bundle, SOLUTION.read_bytes())
    done = runner.grade()
    assert done.returncode == 0, done.stderr
    told = json.loads((runner.checkout / "result.json").read_text())
    assert not wrong_with(told) and told["score"] == 100
    assert "100 of 100" in (runner.checkout / "release-body.md").read_text()
    assert runner.output.read_text() == ""


@pytest.mark.namespaces
@pytest.mark.answers
def test_the_bundle_is_small_and_has_no_answers(bundle):
    names = [str(file.relative_to(bundle)) for file in bundle.rglob("*")]
    for word in ("solutions/", "tests/wrong/", "tests/right/",
                 "tests/attacks", "04-patience"):
        assert not any(word in name for name in names)
    assert SOLUTION.read_bytes() not in [
        file.read_bytes() for file in bundle.rglob("server.c")]
    subprocess.run(["tar", "czf", bundle.with_name("it.tgz"), "-C", bundle,
                    "."], check=True, timeout=60)
    assert bundle.with_name("it.tgz").stat().st_size < 10 << 20
    runtime = json.loads((bundle / "runtime.json").read_text())
    assert runtime["runs-on"] == "ubuntu-latest"


SPY = r"""
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *places[] = {PLACES};

int
main(void)
{
    extern char **environ;
    char text[64] = "";
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int fd = open(places[i], O_RDONLY);
        if (fd != -1 && read(fd, text, sizeof text - 1) > 0)
            fprintf(stderr, "LEAKED %s\n", text);
        fd = open(places[i], O_WRONLY | O_APPEND);
        if (fd != -1 && write(fd, "status=success\n", 15) > 0)
            fprintf(stderr, "LEAKED write\n");
    }
    for (char **word = environ; *word != NULL; word++)
        fprintf(stderr, "ENV %s\n", *word);
    exit(1);
}
"""


@pytest.mark.namespaces
@pytest.mark.answers
def test_the_runner_s_files_are_out_of_a_submission_s_reach(tmp_path, bundle):
    runner = Runner(tmp_path, bundle, b"")
    keeps = [runner.output, runner.temp / "SECRET",
             runner.checkout / ".git" / "config",
             runner.checkout / "result.json", bundle / "autograder.py"]
    places = ", ".join(f'"{place}"' for place in keeps)
    (runner.checkout / "exercises" / FIRST / "server.c").write_text(
        SPY.replace("PLACES", places))
    (runner.checkout / "result.json").write_text("forged")
    before = {place: place.read_bytes() for place in keeps
              if place.name != "result.json"}
    done = runner.grade(GITHUB_TOKEN="SECRET")
    assert done.returncode == 0, done.stderr
    assert {place: place.read_bytes() for place in before} == before
    told = json.loads((runner.checkout / "result.json").read_text())
    assert not wrong_with(told) and told["score"] < 10
    said = (runner.checkout / "release-body.md").read_text()
    assert "LEAKED" not in said and "SECRET" not in said


@pytest.mark.parametrize("why", ("judge", "walls"))
def test_an_error_of_ours_is_the_exit_status_and_no_result(
        tmp_path, monkeypatch, capfd, why):
    def forbidden(*_: object, **__: object) -> None:
        raise program.NotInstalled("no walls here")
    monkeypatch.setattr(batch, "judged", raises)
    monkeypatch.setattr(classroom50, "the_treatment", forbidden
                        if why == "walls" else
                        lambda *_, **__: make_treatment())
    shutil.copy(STARTER, tmp_path)
    assert classroom50.autograde([str(tmp_path), "01"]) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["server.c"]
    said = capfd.readouterr().err
    assert "the grader itself failed" in said
    assert ("ZeroDivisionError: of ours" in said) == (why == "judge")


@pytest.mark.parametrize("words,what", [
    ((), "EXERCISE=NN is missing"), (("EXERCISE=77",), "no exercise '77'"),
    (("EXERCISE=01", "OUT=/"), "it is there already")])
def test_a_wrong_command_line_is_one_sentence(make, words, what):
    done = make("classroom50", *words)
    assert done.returncode == 2 and what in done.stderr
