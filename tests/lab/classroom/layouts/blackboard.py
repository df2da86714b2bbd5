"""Blackboard: "Assignment File Download", flat; the newest attempt counts.

    Homework 1_jdoe_attempt_2026-11-29-12-30-45_server.c
    Homework 1_jdoe_attempt_2026-11-29-12-30-45.txt

The text begins with `Name: Jane Doe (jdoe)`, which is asked first: a login
may hold what separates it here.
"""

import re
from typing import Optional, Sequence

from ..download import Entry
from ..tree import Parts
from . import Layout, Place, Placer

FILE = re.compile(r"(?P<head>.+)_attempt_(?P<attempt>\d[\d-]{7,})"
                  r"(?:_(?P<file>.+)|\.txt)", re.DOTALL)
NAME = re.compile(r"Name: (?P<name>.*) \((?P<login>[^()\r\n]+)\)")
MOST = 1 << 16  # bytes of a text


def _reader(entries: Sequence[Entry]) -> Placer:
    people = {}
    for entry in entries:
        fits = FILE.fullmatch(entry.path[-1])
        if fits and not fits["file"] and not entry.bad:
            said = (entry.read(MOST) or b"").decode(errors="replace")
            told = NAME.search(said)
            if told:
                people[fits["head"]] = told["name"], told["login"]

    def place(path: Parts) -> Optional[Place]:
        fits = FILE.fullmatch(path[-1])
        if not fits or "_" not in fits["head"]:
            return None
        name, login = people.get(
            fits["head"], ("", fits["head"].rsplit("_", 1)[1]))
        # Without a text it isn't sure where the login begins.
        who = f"login {login}" if name else fits["head"]
        return Place(who, (fits["file"] or "submission.txt",),
                     name, login=login, attempt=fits["attempt"])
    return place


LAYOUT = Layout("blackboard", "Blackboard's download", _reader)
