"""What a terminal can do beside printing."""

from __future__ import annotations

import os
from typing import TextIO

CLEAR = "\033[2J\033[H"  # empties the screen, and begins at its top


def draws_over(stream: TextIO) -> bool:
    """Whether what was printed there can be cleared, and printed over."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
