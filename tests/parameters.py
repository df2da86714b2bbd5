"""What tests are run with: chapters, seeds, sizes of files."""

from __future__ import annotations

import random

import pytest

SIZES = (0, 1, 29, 30, 31, 60, 4096, 300_000, 3_000_000)  # bytes

# What is no number from 0 to 65535, each in a way of its own.
BAD_PORTS = ("http5", "65536", "-1", "", "50 00", "9" * 20, "+80", "0x50",
             "80 ", " 80", "1e3")

each_side = pytest.mark.parametrize("side", ("server", "client"))
each_size = pytest.mark.parametrize("size", SIZES)


def by_chapter(*numbers: str) -> list:
    """Return parameters of which --chapter chooses."""
    return [pytest.param(number, marks=pytest.mark.chapter(number))
            for number in numbers]


def chapters(*numbers: str):
    """Run a test for each of these chapters, as its `number`."""
    return pytest.mark.parametrize("number", by_chapter(*numbers))


def seeds(short: int, long: int):
    """Run a test with `short` seeds, and with `long` under --soak."""
    return pytest.mark.parametrize("seed", [
        pytest.param(n, marks=[] if n < short else
                     pytest.mark.soak(only=True)) for n in range(long)])


def content(size: int) -> bytes:
    """Return random bytes, NULs among them; the size is the seed."""
    return random.Random(size).randbytes(size)
