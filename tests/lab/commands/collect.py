"""make collect: turn what a course site gave out into a folder a student.

FROM is a folder or an archive, which stays as it is; INTO is made. EXERCISE,
such as 01, says which exercise it was if it was one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Mapping

from .. import printable
from ..classroom import collect, layouts
from ..classroom.archive import Unsafe
from ..classroom.manifest import NAME, Damaged
from ..judges import exercise
from .asked import UsageError


def _places(environ: Mapping[str, str]) -> tuple[Path, Path]:
    """Return where it comes from and where it goes; raises UsageError."""
    for word in ("FROM", "INTO"):
        if not environ.get(word):
            raise UsageError(f"{word}= is missing: make collect FROM=download "
                             "INTO=folder")
    source = Path(environ["FROM"]).resolve()
    into = Path(environ["INTO"]).resolve()
    if not source.exists():
        raise UsageError(f"FROM={source}: there is no such file or folder")
    if into == source or source in into.parents:
        raise UsageError(f"INTO={into} lies in FROM, which is left as it is: "
                         "name another folder")
    return source, into


def _counted(number: int, what: str) -> str:
    """Return how many of what there are."""
    return f"{number} {what}" + "s" * (number != 1)


def run(environ: Mapping[str, str]) -> int:
    """Collect as the environment says; raises UsageError and its kind."""
    source, into = _places(environ)
    word = environ.get("EXERCISE", "")
    name = exercise(word).name if word else ""
    with layouts.recognised(source) as (layout, entries):
        if layout is None:
            raise UsageError(
                f"FROM={source}: no layout fits more than half of its "
                f"{len(entries)} files; there are "
                + ", ".join(known.title for known in layouts.layouts()))
        found = collect.collect(entries, layout, into, name)
    for file, why in found.unplaced:
        print(f"not placed: {printable.line(file)}: {printable.line(why)}",
              file=sys.stderr)
    if layout.general and len(found.rows) == 1:
        print("collect: all of it is taken for one student's, "
              f"{found.rows[0].folder}: if that is a class, make a folder for "
              "each student in it", file=sys.stderr)
    said = [f"{layout.title}: {_counted(len(found.rows), 'student')}, "
            f"{_counted(found.files, 'file')}",
            f"{len(found.unplaced)} not placed",
            f"{found.junk} left by systems or editors not taken"]
    if found.replaced:
        said.append(f"{found.replaced} replaced, and kept beside it")
    print(f"{'; '.join(said)}\n{into / NAME}")
    return 0


def main(_: list[str]) -> int:
    """collect: 2 for a wrong command line, or a layout that nobody knows."""
    try:
        return run(os.environ)
    except (UsageError, Damaged) as error:
        print(f"collect: {printable.text(str(error))}", file=sys.stderr)
        return 2
    except Unsafe as error:
        print(f"collect: FROM={os.environ['FROM']} is not unpacked: "
              f"{printable.text(str(error))}; unpack it yourself, and name "
              "the folder in FROM", file=sys.stderr)
        return 1
