"""Races: programs of the kit beside those that people use, measured now.

Each file in here that has a CHAPTER is a race, by being there: `make race-NN`.

    track       where it takes place: a network of its own, all alike in it
    course      medians of paired rounds, and which goals they meet
    bars        the same as a picture
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


class NoSuchRace(Exception):
    """There is no race of the number that was asked for."""


def race(number: str = "") -> ModuleType:
    """Return the race of a chapter, the last if none is named.

    Raises NoSuchRace.
    """
    known = {}
    for found in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{found.name}")
        if hasattr(module, "CHAPTER"):
            known[module.CHAPTER] = module
    number = number or max(known)
    if number not in known:
        raise NoSuchRace(f"there is no race {number!r}: there are "
                         + ", ".join(sorted(known)))
    return known[number]
