"""Ladders as JSON: kept in chapters/ladders.json for the book.

`make wires` keeps each chapter's own ladders there and `make matrix` those of
each cell, so that the book can be made where no packet can be seen.
"""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import Any, Sequence

from ..program import CHAPTERS
from . import Ladder

FILE = CHAPTERS / "ladders.json"
Kept = dict[str, Any]  # what JSON has of a ladder, a cell, or all of them


def as_kept(ladder: Ladder) -> Kept:
    """Return a ladder as it is kept: without times, which vary.

    A row is what the left party did, what crossed, what the right one did, and
    how many rows were left out there.
    """
    return {"title": ladder.title, "left": ladder.left, "right": ladder.right,
            "rows": [[*(part and [*astuple(part)] for part in (
                row.left, row.arrow, row.right)), row.left_out]
                for row in ladder.rows]}


def kept() -> dict[str, Kept]:
    """Return all that is kept: `wires` by chapter, `cells` by their ids."""
    return json.loads(FILE.read_text()) if FILE.exists() \
        else {"wires": {}, "cells": {}}


def keep(part: str, all_of_them: Kept) -> None:
    """Keep these wires or cells, and no others; a line each, for diffs."""
    now = {**kept(), part: all_of_them}
    parts = [json.dumps(name) + ": {\n" + ",\n".join(
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in now[name].items()) + "\n}"
        for name in ("wires", "cells")]
    FILE.write_text("{" + ",\n".join(parts) + "}\n")


def keep_wires(name: str, drawn: Sequence[Ladder]) -> None:
    """Keep the ladders of a chapter beside those of the others."""
    keep("wires", dict(sorted({**kept()["wires"], name: list(
        map(as_kept, drawn))}.items())))
