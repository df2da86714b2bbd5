"""A race as an SVG picture: a bar for each median, a line for the spread."""

from __future__ import annotations

from statistics import median
from typing import Mapping, Sequence
from xml.sax.saxutils import escape

from .course import figure

WIDTH, EDGE, LEFT, RIGHT, LINE = 830, 14, 210, 60, 24  # pixels
OURS, THEIRS = "#0969da", "#afb8c1"
STYLE = """\
  text { font: 13px system-ui, "DejaVu Sans", Arial, sans-serif;
         fill: #1f2328 }
  .head { font-weight: bold }
  .quiet { font-size: 11px; fill: #57606a }
"""


def _words(x: float, y: float, words: str, attributes: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}"{attributes}>{escape(words)}</text>'


def _bar(name: str, values: Sequence[float], y: float, scale: float
         ) -> list[str]:
    """Draw one bar, whose name stands to the left."""
    low, middle, high = min(values), median(values), max(values)
    ours = OURS if name[:2].isdigit() else THEIRS
    return [
        _words(LEFT - 8, y + 15, name, ' text-anchor="end"'),
        f'<rect x="{LEFT}" y="{y + 3:g}" width="{middle * scale:.1f}" '
        f'height="{LINE - 7}" fill="{ours}"/>',
        f'<path d="M{LEFT + low * scale:.1f} {y + LINE / 2:g}'
        f'H{LEFT + high * scale:.1f}" stroke="#1f2328"/>',
        _words(LEFT + high * scale + 6, y + 15, figure(middle))]


def bars(kinds: Mapping[str, Mapping[str, Sequence[float]]], caption: str
         ) -> str:
    """Return the picture of figures of several kinds, ours in blue.

    The caption says what they are, and on what machine they were measured.
    """
    most = max(max(values) for rows in kinds.values()
               for values in rows.values())
    scale = (WIDTH - LEFT - RIGHT) / most
    y, body = float(EDGE), []
    for kind, rows in kinds.items():
        body.append(_words(EDGE, y + 15, kind, ' class="head"'))
        y += LINE
        for name, values in rows.items():
            body += _bar(name, values, y, scale)
            y += LINE
        y += LINE / 2
    body.append(_words(EDGE, y + 10, caption, ' class="quiet"'))
    height = y + 10 + EDGE
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{height:g}" viewBox="0 0 {WIDTH} {height:g}" role="img" '
        'aria-labelledby="title">',
        f'<title id="title">{escape(caption)}</title>',
        f"<style>\n{STYLE}</style>",
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:g}" '
        'rx="8" fill="#fff" stroke="#d0d7de"/>',
        *body, "</svg>", ""])
