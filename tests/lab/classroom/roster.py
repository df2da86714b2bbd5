"""Who is in a class: a table of all students, as a course site exports it.

A person is found by a number or a login, or else by the name, in either order
of its parts. Where a name is that of two, nobody guesses. What a group handed
in, all of its members did, where the site tells who they are.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

from .manifest import Row

KEYS = {"id", "sis user id", "student id", "id number", "idnumber", "sid",
        "user id", "userid", "orgdefinedid", "identifier", "login",
        "sis login id", "login id", "username", "user name", "email",
        "email address", "e-mail", "e-mail address", "github_username",
        "github username"}
NAMES = {"name", "student", "full name", "fullname", "student name"}
FIRST = {"first name", "firstname", "given name", "forename"}
LAST = {"last name", "lastname", "surname", "family name"}


class BadRoster(Exception):
    """A table that can't be used; the text says why."""


@dataclass(frozen=True)
class Listed:
    """One person of the table: a name, and what else may tell who it is."""

    name: str
    keys: frozenset[str]


def _plain(said: str) -> str:
    """Return a name or a login without case and blanks."""
    return " ".join(said.split()).casefold()


def _squashed(name: str) -> set[str]:
    """Return a name's letters, with its parts in either order.

    Accents are left out: a name may be written with them, without, or with
    each as a character of its own.
    """
    name = unicodedata.normalize("NFKD", name)
    first, comma, rest = name.partition(",")
    if not comma:
        rest, _, first = name.rpartition(" ")
    return {"".join(c for c in said.casefold() if c.isalnum())
            for said in (f"{first} {rest}", f"{rest} {first}")}


def _keys(row: Row) -> set[str]:
    """Return what tells who it is, or all of a group.

    Moodle's grading worksheet has the number as `Participant 123`.
    """
    told = {_plain(part)
            for said in (row.id, row.login, f"Participant {row.id}")
            for part in said.split(", ")}
    return told - {"", "participant"}


def _names(row: Row, listed: set[str]) -> set[str]:
    """Return the names of a row, as _squashed() has them; none if none is
    `listed`.

    Moodle puts a group's name before: `Group A-Jane Doe`. The longest name
    that is listed counts: Mary-Jane Doe is not Jane Doe.
    """
    name = row.name or row.folder
    is_group = ", " in row.id or ", " in row.login
    readings = [name.split(", ") if is_group else [name]]
    if row.site == "moodle":
        readings += [[name[dash.end():]] for dash in re.finditer("-", name)]
    for names in readings:
        found = {squashed for one in names for squashed in _squashed(one)}
        if found & listed:
            return found
    return set()


def read(place: Path) -> list[Listed]:
    """Return who is in a table; raises BadRoster.

    Separated by commas, semicolons or tabs; the first row says what the
    columns are.
    """
    try:
        text = place.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise BadRoster(f"ROSTER={place} can't be read ({error}): save it as "
                        "CSV, in UTF-8") from error
    lines = text.splitlines()
    head = lines[0] if lines else ""
    mark = max(",;\t", key=head.count)
    found = []
    for row in csv.DictReader(lines, delimiter=mark):
        cells = {(column or "").strip().casefold(): (cell or "").strip()
                 for column, cell in row.items()
                 if isinstance(cell, str)}
        name = next((cells[c] for c in cells if c in NAMES and cells[c]), "")
        parts = [next((cells[c] for c in cells if c in some), "")
                 for some in (FIRST, LAST)]
        keys = frozenset(_plain(cells[c]) for c in cells
                         if c in KEYS and cells[c])
        name = name or " ".join(filter(None, parts))
        if (name or keys) and name != "Points Possible":
            found.append(Listed(name or min(keys), keys))
    if not found:
        raise BadRoster(f"ROSTER={place}: no column of it is called Name, "
                        "Student, ID, Login or Email, or nobody is in it")
    return found


def absent(listed: Sequence[Listed], rows: Sequence[Row]
           ) -> tuple[list[Listed], list[str]]:
    """Return who handed in nothing, and a sentence for each doubt about that.

    Raises BadRoster if it is the roster of another class: fewer than half of
    those who handed in are in it.
    """
    keys = {key for person in listed for key in person.keys}
    left = [row for row in rows if not _keys(row) & keys]
    there = {key for row in rows for key in _keys(row)}
    missing = [person for person in listed if not person.keys & there]
    everybody = {name for person in listed for name in _squashed(person.name)}
    names = [_names(row, everybody) for row in left]
    unsure, gone = [], []
    for person in missing:
        alike = [some for some in names if _squashed(person.name) & some]
        namesakes = [one for one in missing
                     if _squashed(one.name) & _squashed(person.name)]
        if not alike:
            gone.append(person)
        elif len(alike) < len(namesakes):
            unsure.append(f"{person.name} can't be told from others of that "
                          "name, and has no row for handing in nothing")
    named = {name for person in missing for name in _squashed(person.name)}
    strange = [row for row, some in zip(left, names) if not some & named]
    if 2 * len(strange) > len(rows):
        raise BadRoster(
            f"{len(strange)} of {len(rows)} who handed in are not in ROSTER, "
            f"such as {strange[0].name or strange[0].folder}: is it that of "
            "this class? Leave ROSTER away where groups handed in")
    return gone, unsure + [
        f"{row.name or row.folder} handed in and is not in it: a group's "
        "members have rows for handing in nothing" for row in strange]
