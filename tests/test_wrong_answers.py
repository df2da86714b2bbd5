"""A wrong answer is a diff that anybody can apply, with a header that is read.

What becomes of it in front of a judge is in test_exercises.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import wrong_answers
from lab.program import ROOT
from wrong_answers import Malformed, NoLongerApplies, SOLUTIONS

EXERCISE = "01-return-the-thanks"
SOURCE = f"solutions/{EXERCISE}/server.c"
HEADER = """caught by: half-close
costs also: thanks-heard
    no-thanks
happens: no FIN

Someone forgets
to say goodbye.

"""
FILES = f"--- {SOURCE}\n+++ {SOURCE}\n"
HUNK = "@@ -1,3 +1,2 @@\n one\n-two\n\n"

each_answer = pytest.mark.parametrize("path", [
    pytest.param(path, id=f"{path.parent.name[:2]}-{path.stem}")
    for path in wrong_answers.paths()])


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return what writes a wrong answer to an exercise of three lines."""
    solution = tmp_path / SOURCE
    solution.parent.mkdir(parents=True)
    solution.write_text("one\ntwo\n\n")
    monkeypatch.setattr(wrong_answers, "SOLUTIONS", tmp_path / "solutions")
    folder = tmp_path / "tests" / "wrong" / EXERCISE
    folder.mkdir(parents=True)

    def written(text: str, name: str = "mistake.diff") -> Path:
        (folder / name).write_text(text)
        return folder / name
    return written


# --- those that are kept ---------------------------------------------------

@pytest.mark.answers
@each_answer
def test_it_applies_and_changes_something(path):
    answer = wrong_answers.read(path)
    solution = {source.name: source.read_text() for source in
                (SOLUTIONS / answer.exercise).glob("*.[ch]")}
    made = answer.sources()
    assert made.keys() == solution.keys() and made != solution


@pytest.mark.answers
@pytest.mark.parametrize("words", (("patch", "-s", "-p0", "-F0"),
                                   ("git", "apply", "-p0")),
                         ids=lambda words: words[0])
def test_what_people_apply_diffs_with_makes_the_same(tmp_path, words):
    if not shutil.which(words[0]):
        pytest.skip(f"{words[0]} is not installed")
    for path in wrong_answers.paths():
        if path.suffix != ".diff":
            continue
        folder = tmp_path / path.parent.name / path.stem
        shutil.copytree(SOLUTIONS / path.parent.name,
                        folder / "solutions" / path.parent.name)
        subprocess.run(words, cwd=folder, input=path.read_bytes(), check=True,
                       env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull,
                            "GIT_CEILING_DIRECTORIES": str(tmp_path)})
        for name, text in wrong_answers.read(path).sources().items():
            made = folder / "solutions" / path.parent.name / name
            assert made.read_text() == text, path


# --- how one is read -------------------------------------------------------

def test_a_header_says_what_becomes_of_it(write):
    answer = wrong_answers.read(write(HEADER + FILES + HUNK))
    assert answer.caught_by == "half-close"
    assert answer.costs_also == ("thanks-heard", "no-thanks")
    assert answer.happens == ("no FIN",) and answer.needs == ""
    assert answer.why == "Someone forgets to say goodbye."
    assert answer.sources() == {"server.c": "one\n\n"}


def test_what_depends_on_the_scheduler_is_said_twice(write):
    header = HEADER.replace("no FIN\n", "no FIN\nhappens: a RST\n")
    assert wrong_answers.read(write(header + FILES + HUNK)).happens == (
        "no FIN", "a RST")


def test_a_diff_may_change_several_sources(write, tmp_path):
    (tmp_path / SOURCE).with_name("client.c").write_text("one\ntwo\n\n")
    diff = "".join(f"diff --git {name} {name}\nindex 1..2 100644\n"
                   f"--- {name}\n+++ {name}\n{HUNK}"
                   for name in (SOURCE.replace("server", "client"), SOURCE))
    assert wrong_answers.read(write(HEADER + diff)).sources() == {
        "client.c": "one\n\n", "server.c": "one\n\n"}


def test_a_whole_program_has_its_header_in_the_first_comment(write):
    lines = "".join(f" * {line}".rstrip() + "\n"
                    for line in HEADER.strip().splitlines())
    answer = wrong_answers.read(write(
        f"/*\n{lines} */\nint main(void) {{ }}\n", "mistake.c"))
    assert answer.caught_by == "half-close"
    assert answer.why == "Someone forgets to say goodbye."
    assert answer.sources() == {"server.c": "int main(void) { }\n"}


