"""Who is in a class, and whether it can be graded as it is laid out.

A class that would get zeros because of its layout is refused, with the command
that reads it.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Optional, Sequence

from .. import printable
from ..judges import judge_of
from .archive import Unsafe, is_archive, stem
from .download import Entry, download
from .layouts import Layout, recognise
from .sources import Missing
from .students import Student, found_in
from .tree import is_junk


class NoSubmissions(Exception):
    """There is nothing to grade; the text says why."""


def students(submissions: Path) -> list[Student]:
    """Return who handed in, by name; hidden files, and plain ones but
    archives, are nobody.

    Raises NoSubmissions.
    """
    if submissions.is_file():
        layout, _ = _layout(submissions)
        raise NoSubmissions(f"SUBMISSIONS={submissions} is a file; "
                            + _remedy(submissions, layout, ()))
    if not submissions.is_dir():
        raise NoSubmissions(f"SUBMISSIONS={submissions}: there is no such "
                            "folder")
    found = [Student(entry) for entry in submissions.iterdir()
             if not is_junk((entry.name,))
             and (entry.is_dir() or is_archive(entry.name))]
    if not found:
        layout, _ = _layout(submissions)
        remedy = f"; {_remedy(submissions, layout, ())}" if layout else ""
        raise NoSubmissions(f"SUBMISSIONS={submissions}: no folder of a "
                            f"student in it{remedy}")
    found.sort(key=lambda student: (student.key, student.place.name))
    for one, other in zip(found, found[1:]):
        if one.key == other.key:
            raise NoSubmissions(
                f"SUBMISSIONS={submissions}: {printable.name(one.place.name)} "
                f"and {printable.name(other.place.name)} are both called "
                f"{one.name}: leave one of them")
    return found


def is_empty(student: Student, exercises: Sequence[str]) -> bool:
    """Whether none of the sources that are asked for is there."""
    return all(isinstance(source, Missing)
               for sources in found_in(student.tree(), exercises).values()
               for source in sources.values())


def _layout(submissions: Path) -> tuple[Optional[Layout], list[Entry]]:
    """Return which site's layout it is, if it is any."""
    try:
        with download(submissions) as entries:
            layout = recognise(entries)
            return (None if layout and layout.general else layout), entries
    except (Unsafe, OSError):
        return None, []


def _twice(layout: Optional[Layout], entries: Sequence[Entry]) -> str:
    """Return the names of two folders of one student; "" if nobody has two."""
    folders: dict[str, set[str]] = {}
    for entry, place in zip(entries, layout.places(entries) if layout else ()):
        if place:
            folders.setdefault(place.who, set()).add(entry.path[0])
    return next((" and ".join(sorted(names)) for names in folders.values()
                 if len(names) > 1), "")


def _remedy(submissions: Path, layout: Optional[Layout],
            exercises: Sequence[str]) -> str:
    """Return what to do about a class that can't be graded as it is."""
    one = f" EXERCISE={exercises[0][:2]}" if len(exercises) == 1 else ""
    if layout or submissions.is_file():
        into = submissions.with_name(stem(submissions.name) + "-collected")
        looks = f"it looks like {layout.title}: " if layout else ""
        return (f"{looks}make collect "
                f"FROM={shlex.quote(str(submissions))} "
                f"INTO={shlex.quote(str(into))}{one}, then grade that")
    if one:
        return "if that is right, remove the folders of those students"
    return (f"it looks in {exercises[0]}/, exercises/{exercises[0]}/ and so "
            "on; with EXERCISE=NN it grades one exercise, and looks anywhere "
            "in a student's folder")


def check(submissions: Path, among: Sequence[Student],
          exercises: Sequence[str]) -> None:
    """Raise NoSubmissions if these can't be the students of a class.

    Somebody is there twice, or more than half have none of the sources.
    """
    layout, entries = _layout(submissions)
    twice = _twice(layout, entries)
    if twice:
        raise NoSubmissions(
            f"nothing was graded: {printable.line(twice)} are one student's; "
            + _remedy(submissions, layout, exercises))
    empty = [student for student in among if is_empty(student, exercises)]
    if 2 * len(empty) <= len(among):
        return
    files = sorted({source for name in exercises
                    for source in judge_of(name).sources})
    seen = [file.shown for file in empty[0].tree().files[:3]]
    found = printable.line(", ".join(seen)) if seen else "no file"
    raise NoSubmissions(
        f"nothing was graded: {len(empty)} of {len(among)} students in "
        f"{submissions} have no {' or '.join(files)} where make grade looks "
        f"(for example, {empty[0].name} has {found}); "
        f"{_remedy(submissions, layout, exercises)}")
