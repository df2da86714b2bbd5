"""Who handed in what: one folder, or one archive, a student."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

from .. import printable
from ..judges import judge_of
from ..judging.submission import Refused
from ..program import ROOT
from .archive import stem
from .sources import Found, Source, locate
from .tree import Tree, tree


@dataclass(frozen=True)
class Student:
    """A folder or an archive, which is named as the student is."""

    place: Path

    @property
    def key(self) -> str:
        """What tells this student from the others: the folder's name."""
        name = self.place.name
        return name if self.place.is_dir() else stem(name)

    @property
    def name(self) -> str:
        """The name as it can be printed; a file's name need not be text."""
        return printable.name(self.key)

    def tree(self) -> Tree:
        """Return all that was handed in."""
        return tree(self.place)

    def seed(self, seed: int) -> int:
        """Return the student's own seed, from that of the class.

        So nobody meets the inputs of somebody else.
        """
        told = f"{seed}\0".encode() + self.key.encode(
            "utf-8", "surrogateescape")
        return int.from_bytes(hashlib.sha256(told).digest(), "big") % 10 ** 15


def found_in(handed_in: Tree, exercises: Sequence[str]
             ) -> dict[str, dict[str, Found]]:
    """Return for each exercise its sources, by their names."""
    return {name: locate(handed_in, name, judge_of(name).sources,
                         alone=len(exercises) == 1) for name in exercises}


def grader() -> str:
    """Return what tells this grader from one that judges otherwise."""
    told = hashlib.sha256()
    for source in sorted((ROOT / "tests" / "lab").rglob("*.[pc]*")):
        if source.suffix in (".py", ".c"):
            told.update(source.read_bytes())
    return told.hexdigest()


def digest(found: dict[str, dict[str, Found]], *others: object) -> str:
    """Return what tells this hand-in, and `others`, from any other."""
    told = hashlib.sha256(repr(others).encode())
    for exercise, sources in found.items():
        for name, source in sources.items():
            told.update(f"\0{exercise}/{name}\0".encode())
            told.update(source.content if isinstance(source, Source)
                        else f"\0{source}".encode(errors="replace"))
    return told.hexdigest()


def refused(sources: dict[str, Found]) -> list[Refused]:
    """Return why an exercise's sources can't be had, each."""
    return [s for s in sources.values() if isinstance(s, Refused)]
