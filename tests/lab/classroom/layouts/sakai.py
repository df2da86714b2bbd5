"""Sakai: "Download All" of an assignment.

    Doe, Jane(jdoe)/Submission attachment(s)/server.c
    Doe, Jane(jdoe)/timestamp.txt
    grades.csv
"""

import re
from typing import Optional, Sequence

from ..download import Entry
from ..tree import Parts
from . import Layout, Place, Placer

PERSON = re.compile(r"(?P<name>.+)\((?P<login>[^()]+)\)")
ATTACHED = "Submission attachment(s)"


def _reader(entries: Sequence[Entry]) -> Placer:
    if not any(ATTACHED in entry.path for entry in entries):
        return lambda path: None

    def place(path: Parts) -> Optional[Place]:
        for depth, part in enumerate(path[:-1]):
            fits = PERSON.fullmatch(part)
            if fits and part != ATTACHED:
                inside = path[depth + 1:]
                if inside[0] == ATTACHED and len(inside) > 1:
                    inside = inside[1:]
                return Place(f"login {fits['login']}", inside,
                             fits["name"].strip(), login=fits["login"])
        return None
    return place


LAYOUT = Layout("sakai", "Sakai's download", _reader,
                about=r"grades\.(csv|xls|xlsx)")
