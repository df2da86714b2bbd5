"""From a folder with somebody's sources to a score."""

from __future__ import annotations

import random
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Optional

from .. import printable, program
from ..calls import CallLog
from ..sandbox import Sandbox
from . import Score, Verdict, unjudged
from .exercise import Exercise

LARGE = 1 << 20  # bytes: nobody writes a source of that size by hand


class Refused(Exception):
    """A source that can't become a program; the text says why.

    `verdict` tells a compiler that was given up, or crashed, from a mistake.
    """

    def __init__(self, why: str, verdict: Verdict = Verdict.FAILED) -> None:
        super().__init__(why)
        self.verdict = verdict


# From a source that may not be there to a program; raises Refused.
Build = Callable[[Path], Path]


def new_seed() -> int:
    """Return a seed that is easy to type."""
    return random.SystemRandom().randrange(1_000_000)


def first_error(said: str) -> str:
    """Return the line of a compiler's complaint to begin with."""
    lines = said.strip().splitlines() or ["(it did not say why)"]
    for pattern in (r":\d+:(\d+:)? (fatal )?error:", r"undefined reference",
                    r":\d+:"):
        for line in lines:
            if re.search(pattern, line):
                return line
    return lines[0]


def saved_as(content: bytes) -> str:
    """Return the encoding that no compiler reads, "" if there is none."""
    if content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "UTF-32"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    begin = content[:256]
    for half in (begin[::2], begin[1::2]):
        if len(half) > 8 and half.count(0) > 0.8 * len(half):
            return "UTF-16"
    return ""


def build_own(source: Path) -> Path:
    """Compile one source; Refused says what to mend first.

    A copy is compiled: a build is made once a run, and this file may change.
    """
    if not source.exists():
        raise Refused(f"there is no {source.name} in {source.parent}")
    if not source.is_file() or source.stat().st_size > LARGE:
        raise Refused(f"{source} is no source that could be compiled")
    copy = Path(tempfile.mkdtemp(dir=program.scratch())) / source.name
    try:
        shutil.copyfile(source, copy)
    except OSError as error:
        raise Refused(f"{source} can't be read: {error.strerror}") from error
    if saved_as(copy.read_bytes()):
        raise Refused(f"{source} is saved as {saved_as(copy.read_bytes())}: "
                      "save it as UTF-8")
    try:
        return program.build(copy, ours=False)
    except program.DoesNotCompile as error:
        line = first_error(str(error)).replace(str(copy), source.name)
        raise Refused(f"{source.name} does not compile: "
                      + printable.line(line, 300)) from error


def grade(folder: Path, name: str, exercise: Exercise,
          seed: Optional[int] = None,
          sandbox: Callable[[], Sandbox] = Sandbox,
          build: Build = build_own) -> Score:
    """Judge the sources in a folder as answers to an exercise.

    `name` is that of the exercise's folder, 01-some-name. Each run has a room
    that `sandbox()` makes; untrusted sources are to be built, and to run,
    behind walls. What the sources are, or do, is in the score.
    """
    seed = new_seed() if seed is None else seed
    try:
        with ThreadPoolExecutor() as pool:
            library = pool.submit(CallLog)  # built once, and meanwhile
            programs = dict(zip(exercise.sources, pool.map(
                lambda source: build(folder / source), exercise.sources)))
            library.result()
    except Refused as refusal:
        return unjudged(name, seed, exercise.checks, str(refusal),
                        refusal.verdict)
    warned = tuple(line for made in programs.values()
                   for line in program.grave_warnings(made))
    return Score(name, seed, tuple(exercise.judge(programs, seed, sandbox)),
                 warned=warned)
