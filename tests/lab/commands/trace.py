"""make trace-NN: one chapter's programs meet; draw what happened."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .. import matrix, program, sandbox, scenario
from ..ladder import ladder, text
from ..outcome import Outcome
from ..scenario import trials


def say_if_shared() -> None:
    """Say in one line that this system hides the packets, if it does."""
    why = sandbox.why_not_private()
    if why:
        print(f"No packets are shown: this system forbids network namespaces "
              f"({why}); `make doctor` tells more.\n")


def show(folder: Path, way: scenario.Way = scenario.Way()) -> Outcome:
    """Run one way of a chapter, print its ladder and what was said."""
    outcome = scenario.converse(folder, way)
    title = f"{folder.name} {way.name}".strip()
    print(text.text(ladder(outcome, title), text.Style.of(sys.stdout)))
    said_by(outcome)
    return outcome


def said_by(outcome: Outcome) -> None:
    """Print what the programs printed."""
    for name, part in (("server", outcome.server), ("client", outcome.client)):
        if part.bench:
            continue
        said = (part.stdout + part.stderr).splitlines()
        for line in said or ["(nothing)"]:
            print(f"{name} said: {line}")


def show_cell(folder: Path, slug: str) -> int:
    """Play one cell of the matrix, and draw each of its conversations."""
    asked = trials.scenario(slug)
    pair = next((p for p in matrix.pairs() if p.folder == folder), None)
    if pair is None:
        print(f"trace: {folder.name} has no row in the matrix",
              file=sys.stderr)
        return 2
    for index, act in enumerate(trials.play(asked, pair)):
        if index:
            print()
        title = f"{folder.name}, {act.title}: {act.verdict}"
        print(text.text(ladder(act.outcome, title), text.Style.of(sys.stdout)))
        said_by(act.outcome)
    return 0


def main(arguments: list[str]) -> int:
    """trace NN, with HOW and PEER if you like: all ways, or one, or a cell."""
    folder = program.chapter(arguments[0])
    asked, slug = os.environ.get("HOW", ""), os.environ.get("PEER", "")
    if slug:
        return show_cell(folder / asked, slug)  # asked: "as-printed", or ""
    ways = scenario.ways(folder)
    if asked and asked not in [way.name for way in ways]:
        known = ", ".join(way.name for way in ways if way.name)
        print(f"trace: {folder.name} does not run in a way {asked!r}: "
              + (f"HOW is one of {known}" if known else "it takes no HOW"),
              file=sys.stderr)
        return 2
    say_if_shared()
    for index, way in enumerate(w for w in ways if asked in ("", w.name)):
        if index:
            print()
        show(folder, way)
    return 0
