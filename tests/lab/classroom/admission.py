"""Who is in a class, and whether it can be graded as it is laid out.

A class that would get zeros because of its layout is refused, with the command
that reads it.
"""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional, Sequence

from .. import printable
from ..judges import exercises as all_exercises
from . import manifest
from .archive import Unsafe, is_archive, stem
from .download import Entry
from .layouts import Layout, recognise, recognised
from .sources import Missing, Unclear
from .students import Student, found_in
from .tree import Tree, is_junk

NAMED = 3  # students or files that a sentence names


class NoSubmissions(Exception):
    """There is nothing to grade; the text says why."""


@dataclass
class Attendance:
    """Who handed in what; `without` has those who lack a source, and why.

    `nobodys` are files that belong to no student.
    """

    exercises: tuple[str, ...]
    without: dict[str, dict[Student, Missing]] = field(default_factory=dict)
    nobodys: list[str] = field(default_factory=list)

    def handed_in(self, count: int) -> tuple[str, ...]:
        """Return the exercises that any of `count` students handed in."""
        return tuple(name for name in self.exercises
                     if len(self.without[name]) < count)

    def said(self, count: int) -> list[str]:
        """Return what an instructor has to know, a line each."""
        graded = self.handed_in(count)
        left = [name for name in self.exercises if name not in graded]
        lines = [f"nobody handed in {', '.join(left)}: not graded"] \
            if left else []
        lines += [f"{len(some)} of {count} lack a source of {name}: "
                  + _some([student.name for student in some])
                  for name, some in self.without.items()
                  if some and name in graded]
        if self.nobodys:
            lines.append("no student's folder or archive, and not graded: "
                         + _some(self.nobodys))
        return lines


def _some(names: Sequence[str]) -> str:
    """Return some of the names, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(printable.line(printable.name(name), 120)
                     for name in names[:NAMED]) + (
        f" and {more} more" if more > 0 else "")


def students(submissions: Path) -> list[Student]:
    """Return who handed in, by name; hidden files, and plain ones but
    archives, are nobody.

    Raises NoSubmissions.
    """
    if submissions.is_file():
        layout, _ = _layout(submissions)
        raise NoSubmissions(f"SUBMISSIONS={submissions} is a file; "
                            + _remedy(submissions, layout))
    if not submissions.is_dir():
        raise NoSubmissions(f"SUBMISSIONS={submissions}: there is no such "
                            "folder")
    found = [Student(entry) for entry in submissions.iterdir()
             if not is_junk((entry.name,))
             and (entry.is_dir() or is_archive(entry.name))]
    nobodys = _nobodys(submissions)
    if len(found) < len(nobodys) or not found:
        layout, _ = _layout(submissions)
        what = f"most of it is no folder of a student: {_some(nobodys)}" \
            if found else "no folder of a student in it"
        remedy = f"; {_remedy(submissions, layout)}" if layout else \
            ": a student is a folder, or a .zip or .tar file"
        raise NoSubmissions(f"SUBMISSIONS={submissions}: {what}{remedy}")
    found.sort(key=lambda student: (student.key, student.place.name))
    for one, other in zip(found, found[1:]):
        if one.key == other.key:
            raise NoSubmissions(
                f"SUBMISSIONS={submissions}: {printable.name(one.place.name)} "
                f"and {printable.name(other.place.name)} are both called "
                f"{one.name}: leave one of them")
    return found


def _nobodys(submissions: Path) -> list[str]:
    """Return the files that lie among the students and are no student's."""
    return sorted(entry.name for entry in submissions.iterdir()
                  if not entry.is_dir() and not is_archive(entry.name)
                  and not is_junk((entry.name,))
                  and entry.name != manifest.NAME)


def _layout(submissions: Path) -> tuple[Optional[Layout], list[Entry]]:
    """Return which site's layout it is, if it is any."""
    try:
        with recognised(submissions) as (layout, entries):
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


def _without(tree: Tree, folder: str) -> Tree:
    """Return a hand-in as if such a folder were not around its files."""
    return Tree([replace(file, path=tuple(
        part for part in file.path if part.casefold() != folder))
        for file in tree.files])


def _fitting(trees: Sequence[Tree], asked: str) -> list[str]:
    """Return the other exercises that most of these handed in.

    Where make collect was told one, the files lie in that one's folder.
    """
    def has(tree: Tree, name: str) -> bool:
        return not any(isinstance(source, Missing) for source in found_in(
            _without(tree, asked), [name])[name].values())
    return [folder.name[:2] for folder in all_exercises()
            if folder.name != asked and 2 * sum(
                has(tree, folder.name) for tree in trees) > len(trees)]


