"""What students get: a kit that works, without an answer in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import wrong_answers
from lab import program
from lab.commands import handout
from lab.judges import exercises

FIRST, LATER = "01-return-the-thanks", "04-patience"
SOLUTIONS = program.ROOT / "solutions"
STARTER = program.ROOT / "tests" / "starters" / FIRST / "server.c"
pytestmark = pytest.mark.answers


def answers() -> set[bytes]:
    """Return the content of every file that would give an answer away."""
    folders = (SOLUTIONS, program.ROOT / "tests" / "right",
               wrong_answers.WRONG)
    return {file.read_bytes() for folder in folders
            for file in folder.rglob("*") if file.is_file()}


def git(folder: Path, *words: str) -> str:
    """Return what git says about a repository."""
    return subprocess.run(["git", *words], cwd=folder, text=True, check=True,
                          capture_output=True, timeout=60).stdout


def test_no_built_program_is_handed_out(kit):
    for source in kit.glob("chapters/*/*.c"):
        source.with_suffix("").write_bytes(b"\x7fELF")
    assert not any(content.startswith(b"\x7fELF")
                   for content in handout.contents(kit).values())


def test_a_handout_has_no_answers_in_it(kit):
    (kit / "submissions").mkdir()
    (kit / "submissions" / "secret.c").write_text("private\n")
    shutil.copy(SOLUTIONS / FIRST / "server.c", kit / "exercises" / FIRST)
    files = handout.contents(kit)
    names = "\n".join(files)
    for word in ("solutions/", "wrong/", "right/", "attacks/", "submissions",
                 ".git/", "__pycache__"):
        assert word not in names
    assert files[f"exercises/{FIRST}/server.c"] == STARTER.read_bytes()
    assert not answers() & set(files.values())
    for name in ("Makefile", "README.md", "tests/run", "LICENSE",
                 ".devcontainer/devcontainer.json", ".gitattributes",
                 "tests/lab/judging/submission.py",
                 "chapters/common/net.h"):
        assert name in files


def test_its_readme_speaks_to_a_student():
    text = (program.ROOT / "README.md").read_text(encoding="utf-8")
    said = handout.readme(text, [FIRST])
    for section in handout.NOT_THEIRS:
        assert f"\n## {section}\n" in text and section not in said
    assert "`solutions/`" not in said
    assert re.findall(r"\]\(exercises/(.*?)/", said) == [FIRST]
    for heading in ("## The chapters", "## Exercises", "make check-01"):
        assert heading in said


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    """What make handout EXERCISES="01 02" makes in a folder."""
    place = tmp_path_factory.mktemp("handout") / "for-students"
    done = subprocess.run(
        ["make", "-s", "handout", "EXERCISES=01 02", f"OUT={place}"],
        cwd=program.ROOT, text=True, capture_output=True, check=False,
        timeout=100)
    assert done.returncode == 0, done.stderr
    assert "exercises 01 02, no answers, a repository" in done.stdout
    return place


def test_a_repository_holds_the_exercises_asked_for_and_no_answer(repository):
    tracked = git(repository, "ls-files").splitlines()
    lying = [str(file.relative_to(repository)) for file in
             repository.rglob("*") if file.is_file()
             and ".git" not in file.relative_to(repository).parts]
    assert sorted(tracked) == sorted(lying)
    assert git(repository, "status", "--porcelain") == ""
    assert sorted({name.split("/")[1] for name in tracked
                   if name.startswith("exercises/")}) == [
        FIRST, "02-remote-sort"]
    assert not any(LATER in name for name in tracked)
    assert "chapters/book/book.html" in tracked


def test_no_answer_is_in_its_history(repository):
    assert git(repository, "rev-list", "--all", "--count").strip() == "1"
    objects = git(repository, "cat-file", "--batch-all-objects",
                  "--batch-check").splitlines()
    blobs = [line.split()[0] for line in objects if " blob " in line]
    content = {subprocess.run(
        ["git", "cat-file", "blob", blob], cwd=repository, check=True,
        capture_output=True, timeout=60).stdout for blob in blobs}
    assert not answers() & content
    later = (program.ROOT / "tests" / "starters" / LATER / "server.c")
    assert later.read_bytes() not in content


@pytest.mark.parametrize("words,what", [
    (("OUT=/",), "a folder that isn't there yet"),
    (("OUT=/x/it.zip",), "call it something.tar.gz"),
    (("EXERCISES=01 77",), "no exercise '77'")])
def test_a_wrong_command_line_is_one_sentence(make, words, what):
    done = make("handout", *words)
    assert done.returncode == 2 and what in done.stderr


@pytest.mark.soak()
@pytest.mark.parametrize("names", ([], ["01", "02"]))
def test_a_handout_works(tmp_path, make, soak, names):
    """All of its tests take as long as ours: the short form takes one file."""
    done = make("handout", f"EXERCISES={' '.join(names)}",
                f"OUT={tmp_path}/it.tar.gz")
    assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "it.tar.gz") as archive:
        archive.extractall(tmp_path)
    kit = tmp_path / "half-close"
    count = len(names or exercises())

    def run(*words: str, bound: float = 100) -> subprocess.CompletedProcess:
        plain = {**os.environ, "PYTEST_ADDOPTS": ""}  # skips are right in it
        return subprocess.run(words, cwd=kit, text=True, capture_output=True,
                              check=False, timeout=bound, env=plain)
    assert len(run("make", "-s", "score").stdout.splitlines()) == count + 1
    if soak:
        assert run("make", "-s", "demo").returncode == 0
        done = run("make", "-s", "test", bound=1200)
    else:
        done = run(sys.executable, "-m", "pytest", "-q", "-p",
                   "no:cacheprovider", "tests/test_student.py", "-k",
                   "asks_for or green")
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.count(" skipped: a handout: no answers\n") == 1


# --- where it is opened ----------------------------------------------------

def test_the_container_may_have_namespaces_and_asks_the_doctor():
    told = json.loads((program.ROOT / ".devcontainer" /
                       "devcontainer.json").read_text())
    words = " ".join(told["runArgs"])
    for needed in ("--init", "seccomp=unconfined", "apparmor=unconfined",
                   "systempaths=unconfined", "--cap-add SYS_ADMIN"):
        assert needed in words
    assert told["postCreateCommand"] == "make doctor"


def test_no_checkout_changes_the_line_ends(tmp_path):
    shutil.copy(program.ROOT / ".gitattributes", tmp_path)
    git(tmp_path, "init", "-q")
    names = ("server.c", "Makefile", "tests/run", "a.py", "wire.svg")
    said = git(tmp_path, "check-attr", "text", "eol", "--", *names)
    for name in names:
        assert f"{name}: eol: lf\n" in said and f"{name}: text: " in said


def test_no_text_of_the_kit_has_line_ends_of_its_own():
    """The kit need not be a git repository: it may be a copy."""
    texts = [path for folder in ("chapters", "exercises", "tests")
             for path in (program.ROOT / folder).rglob("*.*")
             if path.suffix in (".c", ".diff", ".h", ".md", ".py", ".svg")
             and ".venv" not in path.parts]
    assert len(texts) > 200
    assert not [path for path in texts if b"\r\n" in path.read_bytes()]
