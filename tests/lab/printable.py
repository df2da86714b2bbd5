"""Text that leaves the bench: for a terminal, a file, a spreadsheet.

What a submission is called, prints or contains is chosen by somebody else. It
passes through here before anybody else sees it, so that it is printable,
short, and no formula.
"""

from __future__ import annotations

import textwrap
from typing import Any

COLUMNS = 80  # of a terminal
LINE = 1000  # characters of a line at most
CELL = 30_000  # and of a cell: spreadsheets take 32,767

# Format characters that words are spelled with, in Persian or Hindi.
JOINERS = "\u200c\u200d"
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def _escaped(character: str) -> str:
    """Return how a character is written that can't be printed."""
    code = ord(character)
    if 0xdc80 <= code <= 0xdcff:  # a byte of a name that is no UTF-8
        return f"\\x{code - 0xdc00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def text(said: str) -> str:
    """Return a text as one line without control characters."""
    return "".join(c if c.isprintable() or c in JOINERS else _escaped(c)
                   for c in said)


def name(said: str) -> str:
    """Return a file's name as it can be printed; two names stay two."""
    return text(said.replace("\\", "\\\\"))


def line(said: str, most: int = LINE) -> str:
    """Return a text as one line of at most `most` characters or so."""
    shown = text(said)
    if len(shown) <= most:
        return shown
    half = most // 2
    return (f"{shown[:half]} ... {len(shown) - 2 * half:,} characters left "
            f"out ... {shown[-half:]}")


def page(said: str) -> str:
    """Return a text of several lines, each of them printable and short."""
    return "\n".join(line(part) for part in said.split("\n"))


def wrapped(said: str, indent: int) -> str:
    """Return a line of words in lines of at most COLUMNS, if it is longer.

    It is cut between words only, and goes on behind `indent` blanks.
    """
    if len(said) <= COLUMNS:
        return said
    return textwrap.fill(said, COLUMNS, subsequent_indent=" " * indent,
                         break_long_words=False, break_on_hyphens=False)


def cell(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula.

    One that was made so before stays as it is.
    """
    if not isinstance(value, str):
        return value
    shown = line(value, CELL)
    # A sheet that splits at ; sees what is behind one as a cell, too.
    first, *others = value.split(";")
    parts = [part.strip(" \"'") for part in
             ([] if first.startswith("'") else [first]) + others]
    risky = any(part.startswith(FORMULAS) for part in parts)
    return "'" + shown.replace(";", ",") if risky else shown
