"""make hint-NN: one hint more each time."""

from __future__ import annotations

import re
from dataclasses import replace

from ..judges import exercise
from ..program import ROOT
from . import progress


def main(arguments: list[str]) -> int:
    """hint NN: the next of the exercise's hints; the last stays the last."""
    folder = exercise(arguments[0] if arguments else "")
    hints = re.split(r"^## .*\n", (folder / "HINTS.md").read_text(),
                     flags=re.M)[1:]
    known = progress.read(folder.name)
    number = min(known.hints, len(hints) - 1)
    print(f"Hint {number + 1} of {len(hints)}\n\n{hints[number].strip()}")
    if number + 1 == len(hints):
        print("\nThat was the last." + (
            f" The answer is in solutions/{folder.name}/."
            if (ROOT / "solutions").is_dir() else ""))
    if not progress.keep(folder.name, replace(known, hints=number + 1)):
        print(f"\n{progress.KEPT.parent} can't be written, so this one comes "
              f"again: all of them are in {folder / 'HINTS.md'}.")
    return 0
