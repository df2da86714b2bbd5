"""ILIAS: all hand-ins of an exercise.

    .../Abgaben/Team 7/Doe_Jane_jdoe_4711/20261129120000_server.c

An upload has its time in front; the newest of one name counts.
"""

import re
from typing import Optional, Sequence

from ..download import Entry
from ..tree import Parts
from . import Layout, Place, Placer

TOPS = ("Abgaben", "Submissions")
PERSON = re.compile(r"(?P<name>.+)_(?P<login>[^_]+)_(?P<id>\d+)")
TIME = re.compile(r"(?P<time>\d{14})_(?P<file>.+)")


def _place(path: Parts) -> Optional[Place]:
    top = next((d for d, part in enumerate(path) if part in TOPS), len(path))
    for depth in (top + 1, top + 2):
        fits = PERSON.fullmatch(path[depth]) if depth < len(path) - 1 \
            else None
        if fits:
            inside = path[depth + 1:]
            timed = TIME.fullmatch(inside[-1])
            return Place(
                f"id {fits['id']}",
                (*inside[:-1], timed["file"]) if timed else inside,
                fits["name"].replace("_", " "), fits["id"], fits["login"],
                number=int(timed["time"]) if timed else 0)
    return None


def _reader(_: Sequence[Entry]) -> Placer:
    return _place


LAYOUT = Layout("ilias", "ILIAS's download", _reader)
