"""Ladders as one SVG picture, readable on a light and on a dark page.

Times are left out: the picture of a conversation is the same on each run.
"""

from __future__ import annotations

from typing import Sequence
from xml.sax.saxutils import escape

from . import Arrow, Ladder

LINE, CHARACTER, EDGE, SPAN = 22, 8.0, 18, 290  # pixels
COLOURS = {"FIN": "#1a7f37", "RST": "#cf222e", "data": "#0969da",
           "SYN": "#57606a"}
STYLE = """\
  text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
         fill: #1f2328 }
  .head { font-weight: bold }
  .label { text-anchor: middle }
  .bad { fill: #cf222e }
  .life { stroke: #d0d7de }
"""


def _words(x: float, y: float, words: str, attributes: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}"{attributes}>{escape(words)}</text>'


def _arrow(arrow: Arrow, left: float, y: float) -> list[str]:
    """Draw what crossed between the lifelines, which stand SPAN apart."""
    colour = COLOURS[arrow.kind]
    begin, end = left + 4, left + SPAN - 4
    if not arrow.from_client:
        begin, end = end, begin
    back = -9 if arrow.from_client else 9
    bold = ' font-weight="bold"' if arrow.kind in ("FIN", "RST") else ""
    middle, wide = left + SPAN / 2, CHARACTER * (len(arrow.label) + 1)
    return [
        f'<path d="M{begin:g} {y:g}H{end:g}" stroke="{colour}" '
        'stroke-width="1.5"/>',
        f'<path d="M{end:g} {y:g}l{back} -5v10z" fill="{colour}"/>',
        f'<rect x="{middle - wide / 2:g}" y="{y - 8:g}" width="{wide:g}" '
        'height="16" fill="#fff"/>',
        _words(middle, y + 4, arrow.label,
               f' class="label" style="fill:{colour}"{bold}')]


def _mood(cell: str) -> str:
    """Mark what went wrong."""
    wrong = "= -1 " in cell or cell.startswith(("asleep", "killed"))
    return ' class="bad"' if wrong else ""


def _heights(ladder: Ladder) -> list[int]:
    return [max(1, len(row.client), len(row.server)) for row in ladder.rows]


def _panel(ladder: Ladder, left: float, top: float) -> list[str]:
    """Draw one ladder; its left lifeline stands at `left`."""
    right = left + SPAN
    bottom = top + LINE * (sum(_heights(ladder)) + 2)
    drawn = [_words(EDGE, top + 14, ladder.title, ' class="head"')]
    y = top + LINE
    for x, name, anchor in ((left - 10, "client", "end"),
                            (right + 10, "server", "start")):
        drawn.append(_words(x, y + 14, name,
                            f' class="head" text-anchor="{anchor}"'))
        life = left if name == "client" else right
        drawn.append(f'<path class="life" d="M{life:g} {y + 4:g}V'
                     f'{bottom:g}"/>')
    for row, height in zip(ladder.rows, _heights(ladder)):
        y += LINE
        if row.arrow:
            drawn += _arrow(row.arrow, left, y + 10)
        for index, cell in enumerate(row.client):
            drawn.append(_words(left - 10, y + 14 + LINE * index, cell,
                                ' text-anchor="end"' + _mood(cell)))
        for index, cell in enumerate(row.server):
            drawn.append(_words(right + 10, y + 14 + LINE * index, cell,
                                _mood(cell)))
        y += LINE * (height - 1)
    return drawn


def _described(ladder: Ladder) -> str:
    """Say a ladder in words, for those who hear the page."""
    parts = [f"{'client' if row.arrow.from_client else 'server'} sends "
             f"{row.arrow.label}" for row in ladder.rows if row.arrow]
    ends = [f"{name}: {[c for r in ladder.rows for c in getattr(r, name)][-1]}"
            for name in ("server", "client")]
    return f"{ladder.title}: {', '.join(parts)}. {'; '.join(ends)}."


def svg(ladders: Sequence[Ladder], title: str) -> str:
    """Return one picture of the ladders, one below the other."""
    def widest(side: str) -> float:
        return CHARACTER * max(len(cell) for ladder in ladders
                               for row in ladder.rows
                               for cell in getattr(row, side) or [""])

    left = EDGE + 10 + max(widest("client"), CHARACTER * 6)
    width = left + SPAN + 10 + max(widest("server"), CHARACTER * 6) + EDGE
    body: list[str] = []
    top = EDGE
    for ladder in ladders:
        body += _panel(ladder, left, top)
        top += LINE * (sum(_heights(ladder)) + 3)
    height = top - LINE + EDGE
    described = " ".join(map(_described, ladders))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" '
        f'height="{height:g}" viewBox="0 0 {width:g} {height:g}" role="img" '
        'aria-labelledby="title desc">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(described)}</desc>',
        f"<style>\n{STYLE}</style>",
        f'<rect x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" '
        'rx="8" fill="#fff" stroke="#d0d7de"/>',
        *body, "</svg>", ""])
