"""No site: one folder, or one archive, a student already.

    Jane Doe/01-return-the-thanks/server.c
    Jane Doe.zip

Nobody is called as an exercise is, or a folder of the kit: those are in the
folder of one student.
Folders around the whole class are left out: all that hold nothing but one
another, where two or more in the innermost have a source or an archive.
"""

import os
from typing import Optional, Sequence

from ...judges import exercises
from ..archive import OTHERS, is_archive, stem
from ..download import Entry
from ..sources import KIT
from ..tree import Parts, is_junk
from . import Layout, Place, Placer


def _packed(name: str) -> bool:
    """Whether that is an archive, be it one that is read or not."""
    return is_archive(name) or name.casefold().endswith(OTHERS)


def _around(paths: Sequence[Parts], nobody: set[str]) -> int:
    """Return how many folders are around the whole class."""
    shared = len(os.path.commonprefix([path[:-1] for path in paths]))
    students = {path[shared] for path in paths
                if _packed(path[-1]) or path[-1].casefold().endswith(".c")
                and len(path) > shared + 1}
    if len(students) > 1 and not students & nobody:
        return shared
    return int(shared > 0 and any(len(path) > 2 for path in paths))


def _reader(entries: Sequence[Entry]) -> Placer:
    nobody = {"exercises", *KIT, *(folder.name for folder in exercises())}
    around = _around([entry.path for entry in entries
                      if not is_junk(entry.path)], nobody)

    def place(path: Parts) -> Optional[Place]:
        inside = path[around:]
        if len(inside) > 1 and inside[0] not in nobody:
            return Place(f"folder {inside[0]}", inside[1:], inside[0])
        if inside and _packed(inside[0]):
            return Place(f"folder {stem(inside[0])}", inside,
                         stem(inside[0]))
        return None
    return place


LAYOUT = Layout("folders", "a folder a student", _reader, general=True)
