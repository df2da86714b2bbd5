"""What one student handed in: the files in a folder, and in its archives.

An archive counts as if it had been unpacked where it lies. What systems and
editors leave behind is not seen.
"""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Callable, Iterator, Optional

from .. import printable
from ..judging.untrusted import read_untrusted
from .archive import OTHERS, Limits, Member, Unsafe, is_archive, opened

FILES = 20_000  # that are looked at; and how deep
DEPTH = 24
PACKED = 64 << 20  # bytes of an archive
ARCHIVES = 10  # of one student, those in others counted
SOURCE = 1 << 20  # bytes of what could be a source: nothing else is kept
KEPT = 32 << 20  # bytes of all that is kept of archives
EARLIER = "earlier attempts"  # where make collect puts what was replaced

JUNK = re.compile(
    r"__MACOSX|\.(?!\.?$).*|Thumbs\.db|desktop\.ini|.*~|#.*#|"
    r".*\.(swp|swo|bak|orig)",
    re.IGNORECASE)

Parts = tuple[str, ...]


@dataclass(frozen=True)
class File:
    """One file, by its `path` below the student's folder.

    `read(most)` returns its content, None if there are more bytes than that
    or it is no plain file. `shown` names the archive, too, that it is in.
    """

    path: Parts
    shown: str
    read: Callable[[int], Optional[bytes]]
    link: bool = False


@dataclass
class Tree:
    """All files, the topmost first; `troubles` tell what was not looked into.

    What the system does not let us read is `forbidden`.
    """

    files: list[File] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    forbidden: list[str] = field(default_factory=list)
    archives: int = 0  # that were looked into
    kept: int = 0  # bytes of what is in them


def parts(name: str) -> Parts:
    """Return the parts of a file's name that was made on Windows.

    What unpacks an archive elsewhere may leave its backslashes in.
    """
    return tuple(filter(None, name.split("\\"))) or (name,)


def is_junk(path: Parts) -> bool:
    """Whether nobody meant to hand that in."""
    return any(JUNK.fullmatch(part) for part in path)


def tree(place: Path) -> Tree:
    """Return what is in a folder, or in an archive in its stead.

    Never raises: what a hand-in does to us costs nobody else a grade.
    """
    try:
        return _tree(place)
    except Exception as error:
        return Tree(troubles=[f"it can't be looked into ({error!r})"])


def _tree(place: Path) -> Tree:
    """Look into a folder, or an archive in its stead."""
    found = Tree()
    if place.is_symlink():
        found.troubles.append("it is a symbolic link, which is not followed")
        return found
    if is_archive(place.name) and not place.is_dir():
        _look_into(found, (), place.name,
                   lambda: read_untrusted(place, PACKED))
        return found
    for path, entry in _walk(place, found):
        if entry.is_symlink():
            found.files.append(File(path, "/".join(path), lambda most: None,
                                    link=True))
            continue
        where = Path(entry.path)
        if not os.access(where, os.R_OK):
            found.forbidden.append(printable.name("/".join(path)))
        if is_archive(entry.name):
            _look_into(found, path[:-1], "/".join(path),
                       lambda: read_untrusted(where, PACKED))
        elif entry.name.casefold().endswith(OTHERS):
            found.troubles.append(f"{path[-1]} is not unpacked: only .zip "
                                  "and .tar files are")
        found.files.append(File(path, "/".join(path),
                                lambda most, at=where:
                                read_untrusted(at, most)))
    found.files.sort(key=lambda file: (len(file.path), file.path, file.shown))
    return found


def _walk(top: Path, found: Tree) -> Iterator[tuple[Parts, os.DirEntry]]:
    """Return all that is no folder, level by level; no link is followed."""
    level: list[Parts] = [()]
    seen = 0
    for _ in range(DEPTH):
        below: list[Parts] = []
        for folder in level:
            try:
                with os.scandir(top.joinpath(*folder)) as some:
                    entries = sorted(islice(some, FILES + 1),
                                     key=lambda entry: entry.name)
            except OSError as error:
                shown = "/".join(folder) or "."
                found.troubles.append(f"{shown} can't be read: "
                                      f"{error.strerror}")
                if isinstance(error, PermissionError):
                    found.forbidden.append(printable.name(shown))
                continue
            for entry in entries:
                path = (*folder, entry.name)
                if is_junk(path[-1:]) or path[0] == EARLIER:
                    continue
                seen += 1
                if seen > FILES:
                    found.troubles.append(f"there are more than {FILES:,} "
                                          "files: not all were looked at")
                    return
                if entry.is_dir(follow_symlinks=False):
                    below.append(path)
                else:
                    yield (*folder, *parts(entry.name)), entry
        level = below
    if level:
        found.troubles.append(f"{'/'.join(level[0][:3])}/... is more than "
                              f"{DEPTH} folders deep: not all was looked at")


def _look_into(found: Tree, at: Parts, shown: str,
               content: Callable[[], Optional[bytes]],
               nested: bool = False) -> None:
    """Add the members of an archive, and of the archives in it."""
    found.archives += 1
    if found.archives > ARCHIVES:
        found.troubles.append(f"{shown} is not unpacked: there are more than "
                              f"{ARCHIVES} archives")
        return
    data = content()
    if data is None:
        found.troubles.append(f"{shown} is not unpacked: it can't be read, "
                              f"or has more than {PACKED >> 20} MiB")
        return
    inside: list[tuple[Parts, str, bytes]] = []
    try:
        with opened(io.BytesIO(data)) as members:
            taken = _taken(members)
            for member in taken:
                file = _file(member, at, shown, found)
                if is_archive(member.path[-1]):
                    inside.append((file.path[:-1], file.shown,
                                   member.read(Limits().size)))
                found.files.append(file)
    except Unsafe as why:
        found.troubles.append(f"{shown} is not unpacked: {why}")
        return
    for path, name, packed in inside:
        if nested:
            found.troubles.append(f"{name} is not unpacked: it is an archive "
                                  "in an archive in an archive")
        else:
            _look_into(found, path, name, lambda data=packed: data, True)


def _taken(members: list[Member]) -> list[Member]:
    """Return the members that count; raises Unsafe for the first that can't.
    """
    names: dict[str, str] = {}
    taken = []
    for member in members:
        shown = "/".join(member.path)
        if member.bad:
            raise Unsafe(f"{shown} in it: {member.bad}")
        if is_junk(member.path):
            continue
        other = names.setdefault(shown.casefold(), shown)
        if len(names) == len(taken):
            raise Unsafe(f"two names in it are one where case does not count: "
                         f"{other} and {shown}")
        taken.append(member)
    return taken


def _file(member: Member, at: Parts, archive: str, found: Tree) -> File:
    """Return a member as a file; what can't be a source is not read."""
    path = (*at, *member.path)
    wanted = member.path[-1].casefold().endswith(".c") and found.kept < KEPT
    content = member.read(SOURCE + 1) if wanted else None
    found.kept += len(content or b"")

    def read(most: int) -> Optional[bytes]:
        return None if content is None or len(content) > most else content
    return File(path, f"{archive}/{'/'.join(member.path)}", read)
