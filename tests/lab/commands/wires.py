"""make wires: draw every chapter's wire.svg, as most of its captures show.

Each ladder is chosen for itself. The book's ladders are kept beside them, in
chapters/ladders.json.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Iterator

from .. import chapters, program, sandbox, scenario, wine
from ..ladder import Ladder, ladder, ladders
from ..ladder.kept import keep_wires
from ..ladder.svg import svg
from ..meeting.pair import Pair, converse
from .trace import pair_of

CAPTURES = 9  # of which each ladder is drawn as it is in most

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

    On a busy machine a RST can come a moment late, and that ladder is another.
    """
    pairs = [Pair.of(chapters.number(folder), way)
             for way in chapters.ways(folder)]
    return [*(drawn for pair in pairs for drawn in
              ladders(converse(pair), pair.name, timed=False)),
            *_also(folder)]


def drawn(folder: Path, ladders: list[Ladder]) -> str:
    """Return the picture of a chapter's ladders."""
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
        tries = [captured(folder) for _ in range(CAPTURES)]
        usual = [Counter(same).most_common(1)[0][0] for same in zip(*tries)]
        (folder / "wire.svg").write_text(drawn(folder, usual))
        keep_wires(folder.name, usual)
        print(f"{folder.name}/wire.svg")
    return 0