def _remedy(submissions: Path, layout: Optional[Layout], one: str = "") -> str:
    """Return the command that reads a class which is laid out so.

    `one` is the exercise, if it is one alone.
    """
    into = submissions.with_name(stem(submissions.name) + "-collected")
    looks = f"it looks like {layout.title}: " if layout else ""
    return (f"{looks}make collect FROM={shlex.quote(str(submissions))} "
            f"INTO={shlex.quote(str(into))}"
            + (f" EXERCISE={one[:2]}" if one else "") + ", then grade that")


def _advice(submissions: Path, empty: Sequence[Student], of: int,
            without: Sequence[Missing], one: str, first: str) -> str:
    """Return what to do where most of a class, `of` so many, lack a source.

    `first` is the first exercise that is asked for, `one` that if it is alone.
    """
    trees = [student.tree() for student in empty]
    inside = {file.path[0] for file in trees[0].files if len(file.path) > 1}
    if of == 1 and len(inside) > 1:
        place = empty[0].place
        remedy = f"SUBMISSIONS={shlex.quote(str(place))} grades that" \
            if place.is_dir() else _remedy(place, None, one)
        return f"if {empty[0].name} is no student but the class, {remedy}"
    if 2 * sum(isinstance(why, Unclear) for why in without) > len(empty):
        return "leave one of these files in each student's folder"
    fits = _fitting(trees, one)
    if fits:
        again = ": collect the download again with that" \
            if (submissions / manifest.NAME).exists() else ""
        return "most handed in what fits " + " or ".join(
            f"EXERCISE={number}" for number in fits) + again
    if one:
        return ("name those files as the exercise does, or, if these students "
                "handed in nothing, remove their folders")
    return (f"it looks in {first}/, exercises/{first}/ and so on; with "
            "EXERCISE=NN it grades one exercise, and looks anywhere in a "
            "student's folder")


def check(submissions: Path, among: Sequence[Student],
          exercises: Sequence[str]) -> Attendance:
    """Return who handed in what.

    Raises NoSubmissions if these can't be the students of a class: somebody
    is there twice, something can't be read, or more than half lack a source
    of everything that is asked for.
    """
    layout, entries = _layout(submissions)
    one = exercises[0] if len(exercises) == 1 else ""
    twice = _twice(layout, entries)
    if twice:
        raise NoSubmissions(
            f"nothing was graded: {printable.line(twice)} are one student's; "
            + _remedy(submissions, layout, one))
    _check_not_one(submissions, among, layout, entries, one)
    found = Attendance(tuple(exercises), {name: {} for name in exercises},
                       _nobodys(submissions))
    for student in among:
        _attend(found, student, submissions)
    empty = [student for student in among
             if all(student in some for some in found.without.values())]
    if 2 * len(empty) > len(among):
        whys = [found.without[exercises[0]][student] for student in empty]
        advice = _remedy(submissions, layout, one) if layout else _advice(
            submissions, empty, len(among), whys, one, exercises[0])
        raise NoSubmissions(
            f"nothing was graded: {len(empty)} of {len(among)} students in "
            f"{submissions} lack what is graded, where make grade looks "
            f"(for example, {empty[0].name}: {whys[0]}); {advice}")
    return found


def _rivals(layout: Layout, entries: Sequence[Entry]) -> int:
    """Return of how many persons a source has one name, at most.

    All archives have one: each may be called as its student is.
    """
    names = [(place.who, place.path[-1].casefold())
             for place in layout.places(entries) if place]
    counts = Counter(name for _, name in {
        (who, "archive" if is_archive(name) else name)
        for who, name in names if name.endswith(".c") or is_archive(name)})
    return max(counts.values(), default=0)


def _check_not_one(submissions: Path, among: Sequence[Student],
                   layout: Optional[Layout], entries: Sequence[Entry],
                   one: str) -> None:
    """Raise NoSubmissions if what looks like a student is a whole class.

    One student may have many folders, so where no site's name says whose they
    are, it takes three with a file of one name.
    """
    looks = layout or (recognise(entries) if len(among) == 1 else None)
    persons = layout.persons(entries) if layout else \
        _rivals(looks, entries) if looks else 0
    if persons >= (2 if layout else 3) * len(among):
        raise NoSubmissions(
            f"nothing was graded: {persons} students seem to lie in "
            f"{len(among)} folder{'s' * (len(among) > 1)} of {submissions}; "
            + _remedy(submissions, looks, one))


def _attend(found: Attendance, student: Student, submissions: Path) -> None:
    """Note which sources a student lacks; raises NoSubmissions."""
    handed_in = student.tree()
    if handed_in.forbidden:
        raise NoSubmissions(
            f"nothing was graded: {student.name}/{handed_in.forbidden[0]} "
            "can't be read by you; chmod -R u+rX "
            f"{shlex.quote(str(submissions))} lets you")
    for name, sources in found_in(handed_in, found.exercises).items():
        why = next((source for source in sources.values()
                    if isinstance(source, Missing)), None)
        if why:
            found.without[name][student] = why
