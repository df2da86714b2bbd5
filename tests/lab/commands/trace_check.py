"""make trace-check-NN: draw what one's own answer to an exercise does.

Each conversation that `make check-NN` judges has a ladder, also where all is
well. PEER names one of them, and SEED has the inputs of a check again.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ..judges import exercise, judge_of
from ..judging.exercise import Exercise, Submission
from ..judging.expect import Seen
from ..judging.submission import Refused, build_own, new_seed
from ..sandbox import Sandbox
from .asked import UsageError, number
from .trace import draw, said_by, say_if_shared


def peer(name: str) -> str:
    """Return what PEER is for a conversation of that name."""
    return name.replace("_", "-")


def wanted(judge: Exercise, asked: str) -> list[str]:
    """Return the names of the conversations asked for; raises UsageError."""
    names = [name for name in judge.conversations
             if asked in ("", peer(name))]
    if not names:
        raise UsageError(f"there is no peer {asked!r} here: there are "
                         + ", ".join(map(peer, judge.conversations)))
    return names


def show(name: str, seen: Seen) -> None:
    """Print a conversation's ladder, or why there is none."""
    if seen.ladder is None:
        print(f"PEER={peer(name)}: {seen.when}: {seen.trouble}\n")
    else:
        draw(replace(seen.ladder, title=f"PEER={peer(name)}: {seen.when}"))
    said_by(seen.outcome)


def main(arguments: list[str]) -> int:
    """trace-check NN, with PEER and SEED if you like."""
    folder, seed = exercise(arguments[0]), number("SEED")
    judge = judge_of(folder.name)
    names = wanted(judge, os.environ.get("PEER", ""))
    try:
        program = build_own(folder / judge.source)
    except Refused as refusal:
        print(f"trace-check: {refusal}", file=sys.stderr)
        return 1
    say_if_shared()
    submission = Submission(
        judge, program, new_seed() if seed is None else seed, Sandbox)
    with ThreadPoolExecutor() as pool:
        for index, (name, seen) in enumerate(zip(names, pool.map(
                lambda name: judge.observe(
                    judge.conversations[name], submission), names))):
            if index:
                print()
            show(name, seen)
    return 0
