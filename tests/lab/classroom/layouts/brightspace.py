"""Brightspace: a folder of an assignment, flat; the newest upload counts.

    12345-67890 - N0123456 - Jane Doe- Nov 29, 2026 1205 PM - server.c
    12345-67890 - Jane Doe - Nov 29, 2026 1205 PM/server.c    in folders

The number of the student may be missing; the site has an index.html.
"""

import re
from datetime import datetime
from typing import Optional, Sequence

from ..download import Entry
from ..tree import Parts
from . import Layout, Place, Placer

UPLOAD = (r"(?P<id>\d+)-\d+ - (?:(?P<login>\S+) - )?(?P<name>.+?)"
          r" ?- (?P<date>[^-]*\d{4}[^-]*?|\d{4}-\d\d-\d\d.*?)")
FOLDER = re.compile(UPLOAD, re.DOTALL)
FILE = re.compile(UPLOAD + r" - (?P<file>.+)", re.DOTALL)
FORMS = ("%b %d %Y %I%M %p", "%B %d %Y %I%M %p", "%d %b %Y %H%M",
         "%d %B %Y %H%M", "%b %d %Y %H%M", "%B %d %Y %H%M")


def _when(date: str) -> str:
    """Return a date that sorts; as it stands where we can't read it."""
    plain = re.sub(r"(\d{1,2})[_:.h](\d\d)", r"\1\2", date.replace(",", ""))
    plain = re.sub(r" (\d{3}( [AP]M)?)$", r" 0\1", plain.strip())
    for form in FORMS:
        try:
            return datetime.strptime(plain, form).strftime("%Y-%m-%d %H:%M")
        except ValueError:
            continue
    return date


def _place(path: Parts) -> Optional[Place]:
    for depth, part in enumerate(path[:-1]):
        fits = FOLDER.fullmatch(part)
        if fits:
            return _placed(fits, path[depth + 1:])
    fits = FILE.fullmatch(path[-1])
    return _placed(fits, (fits["file"],)) if fits else None


def _placed(fits: re.Match, inside: Parts) -> Place:
    """Return the place of what belongs to an upload, by its name."""
    login, name = fits["login"] or "", fits["name"].strip()
    return Place(f"login {login}" if login else f"{fits['id']} {name}",
                 inside, name, fits["id"], login,
                 attempt=_when(fits["date"]))


def _reader(_: Sequence[Entry]) -> Placer:
    return _place


LAYOUT = Layout("brightspace", "Brightspace's download", _reader,
                about=r"index\.html")
