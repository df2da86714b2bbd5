"""make matrix, make matrix-NN: what each program survives, measured now."""

from __future__ import annotations

import sys
from typing import Optional

from .. import matrix, printable, program, sandbox
from ..ladder import ladders
from ..ladder.kept import Kept, as_kept, keep
from ..matrix.svg import svg
from ..outcome import Part


def _progress(done: int, of: int) -> None:
    """Keep one line of how far it is, on a terminal."""
    if sys.stderr.isatty():
        end = "\n" if done == of else ""
        print(f"\r{done} of {of} cells measured", end=end, file=sys.stderr,
              flush=True)


def state(part: Part) -> str:
    """Return how a program ended, or what it does if it has not."""
    if part.exit:
        return str(part.exit)
    if part.asleep is None:
        return "still runs"
    call = part.asleep.call
    return "listens" if call.startswith("accept") else f"asleep in {call}()"


def reasons(cells: list[matrix.Cell]) -> str:
    """Return a row's cells with the programs' own last words."""
    lines = []
    for cell in cells:
        lines.append(f"{cell.verdict:<14}{cell.scenario.title} "
                     f"(PEER={cell.scenario.slug})")
        for act in cell.acts:
            for name in ("server", "client"):
                part = getattr(act.outcome, name)
                if part.bench:
                    continue
                words = (part.stderr or part.stdout).strip().split("\n")[-1]
                said = "" if words.startswith("listening") else \
                    words.replace(f"{name}: ", "", 1)
                lines.append(printable.wrapped(
                    f"    {act.title}: {name}: {state(part)}"
                    + (f": {said}" if said else ""), 6))
    return "\n".join(lines)


def _kept(cell: matrix.Cell) -> tuple[str, Kept]:
    """Return what happened in a cell, by the name of its place in the book."""
    row = cell.pair.name
    return f"{row.replace(' ', '-')}.{cell.scenario.slug}", {
        "row": row, "title": cell.scenario.title, "verdict": cell.verdict,
        "ladders": [as_kept(drawn) for act in cell.acts for drawn in
                    ladders(act.outcome, f"{act.title}: {act.verdict}")]}


def main(arguments: list[str]) -> int:
    """matrix [NN]: one row with its reasons, or all into README.md."""
    if sandbox.why_not_private():
        print("matrix: cells need network namespaces: "
              f"{sandbox.why_not_private()}", file=sys.stderr)
        return 1
    number: Optional[str] = arguments[0] if arguments else None
    if number:
        folder = program.chapter(number)
        rows = [pair for pair in matrix.pairs() if pair.folder == folder]
        if not rows:
            print(f"matrix: {folder.name} has no row", file=sys.stderr)
            return 2
        print(reasons(matrix.measure(rows, told=_progress)))
        return 0
    cells = matrix.measure(matrix.pairs(), told=_progress)
    text = matrix.README.read_text()
    matrix.README.write_text(text.replace(matrix.shown(), matrix.table(cells)))
    matrix.PICTURE.write_text(svg(cells))
    keep("cells", dict(map(_kept, cells)))
    for row in matrix.by_row(cells):
        kept = sum(cell.verdict == "ok" for cell in row)
        print(f"{row[0].pair.name:<26} survives {kept} of {len(row)}")
    return 0
