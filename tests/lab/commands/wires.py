"""make wires: draw every chapter's wire.svg, as most of five captures show."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from .. import chapters, program, sandbox, wine
from ..ladder import ladder
from ..ladder.svg import svg
from ..meeting.pair import Pair, converse


def drawn(folder: Path) -> str:
    """Return the picture of a chapter's conversation, all ways of it.

    On a busy machine a RST can come a moment late, and the picture is another.
    """
    pairs = [Pair.of(chapters.number(folder), way)
             for way in chapters.ways(folder)]
    ladders = [ladder(converse(pair), pair.name, timed=False)
               for pair in pairs]
    return svg(ladders, f"The wire of chapter {folder.name}")


def main(arguments: list[str]) -> int:
    """wires [NN ...]: the chapters that are named, or all."""
    if sandbox.why_not_private():
        print("wires: packets cannot be seen here: "
              f"{sandbox.why_not_private()}", file=sys.stderr)
        return 1
    for folder in map(program.chapter, arguments) if arguments \
            else program.chapters():
        if wine.needed(folder) and wine.missing():
            print(f"{folder.name}/wire.svg stays: {wine.missing()}")
            continue
        usual = Counter(drawn(folder) for _ in range(5)).most_common(1)
        (folder / "wire.svg").write_text(usual[0][0])
        print(f"{folder.name}/wire.svg")
    return 0
