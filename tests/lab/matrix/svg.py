"""The survival matrix as a picture, for a light and for a dark page."""

from __future__ import annotations

from typing import Sequence
from xml.sax.saxutils import escape

from ..verdicts import OK
from . import Cell, by_row

WIDE, HIGH, LEFT, TOP, EDGE = 62, 30, 180, 150, 12  # pixels
COLOURS = {"ok": ("#dafbe1", "#116329"), "due": ("#cf222e", "#ffffff"),
           "red": ("#ffebe9", "#a40e26")}
STYLE = """\
  text { font: 12px system-ui, "DejaVu Sans", Arial, sans-serif; fill: #1f2328 }
  .cell { font-size: 10.5px; text-anchor: middle }
"""


def _cell(cell: Cell, x: float, y: float) -> list[str]:
    """Draw one cell, its two words on two lines."""
    kind = "ok" if cell.verdict == OK else "due" if cell.due else "red"
    back, ink = COLOURS[kind]
    words = cell.verdict.split(" ", 1)
    first = y + HIGH / 2 + (4 if len(words) == 1 else -2)
    drawn = [f'<rect x="{x + 1}" y="{y + 1}" width="{WIDE - 2}" '
             f'height="{HIGH - 2}" rx="3" fill="{back}"/>']
    for index, word in enumerate(words):
        drawn.append(f'<text class="cell" x="{x + WIDE / 2:g}" '
                     f'y="{first + 11 * index:g}" style="fill:{ink}">'
                     f"{escape(word)}</text>")
    return drawn


def svg(cells: Sequence[Cell]) -> str:
    """Return the picture: green survives, red loses what the words say."""
    rows = by_row(cells)
    width = LEFT + WIDE * len(rows[0]) + EDGE + 60
    height = TOP + HIGH * len(rows) + EDGE
    body = []
    for index, cell in enumerate(rows[0]):
        x = LEFT + WIDE * index + WIDE / 2
        body.append(f'<text transform="translate({x:g} {TOP - 10}) '
                    f'rotate(-40)">{escape(cell.scenario.title)} '
                    f"({cell.scenario.chapter})</text>")
    for down, row in enumerate(rows):
        y = TOP + HIGH * down
        body.append(f'<text x="{EDGE}" y="{y + HIGH / 2 + 4:g}">'
                    f"{escape(row[0].pair.name)}</text>")
        for index, cell in enumerate(row):
            body += _cell(cell, LEFT + WIDE * index, y)
    survived = "; ".join(
        f"{row[0].pair.name} survives {sum(c.verdict == OK for c in row)} "
        f"of {len(row)}" for row in rows)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" '
        f'height="{height:g}" viewBox="0 0 {width:g} {height:g}" role="img" '
        'aria-labelledby="title desc">',
        '<title id="title">The survival matrix</title>',
        f'<desc id="desc">{escape(survived)}.</desc>',
        f"<style>\n{STYLE}</style>",
        f'<rect x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" '
        'rx="8" fill="#fff" stroke="#d0d7de"/>',
        *body, "</svg>", ""])
