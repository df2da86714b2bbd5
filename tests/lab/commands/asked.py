"""What is asked for by name, as in make check-01 SEED=7.

Make puts such a word into the environment of what it runs, so no shell reads
it once more. Make itself does: a dollar in it is written $$.
"""

from __future__ import annotations

import os
import reprlib
from typing import Mapping, Optional

DIGITS = 18  # at most: more than a seed that we draw has


class UsageError(Exception):
    """The command line is wrong; the text says how."""


def number(name: str, environ: Mapping[str, str] = os.environ
           ) -> Optional[int]:
    """Return a number that was asked for, None if none was.

    Raises UsageError.
    """
    word = environ.get(name, "")
    if not word:
        return None
    if not (word.isascii() and word.isdigit() and len(word) <= DIGITS):
        raise UsageError(f"{name} {reprlib.repr(word)}: not a whole number "
                         f"from 0 on, of at most {DIGITS} digits")
    return int(word)
