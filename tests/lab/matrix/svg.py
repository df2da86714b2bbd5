"""The survival matrix as a picture as wide as a page.

In the picture a scenario is a row and a program a column, which is turned
round against the table: so all words stand upright, and the green grows from
left to right as the chapters go by.
"""

from __future__ import annotations

from typing import Sequence
from xml.sax.saxutils import escape

from .. import chapters
from ..verdicts import OK
from . import Cell, by_row

WIDTH, EDGE, LEFT, HIGH, TOP = 830, 10, 174, 26, 66  # pixels
LINE = 12
WIDEST = 64  # of a cell
TITLE = 134  # of a scenario's title
FEW = 13  # programs that all have room: of more, the asides are left out
# Pixels of a letter of 11 px in a wide font: of a narrow one, of a broad one.
LETTER, LETTERS = 6.8, {**dict.fromkeys("ijl", 3.1),
                        **dict.fromkeys("ftr-' ,", 4.4),
                        **dict.fromkeys("mw", 10.0)}
COLOURS = {"ok": ("#dafbe1", "#116329"), "due": ("#cf222e", "#ffffff"),
           "red": ("#ffebe9", "#a40e26")}
STYLE = """\
  text { font: 13px system-ui, "DejaVu Sans", Arial, sans-serif; fill: #1f2328 }
  .cell, .head { font-size: 11px; text-anchor: middle }
  .number { font-weight: bold; text-anchor: middle }
  .quiet { fill: #57606a }
"""


def main_line(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Return the rows that the picture has room for, all if they are few."""
    rows = by_row(cells)
    if len(rows) <= FEW:
        return rows
    return [row for row in rows
            if row[0].pair.number not in chapters.ASIDES]


def _words(x: float, y: float, words: str, wide: float, attributes: str,
           size: int = 11) -> str:
    """Write words that are never wider than `wide`, whatever the font.

    `size` is that of the letters, in pixels.
    """
    needed = sum(LETTERS.get(letter, LETTER) for letter in words) * size / 11
    if needed > wide:
        attributes += f' textLength="{wide:g}" ' \
                      'lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{x:g}" y="{y:g}" {attributes}>{escape(words)}</text>'


def _cell(cell: Cell, x: float, y: float, wide: float) -> list[str]:
    """Draw one cell, its two words on two lines."""
    kind = "ok" if cell.verdict == OK else "due" if cell.due else "red"
    back, ink = COLOURS[kind]
    words = cell.verdict.split(" ", 1)
    first = y + HIGH / 2 + (4 if len(words) == 1 else -1)
    return [f'<rect x="{x + 1:g}" y="{y + 1:g}" width="{wide - 2:g}" '
            f'height="{HIGH - 2}" rx="3" fill="{back}"/>',
            *(_words(x + wide / 2, first + 10 * index, word, wide - 6,
                     f'class="cell" style="fill:{ink}"')
              for index, word in enumerate(words))]


def _lines(name: str) -> list[str]:
    """Break a chapter's name into lines that fit a column's head."""
    lines = [""]
    for word in name.split("-"):
        if lines[-1] and len(lines[-1]) + len(word) > 8:
            lines.append("")
        lines[-1] += ("-" if lines[-1] else "") + word
    return lines


def _heads(rows: Sequence[Sequence[Cell]], wide: float) -> list[str]:
    """Write the programs' names above their columns."""
    drawn = []
    for index, row in enumerate(rows):
        x = LEFT + wide * (index + 0.5)
        number, _, name = row[0].pair.name.partition("-")
        if not name:  # the textbook's
            number, name = "", number.replace(" ", "-")
        drawn.append(_words(x, 24, number, wide - 4, 'class="number"'))
        drawn += [_words(x, 38 + LINE * down, line, wide - 4,
                         'class="head quiet"')
                  for down, line in enumerate(_lines(name))]
    return drawn


def svg(cells: Sequence[Cell]) -> str:
    """Return the picture: green survives, red loses what the words say."""
    rows = main_line(cells)
    wide = min(WIDEST, (WIDTH - LEFT - EDGE) / len(rows))
    width = LEFT + wide * len(rows) + EDGE
    height = TOP + HIGH * len(rows[0]) + EDGE
    body = _heads(rows, wide)
    for down, column in enumerate(zip(*rows)):
        y = TOP + HIGH * down
        asked = column[0].scenario
        line = y + HIGH / 2 + 5
        body.append(_words(EDGE, line, asked.chapter, 24, 'class="quiet"'))
        body.append(_words(EDGE + 24, line, asked.title, TITLE,
                           'class="title"', 13))
        for index, cell in enumerate(column):
            body += _cell(cell, LEFT + wide * index, y, wide)
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
