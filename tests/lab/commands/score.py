"""make score: all exercises at a glance."""

from __future__ import annotations

import sys

from ..judging import MAXIMUM
from ..judges import exercises, judge_of
from ..ladder import text
from . import progress
from .check import judged

BAR = 20  # columns


def _bar(points: int, style: text.Style) -> str:
    """Draw how much of the maximum that is."""
    full, empty = ("█", "░") if style.utf8 else ("#", "-")
    done = BAR * points // MAXIMUM
    return full * done + empty * (BAR - done)


def main(_: list[str]) -> int:
    """score: a line an exercise."""
    style = text.Style.of(sys.stdout)
    earned = []
    for folder in exercises():
        sources = [folder / name for name in judge_of(folder.name).sources]
        green = progress.digest(sources) == progress.read(folder.name).green
        points = MAXIMUM if green else judged(folder).points
        number = folder.name.split("-")[0]
        remark = "green, and not changed since" if green else \
            "" if points == MAXIMUM else f"make check-{number}"
        print(f"{folder.name:<22} {_bar(points, style)} "
              f"{points:>3}/{MAXIMUM}  {remark}".rstrip(), flush=True)
        earned.append(points)
    print(f"{'':<22} {_bar(sum(earned) // max(1, len(earned)), style)} "
          f"{sum(earned):>3}/{MAXIMUM * len(earned)}")
    return 0
