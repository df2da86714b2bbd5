"""manifest.csv, beside the folders of a class: who each of them is."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

from .. import printable
from .tables import write_table

NAME = "manifest.csv"
COLUMNS = {"folder": "folder", "name": "name", "id": "id", "login": "login",
           "attempt": "attempt", "late": "late",
           "original names": "files", "exercise": "exercise",
           "site": "site", "key": "who"}


@dataclass(frozen=True)
class Row:
    """One student: `site` is the layout that it came in, `who` a digest of
    what that layout tells persons apart by. `exercise` is the one that was
    collected last, "" if none was named.
    """

    folder: str
    name: str = ""
    id: str = ""
    login: str = ""
    attempt: str = ""
    late: str = ""
    files: str = ""
    site: str = ""
    who: str = ""
    exercise: str = ""

    def cells(self) -> dict[str, str]:
        """Return the row by its columns."""
        return {column: getattr(self, attribute)
                for column, attribute in COLUMNS.items()}


class Damaged(Exception):
    """A manifest that can't be read; the text says why."""


def read(folder: Path) -> list[Row]:
    """Return the rows of a class's manifest; none if it has none.

    Raises Damaged.
    """
    place = folder / NAME
    try:
        with place.open(encoding="utf-8-sig", newline="") as table:
            return [Row(**{attribute: row[column] or "" for column, attribute
                           in COLUMNS.items() if column in row})
                    for row in csv.DictReader(table)]
    except FileNotFoundError:
        return []
    except (UnicodeError, csv.Error, TypeError, KeyError) as error:
        raise Damaged(f"{place} is no manifest ({error}): make collect "
                      "writes one if it isn't there") from error


def by_folder(folder: Path, names: Sequence[str]) -> list[Row]:
    """Return a row for each folder of a class, in their order.

    Who isn't in the manifest is known by the folder's name. Raises Damaged.
    """
    known = {row.folder: row for row in read(folder)}
    return [known.get(name) or Row(printable.name(name)) for name in names]


def write(folder: Path, rows: Sequence[Row]) -> Path:
    """Write the manifest of a class."""
    return write_table(folder / NAME, tuple(COLUMNS),
                       [row.cells() for row in rows])
