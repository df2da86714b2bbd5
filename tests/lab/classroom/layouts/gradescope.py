"""Gradescope: "Export Submissions".

    assignment_1_export/submission_123/server.c
    assignment_1_export/submission_metadata.yml

The second says who that is. It is YAML as Gradescope writes it, of which only
what is needed here is read:

    submission_123:
      :submitters:
      - :name: Jane Doe
        :sid: '4711'
        :email: jane@example.edu
"""

import json
import re
from typing import Optional, Sequence

from ..download import Entry
from ..tree import Parts
from . import Layout, Place, Placer

FOLDER = re.compile(r"submission_(\d+)")
ABOUT = "submission_metadata.yml"
MOST = 1 << 24  # bytes of it
WANTED = re.compile(r"(?:- |  ):(name|sid|email):(?: (.*))?")


def _text(value: str) -> str:
    """Return a YAML scalar as a text."""
    value = value.strip()
    if value[:1] == value[-1:] == "'" and len(value) > 1:
        return value[1:-1].replace("''", "'")
    if value[:1] == '"':
        try:
            # YAML's \xNN is not JSON's.
            return str(json.loads(re.sub(r"\\x(..)", r"\\u00\1", value)))
        except ValueError:
            return value.strip('"')
    return "" if value in ("null", "~") else value


def people(metadata: str) -> dict[str, list[dict[str, str]]]:
    """Return who submitted, by the submission's folder."""
    found: dict[str, list[dict[str, str]]] = {}
    inside: list[dict[str, str]] = []
    here = False
    for line in metadata.splitlines():
        if FOLDER.fullmatch(line.rstrip().rstrip(":")):
            inside = found.setdefault(line.rstrip().rstrip(":"), [])
            here = False
        elif re.match(r"  :\w+:", line):
            here = line.startswith("  :submitters:")
        elif here:
            told = WANTED.match(line[2:] if line.startswith("  ") else line)
            if told and line.lstrip().startswith("- "):
                inside.append({})
            if told and inside:
                inside[-1][told[1]] = _text(told[2] or "")
    return found


def _reader(entries: Sequence[Entry]) -> Placer:
    about = [entry for entry in entries if entry.path[-1] == ABOUT
             and not entry.bad]
    known = people("\n".join((entry.read(MOST) or b"").decode(
        errors="replace") for entry in about))

    def place(path: Parts) -> Optional[Place]:
        for depth, part in enumerate(path[:-1]):
            fits = FOLDER.fullmatch(part)
            if fits and about:
                who = known.get(part, [])

                def all_of(what: str) -> str:
                    return ", ".join(filter(None, (
                        one.get(what, "") for one in who)))
                return Place(
                    all_of("email") or all_of("sid") or part,
                    path[depth + 1:], all_of("name"),
                    all_of("sid") or fits[1], all_of("email"))
        return None
    return place


LAYOUT = Layout("gradescope", "Gradescope's export", _reader,
                about=re.escape(ABOUT))
