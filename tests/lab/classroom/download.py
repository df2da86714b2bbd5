"""What a course site gave out: the files in a folder or in an archive.

    with download(place) as entries:
        for entry in entries: ...
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Optional

from ..judging.untrusted import read_untrusted
from .archive import Limits, is_archive, opened
from .tree import Parts

FILE = 256 << 20  # bytes of one file at most
DEEPEST = 64  # folders in one another
LIMITS = Limits(members=200_000, size=8 << 30, ratio=200, small=256 << 20)


@dataclass(frozen=True)
class Entry:
    """A file, by its `path` from the top; `bad` says why it can't be taken.

    `read(most)` returns its content; None if it can't be read, or has more
    than `most` bytes. Raises Unsafe.
    """

    path: Parts
    read: Callable[[int], Optional[bytes]]
    bad: str = ""


@contextmanager
def download(place: Path) -> Iterator[list[Entry]]:
    """Open what was downloaded; raises Unsafe, or OSError.

    A folder that holds one archive and nothing else is that archive.
    """
    if place.is_dir():
        entries = sorted(_walk(place), key=lambda entry: entry.path)
        if len(entries) == 1 and is_archive(entries[0].path[-1]):
            place = place.joinpath(*entries[0].path)
        else:
            yield entries
            return
    with place.open("rb") as file, opened(file, LIMITS) as members:
        yield [Entry(member.path, _bounded(member.read), member.bad)
               for member in members]


def _bounded(read: Callable[[int], bytes]
             ) -> Callable[[int], Optional[bytes]]:
    """Return what reads a member, and more than asked for as nothing."""
    def bounded(most: int) -> Optional[bytes]:
        content = read(most + 1)
        return None if len(content) > most else content
    return bounded


def _walk(top: Path) -> Iterator[Entry]:
    """Return all files below a folder; no link is followed.

    What can't be looked into is an entry that can't be taken.
    """
    folders: list[Parts] = [()]
    count = 0
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(top.joinpath(*folder)) as entries:
                for entry in entries:
                    count += 1
                    path = (*folder, entry.name)
                    if count > LIMITS.members:
                        yield _not_taken(path, "there are too many files")
                        return
                    if not entry.is_dir(follow_symlinks=False):
                        yield _file(path, entry)
                    elif len(path) < DEEPEST:
                        folders.append(path)
                    else:
                        yield _not_taken(path, "it lies too deep")
        except OSError as error:
            yield _not_taken(folder or (".",), error.strerror or str(error))


def _not_taken(path: Parts, why: str) -> Entry:
    """Return an entry that can't be taken."""
    return Entry(path, lambda most: None, why)


def _file(path: Parts, entry: os.DirEntry) -> Entry:
    """Return a file, or a link, which is not taken."""
    if entry.is_symlink():
        return _not_taken(path, "it is a link")
    where = Path(entry.path)
    return Entry(path, lambda most: read_untrusted(where, most))
