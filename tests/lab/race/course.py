"""Medians of paired rounds, and which goals they meet."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from statistics import median
from typing import Callable, Sequence

Rounds = dict[str, list[float]]  # figures of each round, by what they are of


@dataclass(frozen=True)
class Goal:
    """What a figure is to be: at least, or at most, a bound."""

    what: str
    values: Sequence[float]  # one a round
    bound: float
    at_least: bool = True
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the median reaches it."""
        reached = median(self.values)
        return reached >= self.bound if self.at_least \
            else reached <= self.bound

    def __str__(self) -> str:
        verdict = "met    " if self.met else "NOT MET"
        side = "at least" if self.at_least else "at most"
        return f"{verdict} {self.what}: {spread(self.values, self.unit)}; " \
            f"{side} {figure(self.bound)}{self.unit}"


def figure(value: float) -> str:
    """Return a figure with no more digits than it is worth."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(values: Sequence[float], unit: str = "") -> str:
    """Return the median, and the lowest and the highest of several."""
    if len(values) == 1:
        return figure(values[0]) + unit
    return f"{figure(median(values))}{unit} ({figure(min(values))} to " \
        f"{figure(max(values))})"


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Return the ratio of each round: what was measured together."""
    return [a / b for a, b in zip(above, below)]


def noisy(figures: Rounds) -> list[str]:
    """Return what came out more than twice as high in one round as another."""
    return [name for name, values in figures.items()
            if max(values) > 2 * min(values)]


def machine() -> str:
    """Return on what it runs, in a line."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} processors, {platform.system()} " \
        f"{platform.release().split('-')[0]}, load {load:.1f}"


def rounds(count: int, measure: Callable[[Rounds], None]) -> Rounds:
    """Measure several rounds; each adds a value to each figure."""
    figures: Rounds = {}
    for _ in range(count):
        measure(figures)
    return figures


def note(figures: Rounds, name: str, value: float) -> None:
    """Add a value to a figure."""
    figures.setdefault(name, []).append(value)
