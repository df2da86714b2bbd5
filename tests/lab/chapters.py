"""What each chapter's programs can do: facts that stand here, and only here.

A test that holds from some chapter on asks `since(NUMBER)`, and so meets every
chapter that comes later by its being there. The chapters of the main line
build on one another. An aside starts from one chapter, and nothing starts from
the aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from . import program

ASIDES = {"04": "03", "09": "08", "11": "05", "15": "03"}  # from where

PATIENT = "06"         # takes SECONDS
ANNOUNCES = "07"       # the server says the length first, the thanks name it
MANY = ("10", "12", "13", "14")  # the server serves until SIGTERM


@dataclass(frozen=True)
class Way:
    """One of several ways to run a chapter.

    Which `server` is built, and what words are added to its command line;
    and which `relay` stands between it and the client, "" for none.
    """

    name: str = ""
    server: str = "server.c"
    extra: tuple[str, ...] = ()
    relay: str = ""


def _words(*words: str) -> tuple[Way, ...]:
    return tuple(Way(word, extra=(word,)) for word in words)


WAYS = {
    "04": _words("rd", "wr", "rdwr"),
    "09": _words("off", "on", "zero"),
    "11": _words("one", "dup", "shutdown"),
    "13": (Way("naive", relay="naive-relay.c"), Way(relay="relay.c")),
    "14": (Way(relay="relay.c"), Way("direct")),
    "15": (Way("naive", "naive-server.c"), Way("half-close")),
}
# The way that is a chapter's row there.
IN_THE_MATRIX = {"04": "wr", "09": "on", "11": "shutdown"}


def number(folder: Path) -> str:
    """Return the number of a chapter's folder, "05"."""
    return folder.name.split("-")[0]


def began_as(folder: Path, source: Path) -> Optional[Path]:
    """Return the file that a chapter's source began as a copy of.

    It is the naive one beside it, or the same file in the chapter that this
    one starts from.
    """
    earlier = [one for one in program.chapters() if one < folder
               and number(one) == ASIDES.get(number(folder), number(one))
               and number(one) not in ASIDES]
    tried = [source.with_name(f"naive-{source.name}")]
    if earlier and folder in source.parents:
        tried.append(earlier[-1] / source.relative_to(folder))
    return next((path for path in tried if path.exists()), None)


def ways(folder: Path) -> tuple[Way, ...]:
    """Return all ways to run a chapter; most have one, without a name."""
    return WAYS.get(number(folder), (Way(),))


def way_in_the_matrix(folder: Path) -> Way:
    """Return the way that a chapter's row of the matrix is measured in."""
    asked = IN_THE_MATRIX.get(number(folder), "")
    return next(way for way in ways(folder) if way.name == asked)


def builds_on(later: str, earlier: str) -> bool:
    """Whether chapter `later` is, or builds on, chapter `earlier`.

    What an earlier chapter has dealt with, all that build on it deal with.
    """
    while later != earlier and later in ASIDES:
        later = ASIDES[later]
    return later == earlier or (earlier not in ASIDES and earlier < later)


def is_pair(folder: Path) -> bool:
    """Whether a folder has a POSIX server and client."""
    return all((folder / name).exists()
               and not program.for_windows(folder / name)
               for name in ("server.c", "client.c"))


def pairs() -> list[Path]:
    """Return the chapters that have a POSIX server and client, in order."""
    return [folder for folder in program.chapters() if is_pair(folder)]


def since(earlier: str) -> list[str]:
    """Return the numbers of the pairs that build on a chapter, in order."""
    return [number(folder) for folder in pairs()
            if builds_on(number(folder), earlier)]


def editions(source: str, first: str) -> list[str]:
    """Return the chapters in which a source is another than before.

    Of the main line from `first` on; what `first` promises, all of them do.
    """
    found: list[str] = []
    last = b""
    for folder in program.chapters():
        here = folder / source
        if here.exists() and number(folder) not in ASIDES \
                and builds_on(number(folder), first) \
                and here.read_bytes() != last:
            found.append(number(folder))
            last = here.read_bytes()
    return found


def serving_one(earlier: str) -> list[str]:
    """Return those of `since(earlier)` whose server ends after one client.

    Without the asides, which may have given something up.
    """
    return [number for number in since(earlier)
            if number not in ASIDES and number not in MANY]


def before(later: str) -> list[str]:
    """Return the numbers of the pairs that don't build on a chapter."""
    known = since(later)
    return [number(folder) for folder in pairs()
            if number(folder) not in known]
