"""Ladders as one SVG picture, readable on a light and on a dark page.

Times are not drawn: made from ladders without them, the picture of a
conversation is the same on each run.
"""

from __future__ import annotations

from typing import Optional, Sequence
from xml.sax.saxutils import escape

from . import Arrow, Event, Ladder, Row

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
    if not arrow.to_right:
        begin, end = end, begin
    back = -9 if arrow.to_right else 9
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


def _told(event: Optional[Event]) -> str:
    """Return what a party did, in words."""
    if event is None:
        return ""
    return event.text + (f" ({event.why})" if event.why else "")


def _party(event: Optional[Event], x: float, y: float, anchor: str
           ) -> list[str]:
    """Draw what a party did; what is wrong is marked."""
    if event is None:
        return []
    wrong = ' class="bad"' if event.wrong else ""
    return [_words(x, y, _told(event), f' text-anchor="{anchor}"{wrong}')]


def _row(row: Row, left: float, y: float) -> list[str]:
    """Draw one row between and beside the lifelines."""
    if row.left_out:
        return [_words(left + SPAN / 2, y + 14, f"{row.left_out:,} rows are "
                       "left out", ' class="label"')]
    return [*(_arrow(row.arrow, left, y + 10) if row.arrow else []),
            *_party(row.left, left - 10, y + 14, "end"),
            *_party(row.right, left + SPAN + 10, y + 14, "start")]


def _panel(ladder: Ladder, left: float, top: float) -> list[str]:
    """Draw one ladder; its left lifeline stands at `left`."""
    bottom = top + LINE * (len(ladder.rows) + 2)
    drawn = [_words(EDGE, top + 14, ladder.title, ' class="head"')]
    for x, name, anchor in ((left, ladder.left, "end"),
                            (left + SPAN, ladder.right, "start")):
        away = -10 if anchor == "end" else 10
        drawn.append(_words(x + away, top + LINE + 14, name,
                            f' class="head" text-anchor="{anchor}"'))
        drawn.append(f'<path class="life" d="M{x:g} {top + LINE + 4:g}V'
                     f'{bottom:g}"/>')
    for index, row in enumerate(ladder.rows):
        drawn += _row(row, left, top + LINE * (index + 2))
    return drawn


def _described(ladder: Ladder) -> str:
    """Say a ladder in words, for those who hear the page."""
    parts = [f"{ladder.left if row.arrow.to_right else ladder.right} sends "
             f"{row.arrow.label}" for row in ladder.rows if row.arrow]
    ends = [f"{name}: {events[-1].text}" for name, events in (
        (ladder.right, [row.right for row in ladder.rows if row.right]),
        (ladder.left, [row.left for row in ladder.rows if row.left]))
        if events]
    return f"{ladder.title}: {', '.join(parts)}. {'; '.join(ends)}."


def svg(ladders: Sequence[Ladder], title: str) -> str:
    """Return one picture of the ladders, one below the other."""
    rows = [row for ladder in ladders for row in ladder.rows]
    left, right = (CHARACTER * max([6, *(len(_told(event)) for event in side)])
                   for side in ([row.left for row in rows],
                                [row.right for row in rows]))
    left += EDGE + 10
    width = left + SPAN + 10 + right + EDGE
    body: list[str] = []
    top = EDGE
    for ladder in ladders:
        body += _panel(ladder, left, top)
        top += LINE * (len(ladder.rows) + 3)
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
