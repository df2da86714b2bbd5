"""Compile a source of the kit in a scratch place, never beside the source."""

from __future__ import annotations

import atexit
import functools
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = ROOT / "chapters"

WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion")


class NoSuchChapter(Exception):
    """There is no folder for the number that was asked for."""


class DoesNotCompile(Exception):
    """The compiler refused; the text is all that it said."""


def chapters() -> list[Path]:
    """Return the folders of the chapters, in the order of their numbers."""
    return sorted(CHAPTERS.glob("[0-9][0-9]-*"))


def chapter(number: str) -> Path:
    """Return the folder of a chapter; `number` is two digits, "03"."""
    for folder in chapters():
        if folder.name.split("-")[0] == number:
            return folder
    known = ", ".join(folder.name.split("-")[0] for folder in chapters())
    raise NoSuchChapter(f"there is no chapter {number!r}: there are {known}")


def compiler() -> list[str]:
    """Return the command that compiles C: $CC, or cc."""
    return shlex.split(os.environ.get("CC") or "cc")


@functools.lru_cache(maxsize=None)
def scratch() -> Path:
    """Return this run's own folder; it goes when the run ends."""
    folder = Path(tempfile.mkdtemp(prefix="half-close-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.lru_cache(maxsize=None)
def build(source: Path, flags: tuple[str, ...] = ()) -> Path:
    """Compile one source file and return the program, built once a run.

    Raises DoesNotCompile with the compiler's own words.
    """
    folder = Path(tempfile.mkdtemp(dir=scratch()))
    folder.chmod(0o755)
    made = folder / source.stem
    shared = sorted((CHAPTERS / "common").glob("*.c")) \
        if '"../common/' in source.read_text() else []
    command = [*compiler(), "-std=c17", *WARNINGS, "-O2", *flags,
               str(source), *map(str, shared), "-o", str(made)]
    done = subprocess.run(command, capture_output=True, text=True,
                          errors="replace", check=False)
    if done.returncode != 0:
        raise DoesNotCompile(done.stderr)
    return made
