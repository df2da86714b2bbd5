"""A ladder in a terminal: at most 80 columns wide, whatever stands in it."""

from __future__ import annotations

import os
import re
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Iterator, Mapping, Optional, TextIO

from . import Arrow, Event, Ladder, Row

COLOURS = {"FIN": "\033[1;32m", "RST": "\033[1;31m", "data": "\033[36m",
           "SYN": "\033[2m"}
WRONG, PLAIN = "\033[1;31m", "\033[0m"
COLUMNS = 80  # of a terminal
SPAN = 27  # columns from one lifeline to the other, if there is room
FRAME = 4  # columns of an arrow beside its words: a head, a dash, two spaces;
# one more, and there is a dash on both sides
NARROW = 16  # columns of a party, at the least, if it needs so many
DIGITS = 5  # of a time, so that a slow run looks like a fast one
UNITS = re.compile(r"= -1 \w+|= [\d,]+|in [\d,]+ calls|(?<= )\(.*?\)")
JOINT = "\N{NO-BREAK SPACE}"


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

    @property
    def dots(self) -> str:
        """What stands for what is not there."""
        return "…" if self.utf8 else "..."


@dataclass(frozen=True)
class _Widths:
    """Columns of the left party, of the arrows, of the right, of the gaps."""

    left: int
    span: int
    right: int
    gap: int


@lru_cache(maxsize=4096)
def _broken(words: str, width: int) -> tuple[str, ...]:
    """Break what a party did into lines, where the sense allows it."""
    joined = UNITS.sub(lambda unit: unit[0].replace(" ", JOINT), words)
    return tuple(line.replace(JOINT, " ") for line in textwrap.wrap(
        joined, width, subsequent_indent="  ", break_on_hyphens=False))


def _words(event: Optional[Event], style: Style) -> str:
    if event is None:
        return ""
    why = f" ({event.why})" if event.why else ""
    return event.text.replace("...", style.dots) + why


def _label(label: str, width: int) -> list[str]:
    """Break what stands on an arrow: how much, and under it what it was."""
    if len(label) <= width:
        return [label]
    head, mark, tail = re.split('( "| in |$)', label, maxsplit=1)
    parts = [head, mark.lstrip() + tail]
    return [line for part in parts for line in textwrap.wrap(part, width)]


def _height(row: Row, widths: _Widths, style: Style) -> int:
    """Return how many lines a row takes."""
    return max(len(_broken(_words(row.left, style), widths.left)),
               len(_broken(_words(row.right, style), widths.right)),
               len(_label(row.arrow.label, widths.span - FRAME))
               if row.arrow else 1)


def _candidates(ladder: Ladder, style: Style, room: int
                ) -> Iterator[_Widths]:
    """Give what the widths can be, the best first if all are as high."""
    left = max([len(ladder.left), *(len(_words(row.left, style))
                                    for row in ladder.rows)])
    right = max([len(ladder.right), *(len(_words(row.right, style))
                                      for row in ladder.rows)])
    labels = [row.arrow.label for row in ladder.rows if row.arrow] or [""]
    longest = max(map(len, labels)) + FRAME
    broken = max(len(part) for label in labels for part in
                 re.split('(?= "| in )', label, maxsplit=1)) + FRAME
    for gap, span in ((2, max(SPAN, longest + 1)), (1, longest + 1),
                      (1, longest)):
        if left + span + right + 2 * gap <= room:
            yield _Widths(left, span, right, gap)
            return
    least = room - 2 * NARROW - 2
    for span in (longest + 1, longest, broken + 1, broken, least):
        both = room - span - 2
        for wide in range(min(left, both - min(right, NARROW)),
                          min(left, NARROW) - 1, -1):
            yield _Widths(wide, span, min(right, both - wide), 1)


def _fitting(ladder: Ladder, style: Style, room: int) -> _Widths:
    """Return widths that fit, and make the ladder as low as can be."""
    return min(_candidates(ladder, style, room), key=lambda widths: sum(
        _height(row, widths, style) for row in ladder.rows))


def _drawn(arrow: Optional[Arrow], span: int, style: Style) -> list[str]:
    """Draw what crossed, `span` columns wide; words below have no line."""
    if arrow is None:
        return [" " * span]
    dash, right, left = ("─", "▶", "◀") if style.utf8 else ("-", ">", "<")
    first, *rest = _label(arrow.label, span - FRAME)
    line = f" {first} ".center(span - 1, dash)
    lines = [line + right if arrow.to_right else left + line,
             *(words.center(span) for words in rest)]
    if style.colour:
        lines = [COLOURS[arrow.kind] + words + PLAIN for words in lines]
    return lines


def _party(event: Optional[Event], width: int, style: Style) -> list[str]:
    """Return what a party did, padded; what is wrong is marked."""
    lines = [words.ljust(width)
             for words in _broken(_words(event, style), width)]
    if style.colour and event and event.wrong:
        lines = [WRONG + words.rstrip() + PLAIN
                 + " " * (width - len(words.rstrip())) for words in lines]
    return lines


def _lines(row: Row, widths: _Widths, style: Style, when: str
           ) -> Iterator[str]:
    """Draw a row."""
    if row.left_out:
        yield " " * len(when) + f"{style.dots} {row.left_out:,} rows left " \
            f"out {style.dots}"
        return
    gap = " " * widths.gap
    for left, arrow, right in zip_longest(
            _party(row.left, widths.left, style),
            _drawn(row.arrow, widths.span, style),
            _party(row.right, widths.right, style)):
        yield (when + (left or " " * widths.left) + gap
               + (arrow or " " * widths.span) + gap + (right or "")).rstrip()
        when = " " * len(when)


def text(ladder: Ladder, style: Style, columns: int = COLUMNS) -> str:
    """Return the ladder as lines of text, milliseconds at the left.

    No line is wider than `columns`, of which there must be 60.
    """
    times = [f"{row.time:.1f}" for row in ladder.rows if row.time is not None]
    digits = max([DIGITS, *map(len, times)])
    head = f"{'ms':>{digits}}  " if times else ""
    widths = _fitting(ladder, style, columns - len(head))
    gap = " " * widths.gap
    lines = textwrap.wrap(ladder.title, columns) or [""]
    lines.append(f"{head}{ladder.left:<{widths.left}}{gap}"
                 f"{'':{widths.span}}{gap}{ladder.right}")
    for row in ladder.rows:
        when = "" if row.time is None else f"{row.time:.1f}"
        lines += _lines(row, widths, style, f"{when:>{digits}}  "
                        if times else "")
    return "\n".join([*lines, ""])