def test_a_whole_program_stands_for_one_source_only(write, tmp_path):
    (tmp_path / SOURCE).with_name("client.c").write_text("one\n")
    path = write(f"/*\n{HEADER} */\nint main(void) {{ }}\n", "mistake.c")
    with pytest.raises(Malformed, match="place of client.c and server.c"):
        wrong_answers.read(path).sources()


@pytest.mark.parametrize("old,new,complaint", (
    (HEADER, "", "doesn't begin with a header and then a diff"),
    (FILES, "", "doesn't begin with a header and then a diff"),
    ("happens: no FIN\n", "", "its header has no 'happens: ...'"),
    ("happens:", "happend:", "'happend: no FIN' is not one of"),
    ("happens: no FIN", "happens: ", "'happens: ' is not one of"),
    ("happens:", "happens: no EOF\ncaught by:", "has two 'caught by: ...'"),
    ("Someone forgets\nto say goodbye.\n", "", "who makes this mistake"),
    ("costs also:", "needs:", "it can need namespaces, and nothing else"),
    (FILES, FILES.replace("01-", "02-"), "not of a source in solutions/01-"),
    ("server.c\n@", "client.c\n@", "a diff of " + SOURCE + " and sol"),
    ("-1,3", "-1,4", "the hunk at line 1 has 3 old and 2 new lines, not 4"),
), ids=lambda text: text[:12].strip())
def test_a_malformed_file_is_named(write, old, new, complaint):
    text = HEADER + FILES + HUNK
    assert old in text
    path = write(text.replace(old, new, 1))
    with pytest.raises(Malformed, match=str(path)) as raised:
        wrong_answers.read(path).sources()
    assert complaint in str(raised.value)


@pytest.mark.parametrize("solution", ("one\n2\n\n", "zero\none\ntwo\n\n",
                                      "one\ntwo\n", ""))
def test_a_diff_that_no_longer_applies_is_named_and_shown(
        write, tmp_path, solution):
    """None is moved to where it might have been meant."""
    path = write(HEADER + FILES + HUNK)
    (tmp_path / SOURCE).write_text(solution)
    with pytest.raises(NoLongerApplies) as raised:
        wrong_answers.read(path).sources()
    said = str(raised.value)
    assert said.startswith(f"{path} no longer applies: line ")
    assert f" of {SOURCE} should be\n" in said


# --- how one is rewritten --------------------------------------------------

@pytest.fixture
def refresh(write, tmp_path):
    """Return what rewrites the diffs beside the exercise of three lines."""
    if not shutil.which("patch"):
        pytest.skip("patch is not installed")
    script = tmp_path / "tests" / "wrong" / "refresh"
    shutil.copy(ROOT / "tests" / "wrong" / "refresh", script)

    def refreshed(*diffs: Path) -> subprocess.CompletedProcess:
        return subprocess.run([script, *diffs], capture_output=True, text=True,
                              check=False)
    return refreshed


@pytest.mark.answers
def test_refresh_moves_a_diff_and_keeps_its_header(write, tmp_path, refresh):
    path = write(HEADER + FILES + HUNK)
    before = path.stat().st_mtime_ns
    assert refresh().returncode == 0
    assert path.stat().st_mtime_ns == before
    (tmp_path / SOURCE).write_text("zero\none\ntwo\n\n")
    assert refresh().returncode == 0
    assert path.read_text() == HEADER + FILES + (
        "@@ -1,4 +1,3 @@\n zero\n one\n-two\n\n")
    assert wrong_answers.read(path).sources() == {
        "server.c": "zero\none\n\n"}


@pytest.mark.answers
def test_refresh_takes_what_git_diff_says(write, refresh):
    path = write(HEADER + f"diff --git {SOURCE} {SOURCE}\n"
                 "index 1..2 100644\n" + FILES
                 + HUNK.replace("@@\n", "@@ main\n"))
    assert wrong_answers.read(path).sources() == {"server.c": "one\n\n"}
    assert refresh(path).returncode == 0
    assert path.read_text() == HEADER + FILES + HUNK


@pytest.mark.answers
def test_refresh_leaves_and_names_what_it_can_not_apply(write, tmp_path,
                                                        refresh):
    path = write(HEADER + FILES + HUNK)
    other = write(HEADER + FILES + HUNK.replace("-two", "-2"),
                  "other.diff")
    (tmp_path / SOURCE).write_text("zero\none\n2\n\n")
    done = refresh()
    assert done.returncode == 1
    assert f"refresh: {path}: does not apply:" in done.stderr
    assert path.read_text() == HEADER + FILES + HUNK
    assert " zero\n" in other.read_text()
