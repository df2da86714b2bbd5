"""The survival matrix: every pair of programs against every scenario.

Rows are the pairs, columns the scenarios, a cell what was lost, or "ok". Each
cell is measured in a sandbox of its own, several at once.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable, Optional, Sequence

from .. import chapters, program, scenario
from ..meeting.pair import Pair
from ..scenario import Scenario
from ..verdicts import OK, Act

README = program.ROOT / "README.md"
PICTURE = program.CHAPTERS / "matrix.svg"
BEGIN, END = "<!-- matrix -->\n", "<!-- /matrix -->\n"


@dataclass(frozen=True)
class Cell:
    """What a pair made of a scenario; `acts` say how."""

    pair: Pair
    scenario: Scenario
    acts: tuple[Act, ...]

    @property
    def verdict(self) -> str:
        """Two words, or ok."""
        return scenario.verdict(list(self.acts))

    @property
    def due(self) -> bool:
        """Whether this cell must be ok: its chapter has dealt with it."""
        return chapters.builds_on(self.pair.number, self.scenario.chapter)


def pairs() -> list[Pair]:
    """Return the rows: the textbook's pair first, then chapter by chapter.

    A chapter is a row if it has a POSIX server and client.
    """
    printed = [Pair("as printed", "00", folder)
               for folder in program.CHAPTERS.glob("*/as-printed")]
    return printed + [Pair(folder.name, chapters.number(folder), folder,
                           chapters.way_in_the_matrix(folder))
                      for folder in chapters.pairs()]


def measure(rows: Sequence[Pair], columns: Sequence[Scenario] = (),
            told: Optional[Callable[[int, int], None]] = None) -> list[Cell]:
    """Measure cells, row by row; `told` is called with how many of how many.

    All columns are measured if none are named. Raises program.DoesNotCompile.
    """
    program.scratch()
    for row in rows:  # before the threads: each program is built once
        for side in ("server", "client"):
            row.build(side)
    wanted = [(row, column) for row in rows
              for column in columns or scenario.columns()]
    cells = []
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        for cell in pool.map(
                lambda w: Cell(*w, tuple(scenario.play(w[1], w[0]))), wanted):
            cells.append(cell)
            if told:
                told(len(cells), len(wanted))
    return cells


def by_row(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Return the cells of each pair together, in their order."""
    rows: dict[str, list[Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.pair.name, []).append(cell)
    return list(rows.values())


def table(cells: Sequence[Cell]) -> str:
    """Return the matrix as a Markdown table, between its markers."""
    rows = by_row(cells)
    heads = [f"{c.scenario.title} ({c.scenario.chapter})" for c in rows[0]]
    lines = ["| | " + " | ".join(heads) + " |",
             "|---" * (len(heads) + 1) + "|"]
    for row in rows:
        words = [c.verdict if c.verdict == OK else f"**{c.verdict}**"
                 for c in row]
        lines.append(f"| {row[0].pair.name} | " + " | ".join(words) + " |")
    return BEGIN + "\n".join(lines) + "\n" + END


def shown() -> str:
    """Return the table that README.md shows now, with its markers."""
    text = README.read_text()
    if BEGIN not in text or END not in text:
        return ""
    return text[text.index(BEGIN):text.index(END) + len(END)]
