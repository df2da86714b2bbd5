"""Where in what a student handed in the sources of an exercise are.

They are looked for, NAME being one such as 01-return-the-thanks, in

    NAME/    exercises/NAME/    and either in one folder around it

and, where one exercise alone is graded, in the student's folder or below it.
`server (1).c` and `server-1.c` are taken for server.c. Two files that differ
and could both be meant are refused: a guess would cost somebody the grade.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, Optional, Sequence, Union

from .. import printable
from ..judges import exercises
from ..judging.submission import LARGE, Refused, saved_as
from .tree import File, Parts, Tree

KIT = ("chapters", "solutions", "tests")  # what a clone has besides
NUMBERED = r"(?:[ _]?\(\d{1,4}\)|-\d{1,4})?"
NAMED = 6  # files that are told of where the one that counts is missing


@dataclass(frozen=True)
class Source:
    """A file that was found, and its content."""

    shown: str
    content: bytes


class Missing(Refused):
    """There is no such file."""


class Unclear(Missing):
    """There are several such files, and they differ."""


Found = Union[Source, Refused]


def _means(file: str, source: str) -> bool:
    """Whether a file's name can stand for a source's."""
    stem, _, suffix = source.rpartition(".")
    return re.fullmatch(rf"{re.escape(stem)}{NUMBERED}\.{suffix}", file,
                        re.IGNORECASE) is not None


def in_exercise(path: Parts, exercise: str) -> Optional[Parts]:
    """Return the exercise's folder that a file is in, None if in none."""
    folders = tuple(part.casefold() for part in path[:-1])
    if exercise not in folders:
        return None
    at = folders.index(exercise)
    around = at - (folders[at - 1:at] == ("exercises",))
    if around > 1 or set(folders[:at]) & set(KIT):
        return None
    return path[:at + 1]


def _topmost(files: Iterable[File]) -> list[File]:
    """Return those that are least deep."""
    among = list(files)
    return [file for file in among
            if len(file.path) == min(len(f.path) for f in among)]


def _candidates(files: Sequence[File], exercise: str, alone: bool
                ) -> list[File]:
    """Return which of the files of one name are the exercise's."""
    homes: dict[Parts, list[File]] = {}
    free = []
    theirs = {*KIT, *(e.name for e in exercises() if e.name != exercise)}
    for file in files:
        home = in_exercise(file.path, exercise)
        folders = {part.casefold() for part in file.path[:-1]}
        if home:
            homes.setdefault(home, []).append(file)
        elif not folders & theirs:
            free.append(file)
    found = [file for inside in homes.values() for file in _topmost(inside)]
    if alone:
        found += [file for file in free if len(file.path) == 1]
        found = found or free
    return found


def _name(file: File) -> str:
    """Return a file's name as it stands in a sentence."""
    link = " (a symbolic link, which is not followed)" if file.link else ""
    return f"`{printable.line(printable.name(file.shown), 120)}`{link}"


def _missing(source: str, tree: Tree) -> Missing:
    """Say that a source is missing, and what there is in its place."""
    if not tree.files and not tree.troubles:
        return Missing(f"there is no {source}: nothing was handed in")
    files = sorted(tree.files, key=lambda file: not file.shown.endswith(".c"))
    said = ", ".join(map(_name, files[:NAMED]))
    more = f" and {len(files) - NAMED:,} more" if len(files) > NAMED else ""
    found = f"; found: {said}{more}" if files else ""
    troubles = "".join(f"; {printable.line(trouble, 200)}"
                       for trouble in tree.troubles[:NAMED])
    return Missing(f"there is no {source}{found}{troubles}")


def _read(source: str, file: File) -> Found:
    """Return a source's content, or what is wrong with it."""
    if file.link:
        return Refused(f"{source} is handed in as a symbolic link, which is "
                       "not followed")
    content = file.read(LARGE)
    if content is None:
        return Refused(f"{source} can't be read, or is no source that could "
                       "be compiled")
    if saved_as(content):
        return Refused(f"{source} is saved as {saved_as(content)}: save it as "
                       "UTF-8")
    return Source(file.shown, content)


def locate(tree: Tree, exercise: str, sources: Sequence[str], alone: bool
           ) -> dict[str, Found]:
    """Return each source of an exercise, or why it can't be had.

    `alone` says that no other exercise is graded, so that a file needs no
    exercise's folder around it.
    """
    found: dict[str, Found] = {}
    for source in sources:
        named = [file for file in tree.files if _means(file.path[-1], source)]
        among = _candidates(named, exercise, alone)
        read = [_read(source, file) for file in among]
        distinct = {r.content if isinstance(r, Source) else str(r)
                    for r in read}
        if len(distinct) > 1:
            found[source] = Unclear(
                f"which file is {source}? These differ: "
                + ", ".join(map(_name, among[:NAMED])))
        else:
            found[source] = read[0] if read else _missing(source, tree)
    return found
