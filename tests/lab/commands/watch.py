"""make watch-NN: judge at every save, until all is green."""

from __future__ import annotations

import select
import sys
from pathlib import Path
from typing import Sequence

from ..judging import report
from ..judges import exercise, judge_of
from ..ladder import text
from .check import judged
from .terminal import CLEAR, draws_over

LOOK = 0.3  # seconds between two looks at the files' times


def _times(sources: Sequence[Path]) -> list[tuple[int, int]]:
    """Return when each file was saved: every mount tells that."""
    found = []
    for source in sources:
        try:
            status = source.stat()
            found.append((status.st_mtime_ns, status.st_size))
        except OSError:
            found.append((0, 0))
    return found


def main(arguments: list[str]) -> int:
    """watch NN: ends with 0 when there is nothing left to do."""
    folder = exercise(arguments[0] if arguments else "")
    sources = [folder / name for name in judge_of(folder.name).sources]
    style = text.Style.of(sys.stdout)
    while True:
        seen = _times(sources)
        score = judged(folder)
        if draws_over(sys.stdout):
            print(CLEAR, end="")
        print(report.report(score, style), flush=True)
        if score.full:
            print("All green: done.")
            return 0
        print("Waiting for you to save (Ctrl-C ends).", flush=True)
        while _times(sources) == seen:
            select.select([], [], [], LOOK)
