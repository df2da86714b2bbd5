"""make trace-NN: one chapter's programs meet; draw what happened."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Iterable

from .. import chapters, matrix, printable, program, sandbox, scenario
from ..ladder import Ladder, ladders, text
from ..outcome import Outcome
from ..meeting.pair import Pair, converse
from .asked import UsageError


def say_if_shared() -> None:
    """Say in one line that this system hides the packets, if it does."""
    why = sandbox.why_not_private()
    if why:
        print(f"No packets are shown: this system forbids network namespaces "
              f"({why}); `make doctor` tells more.\n")


def draw(drawn: Ladder) -> None:
    """Print a ladder as this terminal can show it."""
    print(text.text(drawn, text.Style.of(sys.stdout)))


def show(pair: Pair, title: str = "") -> Outcome:
    """Let a pair meet, print the ladder and what was said."""
    outcome = converse(pair)
    for drawn in ladders(outcome, title or pair.name):
        draw(drawn)
    said_by(outcome)
    return outcome


def said_by(outcome: Outcome) -> None:
    """Print what the programs printed."""
    for name, part in (("server", outcome.server), ("client", outcome.client)):
        if part.bench:
            continue
        said = (part.stdout + part.stderr).splitlines()
        for line in said or ["(nothing)"]:
            words = f"{name} said: "
            print(printable.wrapped(words + printable.line(line), len(words)))


def pairs(folder: Path) -> dict[str, Pair]:
    """Return who meets a peer in a chapter, by what HOW is then.

    "" is its row of the matrix; the others are its ways, and the programs in
    its folders.
    """
    rows = {"" if pair.folder == folder else pair.folder.name: pair
            for pair in matrix.pairs()
            if folder in (pair.folder, pair.folder.parent)}
    if "" in rows:
        for way in chapters.ways(folder):
            if way.name:
                rows[way.name] = replace(rows[""], way=way)
        for server in sorted(folder.glob("*/server.c")):
            inside = server.parent
            rows.setdefault(inside.name, Pair(
                inside.name, chapters.number(folder), inside))
    return rows


def pair_of(folder: Path, asked: str) -> Pair:
    """Return one of them; raises UsageError."""
    rows = pairs(folder)
    if not rows:
        raise UsageError(f"{folder.name} meets no peers: leave PEER out")
    if asked not in rows:
        raise UsageError(f"{folder.name} meets no peer in a way {asked!r}: "
                         + known_ways(rows))
    return rows[asked]


def known_ways(names: Iterable[str]) -> str:
    """Say what HOW can be."""
    known = ", ".join(filter(None, names))
    return f"HOW is one of {known}" if known else "it takes no HOW"


def show_cell(pair: Pair, title: str, slug: str) -> int:
    """Play one cell of the matrix, and draw each of its conversations."""
    asked = scenario.scenario(slug)
    say_if_shared()
    try:
        acts = scenario.play(asked, pair)
    except PermissionError:
        if not sandbox.why_not_private():
            raise
        print(f"trace: PEER={slug} needs a network namespace of its own",
              file=sys.stderr)
        return 1
    for index, act in enumerate(acts):
        if index:
            print()
        for drawn in ladders(act.outcome,
                             f"{title}, {act.title}: {act.verdict}"):
            draw(drawn)
        said_by(act.outcome)
    return 0


def main(arguments: list[str]) -> int:
    """trace NN, with HOW and PEER if you like: all ways, or one, or a cell."""
    folder = program.chapter(arguments[0])
    asked, slug = os.environ.get("HOW", ""), os.environ.get("PEER", "")
    if slug:
        return show_cell(pair_of(folder, asked),
                         f"{folder.name} {asked}".strip(), slug)
    ways = {way.name: Pair.of(chapters.number(folder), way)
            for way in chapters.ways(folder)}
    known = {**pairs(folder), **ways}
    if asked not in (*known, ""):
        raise UsageError(f"{folder.name} does not run in a way {asked!r}: "
                         + known_ways(known))
    say_if_shared()
    for index, pair in enumerate([known[asked]] if asked else ways.values()):
        if index:
            print()
        show(pair, f"{folder.name} {asked}".strip() if asked else pair.name)
    return 0
