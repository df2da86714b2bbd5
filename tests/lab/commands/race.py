"""make race, make race-NN: measure a chapter beside what people use."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path

from .. import race
from ..race.track import Broken
from .asked import UsageError


def main(arguments: list[str]) -> int:
    """race [NN]: print medians, their spread, and which goals they meet.

    With SVG=file the figures are drawn there as well, where a race can be.
    """
    found = race.race(*arguments)
    drawn = os.environ.get("SVG", "")
    if drawn and "picture" not in inspect.signature(found.main).parameters:
        raise UsageError(f"race {found.CHAPTER} is not drawn: leave SVG out")
    try:
        report = found.main(picture=Path(drawn)) if drawn else found.main()
        print("\n".join(report))
    except PermissionError as error:
        print(f"race: needs a network namespace of its own: {error}",
              file=sys.stderr)
        return 1
    except Broken as error:
        print(f"race: {error}", file=sys.stderr)
        return 1
    return 0
