"""No site: one folder, or one archive, a student already.

    Jane Doe/01-return-the-thanks/server.c
    Jane Doe.zip

Nobody is called as an exercise is: those are in the folder of one student.
"""

from typing import Optional, Sequence

from ...judges import exercises
from ..archive import is_archive, stem
from ..download import Entry
from ..tree import Parts
from . import Layout, Place, Placer


def _reader(entries: Sequence[Entry]) -> Placer:
    tops = {entry.path[0] for entry in entries}
    nobody = {"exercises", *(folder.name for folder in exercises())}
    around = 1 if len(tops) == 1 and any(len(entry.path) > 2
                                         for entry in entries) else 0

    def place(path: Parts) -> Optional[Place]:
        inside = path[around:]
        if len(inside) > 1 and inside[0] not in nobody:
            return Place(f"folder {inside[0]}", inside[1:], inside[0])
        if inside and is_archive(inside[0]):
            return Place(f"folder {stem(inside[0])}", inside,
                         stem(inside[0]))
        return None
    return place


LAYOUT = Layout("folders", "a folder a student", _reader, general=True)
