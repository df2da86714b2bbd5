"""make handout: the kit as students get it, without an answer in it.

EXERCISES="01 02" packs these alone. OUT is an archive, something.tar.gz, or
else a folder: a git repository with one commit that can be pushed as it is.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Iterator, Mapping, Optional, Sequence

from ..judges import STARTERS, exercise, exercises
from ..program import ROOT
from .asked import UsageError

NAME = "half-close"
# What is packed is named, lest a folder of submissions goes out with it.
PACKED = ("Makefile", "README.md", "LICENSE", ".gitignore", ".gitattributes",
          ".clang-format", ".editorconfig", ".devcontainer", "chapters",
          "exercises", "tests")
KEPT_BACK = ("tests/wrong", "tests/right", "tests/attacks", "tests/.venv",
             "tests/.built", "chapters/book", "exercises/README.md",
             "tests/README.md",
             "tests/test_walls.py", "tests/test_grader.py",
             "tests/test_grader_attacks.py", "tests/test_grader_command.py",
             "tests/test_grader_output.py", "tests/test_grader_workers.py",
             "tests/grading.py", "tests/test_admission.py",
             "tests/test_hand_ins.py", "tests/test_collect.py",
             "tests/downloads.py",
             "tests/test_gradebook.py", "tests/test_instructor.py",
             "tests/test_course_sites.py", "tests/test_handout.py")
SUFFIXES = (".c", ".h", ".py", ".md", ".svg", ".png", ".css", ".js", ".html",
            ".json", "")
NOT_THEIRS = ("For instructors", "Adding to it")  # sections of README.md
BOOK = "/chapters/book/\n"  # a line of .gitignore


def _is_built(place: Path) -> bool:
    """Whether a file is a program that lies beside its source."""
    return not place.suffix and place.with_suffix(".c").exists()


def _sources(root: Path) -> Iterator[Path]:
    """Return what the kit is made of, as names below its top."""
    for name in PACKED:
        top = root / name
        for place in sorted([top, *top.rglob("*")]):
            inside = place.relative_to(root)
            if (place.is_file() and not place.is_symlink()
                    and place.suffix in SUFFIXES + (name,)
                    and not _is_built(place)
                    and not place.name.startswith(".progress")
                    and "__pycache__" not in inside.parts
                    and not any(Path(kept) in (inside, *inside.parents)
                                for kept in KEPT_BACK)):
                yield inside


def readme(text: str, names: Sequence[str]) -> str:
    """Return README.md as it speaks to a student.

    What is for instructors is not in it, nor are exercises but `names`, nor
    where the answers are.
    """
    head, *sections = re.split(r"(?m)^(?=## )", text)
    kept = [section for section in sections
            if section.split("\n")[0][3:] not in NOT_THEIRS]
    lines = [line for line in "".join([head, *kept]).split("\n")
             if "`solutions/`" not in line]
    return "\n".join(
        line for line in lines
        if not line.startswith("| [") or "](exercises/" not in line
        or any(f"](exercises/{name}/" in line for name in names))


def _other(inside: Path, names: Sequence[str]) -> bool:
    """Whether a file belongs to an exercise that is not handed out."""
    parts = inside.parts
    folder = parts[1] if parts[0] == "exercises" else \
        parts[2] if parts[:2] == ("tests", "starters") else ""
    return bool(re.match(r"\d\d-", folder)) and folder not in names


def contents(root: Path = ROOT, names: Optional[Sequence[str]] = None
             ) -> dict[str, bytes]:
    """Return the files of a handout: exercises as they are begun.

    `names` are those of the exercises; None is all of them.
    """
    if names is None:
        names = [folder.name for folder in exercises()]
    files = {str(inside): (root / inside).read_bytes()
             for inside in _sources(root)
             if not _other(inside, names)
             and (inside.parts[0] != "exercises" or inside.suffix == ".md")}
    for starter in sorted(STARTERS.glob("*/*")):
        if starter.parent.name in names:
            files[f"exercises/{starter.parent.name}/{starter.name}"] = \
                starter.read_bytes()
    text = files["README.md"].decode("utf-8")
    files["README.md"] = readme(text, names).encode("utf-8")
    ignored = files[".gitignore"].decode("utf-8")
    files[".gitignore"] = ignored.replace(BOOK, "").encode("utf-8")
    return files


def unpacked(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a handout into a folder, and make its book there."""
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    subprocess.run([sys.executable, "-m", "lab", "book"], cwd=folder,
                   check=True, stdout=subprocess.DEVNULL, env={
                       **os.environ, "PYTHONPATH": str(folder / "tests"),
                       "PYTHONDONTWRITEBYTECODE": "1"})


def packed(place: Path, folder: Path) -> None:
    """Write an archive, in which everything lies in one folder."""
    with tarfile.open(place, "w:gz") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                content = file.read_bytes()
                entry = tarfile.TarInfo(
                    f"{NAME}/{file.relative_to(folder)}")
                entry.size, entry.mode = len(content), 0o644
                archive.addfile(entry, io.BytesIO(content))


def committed(folder: Path) -> bool:
    """Make a repository of a folder; return whether there is git."""
    if shutil.which("git") is None:
        return False
    git = ["git", "-c", "init.templateDir=", "-c", "core.hooksPath=/dev/null",
           "-c", "core.autocrlf=false", "-c", "commit.gpgSign=false",
           "-c", "user.name=Half-close", "-c", "user.email=half-close@invalid"]
    environ = {name: value for name, value in os.environ.items()
               if not name.startswith("GIT_")}
    for words in (("init", "-q"), ("checkout", "-q", "-B", "main"),
                  ("add", "-A", "-f"),
                  ("commit", "-q", "-m", "Half-close, for students")):
        subprocess.run([*git, *words], cwd=folder, check=True, env=environ)
    return True


def _names(environ: Mapping[str, str]) -> list[str]:
    """Return the exercises that EXERCISES names; all if it is not there."""
    words = environ.get("EXERCISES", "").split()
    return sorted({exercise(word).name for word in words}) or \
        [folder.name for folder in exercises()]


def main(_: list[str]) -> int:
    """handout: beside the kit, or where OUT says."""
    names = _names(os.environ)
    place = Path(os.environ.get("OUT")
                 or ROOT.parent / f"{NAME}-handout.tar.gz").resolve()
    archive = place.name.endswith((".tar.gz", ".tgz"))
    if not archive and (place.suffix or place.exists()):
        raise UsageError(f"OUT={place}: call it something.tar.gz, or name a "
                         "folder that isn't there yet")
    with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        folder = Path(scratch) / NAME
        files = contents(names=names)
        unpacked(folder, files)
        if archive:
            packed(place, folder)
        else:
            git = committed(folder)
            folder.rename(place)
    said = "" if archive else ", a repository with one commit" if git else \
        ", and no repository: there is no git here"
    print(f"{place}: {len(files)} files and the book, exercises "
          f"{' '.join(name[:2] for name in names)}, no answers{said}")
    return 0
