"""A ladder in a terminal."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import zip_longest
from typing import Mapping, Optional, TextIO

from . import Arrow, Ladder

COLOURS = {"FIN": "\033[1;32m", "RST": "\033[1;31m", "data": "\033[36m",
           "SYN": "\033[2m"}
PLAIN = "\033[0m"
SPAN = 27  # columns from one lifeline to the other, at the least


@dataclass(frozen=True)
class Style:
    """What the terminal can show."""

    utf8: bool = True
    colour: bool = False

    @staticmethod
    def of(stream: TextIO, environ: Mapping[str, str] = os.environ) -> Style:
        """Read it off the locale (locale(7)) and NO_COLOR (no-color.org)."""
        locale = (environ.get("LC_ALL") or environ.get("LC_CTYPE")
                  or environ.get("LANG") or "")
        utf8 = locale.upper().replace("-", "").endswith("UTF8")
        colour = (stream.isatty() and not environ.get("NO_COLOR")
                  and environ.get("TERM", "dumb") != "dumb")
        return Style(utf8, colour)


def _arrow(arrow: Optional[Arrow], span: int, style: Style) -> str:
    """Draw what crossed, `span` columns wide."""
    if arrow is None:
        return " " * span
    dash, right, left = ("─", "▶", "◀") if style.utf8 else ("-", ">", "<")
    line = f" {arrow.label} ".center(span - 1, dash)
    drawn = line + right if arrow.from_client else left + line
    if style.colour:
        drawn = COLOURS[arrow.kind] + drawn + PLAIN
    return drawn


def text(ladder: Ladder, style: Style, times: bool = True) -> str:
    """Return the ladder as lines of text, milliseconds at the left."""
    def shown(cell: str) -> str:
        return cell.replace("...", "…") if style.utf8 else cell

    width = max([len("client"), *(len(shown(cell)) for row in ladder.rows
                                  for cell in row.client)])
    span = max([SPAN, *(len(row.arrow.label) + 5 for row in ladder.rows
                        if row.arrow)])
    digits = max([5, *(len(f"{row.time:.1f}") for row in ladder.rows)])
    head = f"{'ms':>{digits}}  " if times else ""
    lines = [f"{head}{'client':<{width}}  {'':{span}}  server"]
    for row in ladder.rows:
        for index, (client, server) in enumerate(
                zip_longest(row.client or [""], row.server, fillvalue="")):
            when = f"{row.time:{digits}.1f}  " if index == 0 \
                else " " * (digits + 2)
            arrow = _arrow(row.arrow if index == 0 else None, span, style)
            lines.append(f"{when if times else ''}{shown(client):<{width}}  "
                         f"{arrow}  {shown(server)}".rstrip())
    return "\n".join([ladder.title, *lines, ""])
