"""How course sites lay out what they let one download: a file each.

Such a file holds one LAYOUT. It is found by being in this folder; most are a
pattern that a file's or a folder's name fits, with the groups of `Place`.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence

from ..download import Entry, download, only_archive, within
from ..tree import Parts, is_junk


@dataclass(frozen=True)
class Place:
    """Whose file it is, and where it belongs in that student's folder.

    Of files with an `attempt` only those of the greatest count; `number`
    tells uploads of one file apart where the site numbers them. `late` is
    yes, no, or "" where the site doesn't say. `who` tells persons apart.
    """

    who: str
    path: Parts
    name: str = ""
    id: str = ""
    login: str = ""
    attempt: str = ""
    number: int = 0
    late: str = ""


Rows = Sequence[Mapping[str, Any]]
Table = tuple[Sequence[str], Sequence[Mapping[str, Any]]]  # columns, rows
Placer = Callable[[Parts], Optional[Place]]


@dataclass(frozen=True)
class Layout:
    """What one site gives out, for which `title` is what people say.

    `reader` looks at all there is and returns what places one file. `about`
    are names of files that tell of the class, and are nobody's. A `general`
    layout is thought of only where no other fits. A site that is `numbered`
    calls the second upload of server.c server-1.c; `handed_in` is how one
    calls whatever was uploaded. `importing` makes the
    table that the site imports of rows, in which stand the manifest's columns,
    the exercises' and the total.
    """

    name: str
    title: str
    reader: Callable[[Sequence[Entry]], Placer]
    about: str = r"\0"
    general: bool = False
    numbered: bool = False
    handed_in: str = r"\0"
    importing: Optional[Callable[[Rows, Sequence[str]], Table]] = None

    def places(self, entries: Sequence[Entry]) -> list[Optional[Place]]:
        """Return each file's place; None for what is no student's."""
        place = self.reader(entries)
        return [None if is_junk(entry.path) or self.tells(entry)
                else place(entry.path) for entry in entries]

    def persons(self, entries: Sequence[Entry]) -> int:
        """Return how many persons the files are of."""
        return len({place.who for place in self.places(entries) if place})

    def tells(self, entry: Entry) -> bool:
        """Whether a file tells of the class."""
        return re.fullmatch(self.about, entry.path[-1]) is not None


def named(pattern: str, folders: bool = True,
          who: Sequence[str] = ("id", "login", "name")
          ) -> Callable[[Sequence[Entry]], Placer]:
    """Return what reads a layout in which a name tells all.

    The first part of a path that fits is taken. The group `file` is how a
    file is called without what the site put before it; what lies below a
    folder stays as it is. `who` are the groups that tell persons apart: the
    first that there is.
    """
    form = re.compile(pattern, re.DOTALL)

    def place(path: Parts) -> Optional[Place]:
        for depth, part in enumerate(path):
            is_file = depth == len(path) - 1
            fits = form.fullmatch(part) if folders or is_file else None
            if not fits:
                continue
            found = {k: v or "" for k, v in fits.groupdict().items()}
            own = found.pop("file", "")
            inside = (*([own] if own else []), *path[depth + 1:])
            if not inside:
                return None
            if "late" in found:
                found["late"] = "yes" if found["late"] else "no"
            found["name"] = found.get("name", "").strip()
            key = next(f"{k} {found[k]}" for k in who if found.get(k))
            return Place(key, inside, **found)
        return None
    return lambda entries: place


def layouts() -> list[Layout]:
    """Return all that there are, by name; general ones last."""
    found = [importlib.import_module(f"{__name__}.{module.name}").LAYOUT
             for module in pkgutil.iter_modules(__path__)]
    return sorted(found, key=lambda layout: (layout.general, layout.name))


@contextmanager
def recognised(place: Path
               ) -> Iterator[tuple[Optional[Layout], list[Entry]]]:
    """Open what was downloaded; yields its layout and its files.

    Where nothing is in it but one archive, and no site packs it so, it is
    that archive. Raises Unsafe, or OSError.
    """
    with ExitStack() as stack:
        entries = stack.enter_context(download(place))
        layout = recognise(entries)
        archive = only_archive(entries)
        if archive and (layout is None or layout.general):
            inside = stack.enter_context(within(archive))
            fits = recognise(inside)
            if fits and (not fits.general or fits.persons(inside) > 1):
                layout, entries = fits, inside
        yield layout, entries


def recognise(entries: Sequence[Entry]) -> Optional[Layout]:
    """Return the layout that fits more than half of the files, and the most.
    """
    best, most = None, 0
    for layout in layouts():
        if layout.general and best:
            break
        files = [entry for entry in entries
                 if not is_junk(entry.path) and not layout.tells(entry)]
        fit = sum(place is not None for place in layout.places(entries))
        if 2 * fit > len(files) and fit > most:
            best, most = layout, fit
    return best
