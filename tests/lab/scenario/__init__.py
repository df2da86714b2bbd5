"""The scenarios: what the world does to a server and a client.

A scenario is a file in this folder, and a column of the matrix by being there.
It begins with its claim, and has

    TITLE       the column's head
    CHAPTER     the chapter that deals with it: from there on it must be ok
    COLUMN      False for what is no column: a ladder shows it, PEER= asks
    play(it)    the conversations that it takes, in a PairMeeting; yields an
                Act for each

The file's name, with dashes, is what PEER= asks for.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

from .. import program
from ..meeting.pair import Pair, PairMeeting
from ..verdicts import OK, Act


class NoSuchScenario(Exception):
    """There is no scenario of the name that was asked for."""


@dataclass(frozen=True)
class Scenario:
    """What a pair meets; from chapter `chapter` on a `column` must be ok."""

    slug: str
    title: str
    chapter: str
    claim: str
    column: bool
    play: Callable[[PairMeeting], Iterator[Act]]


@functools.lru_cache(maxsize=None)
def scenarios() -> tuple[Scenario, ...]:
    """Return all scenarios, by their chapters and then by name."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        file = importlib.import_module(f"{__name__}.{module.name}")
        claim = (file.__doc__ or "").split("\n\n")[0]
        found.append(Scenario(module.name.replace("_", "-"), file.TITLE,
                              file.CHAPTER, claim,
                              getattr(file, "COLUMN", True), file.play))
    return tuple(sorted(found, key=lambda s: (s.chapter, s.slug)))


def columns() -> tuple[Scenario, ...]:
    """Return those that the matrix measures."""
    return tuple(known for known in scenarios() if known.column)


def scenario(slug: str) -> Scenario:
    """Return a scenario by its slug; raises NoSuchScenario."""
    for known in scenarios():
        if known.slug == slug:
            return known
    raise NoSuchScenario(f"there is no peer {slug!r}: there are "
                         + ", ".join(s.slug for s in scenarios()))


def play(wanted: Scenario, pair: Pair) -> list[Act]:
    """Play a scenario with a pair, in a sandbox of its own."""
    with program.scratch_folder() as files, \
            PairMeeting(pair, Path(files)) as meeting:
        return list(wanted.play(meeting))


def verdict(acts: list[Act]) -> str:
    """Return what a scenario came to: its first loss, or ok."""
    return next((act.verdict for act in acts if act.verdict != OK), OK)
