"""What a course site gave out: the files in a folder or in an archive.

    with download(place) as entries:
        for entry in entries: ...
"""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Callable, Iterator, Optional, Sequence

from ..judging.untrusted import read_untrusted
from .archive import Limits, Unsafe, is_archive, opened
from .tree import Parts, is_junk, parts

FILE = 256 << 20  # bytes of one file at most
PACKED = 1 << 30  # bytes of an archive that is in another
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
    """Open what was downloaded; raises Unsafe, or OSError."""
    if place.is_dir():
        yield sorted(_walk(place), key=lambda entry: entry.path)
        return
    with place.open("rb") as file, _unpacked(file) as entries:
        yield entries


@contextmanager
def within(archive: Entry) -> Iterator[list[Entry]]:
    """Open an archive that was downloaded in another; raises Unsafe."""
    content = archive.read(PACKED)
    if content is None:
        raise Unsafe(f"{archive.path[-1]} in it can't be read, or has more "
                     f"than {PACKED >> 20:,} MiB: name that archive itself")
    with _unpacked(io.BytesIO(content)) as entries:
        yield entries


@contextmanager
def _unpacked(file: IO[bytes]) -> Iterator[list[Entry]]:
    """Open an archive; raises Unsafe."""
    with opened(file, LIMITS) as members:
        yield [Entry(member.path, _bounded(member.read), member.bad)
               for member in members]


def only_archive(entries: Sequence[Entry]) -> Optional[Entry]:
    """Return the archive that is all there is, but for what systems leave."""
    meant = [entry for entry in entries if not is_junk(entry.path)]
    if len(meant) == 1 and is_archive(meant[0].path[-1]):
        return meant[0]
    return None


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
                        yield _file((*folder, *parts(entry.name)), entry)
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
