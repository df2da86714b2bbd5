"""What is in the files that a judge offers: made up, and repeated by a seed."""

from __future__ import annotations

import random

# A file is no text: what ends a string, a line or a file for those who think
# that it is one, and what equals EOF in a char.
TRAPS = b"\0\n\r\x1a\xff"


def binary(rng: random.Random, least: int, most: int) -> bytes:
    """Return `least` to `most` - 1 random bytes, with a trap of each kind.

    If there is room: by chance alone a file may lack one of them.
    """
    made = bytearray(rng.randbytes(rng.randrange(least, most)))
    places = rng.sample(range(len(made)), min(len(made), len(TRAPS)))
    for place, trap in zip(places, TRAPS):
        made[place] = trap
    return bytes(made)
