"""make race-NN: measure a chapter's programs beside those that people use."""

from __future__ import annotations

import sys

from .. import race
from ..race.track import Broken


def main(arguments: list[str]) -> int:
    """race NN: print medians, their spread, and which goals they meet."""
    try:
        print("\n".join(race.race(arguments[0]).main()))
    except PermissionError as error:
        print(f"race: needs a network namespace of its own: {error}",
              file=sys.stderr)
        return 1
    except Broken as error:
        print(f"race: {error}", file=sys.stderr)
        return 1
    return 0
