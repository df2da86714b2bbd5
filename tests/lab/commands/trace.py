"""make trace-NN: one chapter's programs meet; draw what happened."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Sequence

from .. import program, sandbox, scenario
from ..ladder import ladder, text
from ..outcome import Outcome


def say_if_shared() -> None:
    """Say in one line that this system hides the packets, if it does."""
    why = sandbox.why_not_private()
    if why:
        print(f"No packets are shown: this system forbids network namespaces "
              f"({why}); `make doctor` tells more.\n")


def show(folder: Path, extra: Sequence[str]) -> Outcome:
    """Run one way of a chapter, print its ladder and what was said."""
    outcome = scenario.converse(folder, extra)
    title = " ".join([folder.name, *extra])
    print(text.text(ladder(outcome, title), text.Style.of(sys.stdout)))
    for name, part in (("server", outcome.server), ("client", outcome.client)):
        said = (part.stdout + part.stderr).splitlines()
        for line in said or ["(nothing)"]:
            print(f"{name} said: {line}")
    return outcome


def main(arguments: list[str]) -> int:
    """trace NN [HOW]: all ways of a chapter, or the one that is named."""
    folder = program.chapter(arguments[0] if arguments else "")
    ways = scenario.ways(folder)
    asked = tuple(word for word in arguments[1:] if word)
    if asked and asked not in ways:
        known = ", ".join(word for way in ways for word in way) or "none"
        print(f"trace: {folder.name} has no way {' '.join(asked)!r} "
              f"(known: {known})", file=sys.stderr)
        return 2
    say_if_shared()
    for index, way in enumerate([asked] if asked else ways):
        if index:
            print()
        show(folder, way)
    return 0
