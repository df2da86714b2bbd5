"""make wires: draw every chapter's wire.svg, as most of five captures show.

The book's ladders are kept beside them, in chapters/ladders.json.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Iterator, Optional

from .. import chapters, program, sandbox, scenario, wine
from ..ladder import Ladder, ladder, ladders
from ..ladder.kept import keep_wires
from ..ladder.svg import svg
from ..meeting.pair import Pair, converse
from .trace import pair_of

# What a chapter's picture shows besides its ways: HOW and PEER of a trace.
ALSO = {"04": (("rd", "early"), ("rdwr", "early"))}


def _also(folder: Path) -> Iterator[Ladder]:
    """Give the ladders of a chapter that a peer of the bench's makes."""
    for how, peer in ALSO.get(chapters.number(folder), ()):
        for act in scenario.play(scenario.scenario(peer),
                                 pair_of(folder, how)):
            yield ladder(act.outcome, f"{folder.name} {how}, {act.title}",
                         timed=False)


def captured(folder: Path) -> list[Ladder]:
    """Return the ladders of a chapter's conversation, all ways of it.

    On a busy machine a RST can come a moment late, and they are others.
    """
    pairs = [Pair.of(chapters.number(folder), way)
             for way in chapters.ways(folder)]
    return [*(drawn for pair in pairs for drawn in
              ladders(converse(pair), pair.name, timed=False)),
            *_also(folder)]


def drawn(folder: Path, ladders: Optional[list[Ladder]] = None) -> str:
    """Return the picture of a chapter's ladders, or of fresh ones."""
    return svg(ladders or captured(folder),
               f"The wire of chapter {folder.name}")


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
        tries = [captured(folder) for _ in range(5)]
        pictures = [drawn(folder, ladders) for ladders in tries]
        usual = Counter(pictures).most_common(1)[0][0]
        (folder / "wire.svg").write_text(usual)
        keep_wires(folder.name, tries[pictures.index(usual)])
        print(f"{folder.name}/wire.svg")
    return 0
