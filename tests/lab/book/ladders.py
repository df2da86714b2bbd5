"""The ladders of the book: kept in chapters/ladders.json, shown as tables.

`make wires` keeps each chapter's own ladders there and `make matrix` those of
each cell, so that the book can be made where no packet can be seen.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any, Optional, Sequence

from ..ladder import Arrow, Event, Ladder, ladders
from ..matrix import Cell
from ..program import CHAPTERS

KEPT = CHAPTERS / "ladders.json"
Kept = dict[str, Any]  # what JSON has of a ladder, a cell, or all of them


def as_kept(ladder: Ladder) -> Kept:
    """Return a ladder as it is kept: without times, which vary.

    A row is what the left party did, what crossed, what the right one did, and
    how many rows were left out there.
    """
    def event(of: Optional[Event]) -> Optional[list[Any]]:
        return of and [of.text, of.wrong, of.why]

    def arrow(of: Optional[Arrow]) -> Optional[list[Any]]:
        return of and [of.kind, of.label, of.to_right]

    return {"title": ladder.title, "left": ladder.left, "right": ladder.right,
            "rows": [[event(row.left), arrow(row.arrow), event(row.right),
                      row.left_out] for row in ladder.rows]}


def kept() -> dict[str, Kept]:
    """Return all that is kept: `wires` by chapter, `cells` by their ids."""
    return json.loads(KEPT.read_text()) if KEPT.exists() \
        else {"wires": {}, "cells": {}}


def keep(part: str, all_of_them: Kept) -> None:
    """Keep these wires or cells, and no others; a line each, for diffs."""
    now = {**kept(), part: all_of_them}
    parts = [json.dumps(name) + ": {\n" + ",\n".join(
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in now[name].items()) + "\n}"
        for name in ("wires", "cells")]
    KEPT.write_text("{" + ",\n".join(parts) + "}\n")


def keep_wires(wires: dict[str, Sequence[Ladder]]) -> None:
    """Keep the ladders of these chapters beside those of the others."""
    new = {name: list(map(as_kept, drawn)) for name, drawn in wires.items()}
    keep("wires", dict(sorted({**kept()["wires"], **new}.items())))


def keep_cells(cells: Sequence[Cell]) -> None:
    """Keep what happened in each cell, by the name of its place in a page."""
    new = {}
    for cell in cells:
        name = f"{cell.pair.name.replace(' ', '-')}.{cell.scenario.slug}"
        new[name] = {
            "row": cell.pair.name, "title": cell.scenario.title,
            "verdict": cell.verdict, "ladders": [
                as_kept(drawn) for act in cell.acts for drawn in
                ladders(act.outcome, f"{act.title}: {act.verdict}")]}
    keep("cells", new)


def boxed(kind: str, name: str, inner: str, tag: str = "div") -> str:
    """Return what may be wider than the page, and is scrolled in it then."""
    return f'<{tag} class="{kind}" role="group" tabindex="0" aria-label="' \
           f'{escape(name)}">{inner}</{tag}>\n'


def _party(event: Any) -> str:
    """Return what a party did; what is wrong is marked, and why is said."""
    if not event:
        return "<td></td>"
    text, wrong, why = event
    note = f" <small>({escape(why)})</small>" if why else ""
    return (f"<td><code{' class=bad' if wrong else ''}>{escape(text)}</code>"
            f"{note}</td>")


def _wire(arrow: Any, left: str, right: str) -> str:
    """Return what crossed, drawn by the style sheet and said in words."""
    if not arrow:
        return '<td class="wire"></td>'
    kind, label, to_right = arrow
    way = f"{left} to {right}" if to_right else f"{right} to {left}"
    return (f'<td class="wire {kind} {"right" if to_right else "left"}">'
            f'<span><b class="said">{way}: </b>{escape(label)}</span></td>')


def table(ladder: Kept) -> str:
    """Return a ladder as a table, a row a step."""
    parties = ladder["left"], ladder["right"]
    rows = ""
    for step, (left, arrow, right, out) in enumerate(ladder["rows"], 1):
        cells = f'<td colspan="3">{out:,} rows are left out</td>' if out \
            else _party(left) + _wire(arrow, *parties) + _party(right)
        rows += f'<tr><th scope="row">{step}</th>{cells}</tr>\n'
    heads = "".join(f'<th scope="col">{head}</th>' for head in (
        '<span class="said">Step</span>', parties[0], "wire", parties[1]))
    inner = f"<table><caption>{escape(ladder['title'])}</caption>\n<thead>" \
            f"<tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table>"
    return '<figure class="ladder">' \
           f"{boxed('wide', ladder['title'], inner)}</figure>\n"
