"""What a judge draws for a conversation: by chance, repeated by a seed.

Each function here returns a draw, which is given a random.Random and returns a
value. Bounds are inclusive, sizes are in bytes.
"""

from __future__ import annotations

import random
import string
from typing import Any, Callable

Draw = Callable[[random.Random], Any]

# A file is no text: what ends a string, a line or a file for those who think
# that it is one, and what equals EOF in a char.
TRAPS = b"\0\n\r\x1a\xff"
LETTERS = string.ascii_letters.encode()


def binary(least: int, most: int, before: bytes = b"", after: int = 0,
           end: bytes = b"") -> Draw:
    """Draw random bytes, with a trap of each kind if there is room.

    Some bytes can stand `before` them and at their `end`; `after` counts
    digits behind them, which would show in a message printed too long.
    """
    def draw(rng: random.Random) -> bytes:
        made = bytearray(rng.randbytes(rng.randint(least, most)))
        places = rng.sample(range(len(made)), min(len(made), len(TRAPS)))
        for place, trap in zip(places, TRAPS):
            made[place] = trap
        digits = bytes(rng.choices(string.digits.encode(), k=after))
        return before + bytes(made) + digits + end
    return draw


def multiple_of(size: int, least: int, most: int) -> Draw:
    """Draw random bytes, `least` to `most` times `size` of them."""
    return lambda rng: rng.randbytes(size * rng.randint(least, most))


def letters(least: int, most: int, before: bytes = b"", after: bytes = b""
            ) -> Draw:
    """Draw letters, with some bytes before and after them, all counted."""
    def draw(rng: random.Random) -> bytes:
        size = rng.randint(least, most) - len(before) - len(after)
        return before + bytes(rng.choices(LETTERS, k=size)) + after
    return draw


def thanks(least: int, most: int, after: bytes = b"") -> Draw:
    """Draw readable thanks."""
    return letters(least, most, b"Thank you ", after)


def untidy(least: int, most: int) -> Draw:
    """Draw thanks that are neither one line, nor ASCII, nor a format."""
    return letters(least, most, b" ", "\n%%\u00e9 \t \n".encode())


def lines(least: int, most: int) -> Draw:
    """Draw lines of letters, each with its newline."""
    return lambda rng: b"".join(
        bytes(rng.choices(LETTERS.lower(), k=rng.randrange(5, 40))) + b"\n"
        for _ in range(rng.randint(least, most)))


def port(given: bool) -> Draw:
    """Draw a PORT: one that is given, or 0.

    It is below those that the kernel gives out (ip(7), ip_local_port_range).
    """
    return lambda rng: rng.randrange(10_000, 30_000) if given else 0


def seconds(least: float, most: float) -> Draw:
    """Draw SECONDS, with four digits behind the point: "0.3817".

    Nobody who takes the fraction for a number of hundredths, or of
    milliseconds, is right by chance.
    """
    low, high = round(10_000 * least), round(10_000 * most)
    return lambda rng: f"{rng.randint(low, high) / 10_000:.4f}"


def number(least: int, most: int) -> Draw:
    """Draw a number, as a word: "512"."""
    return lambda rng: str(rng.randint(least, most))


def key(rng: random.Random) -> int:
    """Draw the key of something else that is made up by chance."""
    return rng.getrandbits(32)


def either(*draws: Draw) -> Draw:
    """Draw one of several draws first, then from that."""
    return lambda rng: rng.choice(draws)(rng)
