"""make handout: the kit as students get it, without an answer in it."""

from __future__ import annotations

import io
import os
import sys
import tarfile
from pathlib import Path
from typing import Iterator

from ..judges import STARTERS
from ..program import ROOT

NAME = "half-close"
# What is packed is named, lest a folder of submissions goes out with it.
PACKED = ("Makefile", "README.md", "LICENSE", ".gitignore", ".clang-format",
          ".editorconfig", "chapters", "exercises", "tests")
KEPT_BACK = ("tests/wrong", "tests/right", "tests/attacks", "tests/.venv",
             "tests/.built",
             "tests/test_walls.py", "tests/test_grader.py",
             "tests/test_hand_ins.py", "tests/test_collect.py",
             "tests/test_gradebook.py", "tests/test_instructor.py",
             "tests/test_course_sites.py")
SUFFIXES = (".c", ".h", ".py", ".md", ".svg", "")
BUILT = ("server", "client")


def _sources(root: Path) -> Iterator[Path]:
    """Return what the kit is made of, as names below its top."""
    for name in PACKED:
        top = root / name
        for place in sorted([top, *top.rglob("*")]):
            inside = place.relative_to(root)
            if (place.is_file() and not place.is_symlink()
                    and place.suffix in SUFFIXES + (name,)
                    and place.name not in BUILT
                    and not place.name.startswith(".progress")
                    and "__pycache__" not in inside.parts
                    and not any(Path(kept) in (inside, *inside.parents)
                                for kept in KEPT_BACK)):
                yield inside


def contents(root: Path = ROOT) -> dict[str, bytes]:
    """Return the files of a handout: exercises as they are begun."""
    files = {str(inside): (root / inside).read_bytes()
             for inside in _sources(root)
             if inside.parts[0] != "exercises" or inside.suffix == ".md"}
    for starter in sorted(STARTERS.glob("*/*")):
        files[f"exercises/{starter.parent.name}/{starter.name}"] = \
            starter.read_bytes()
    return files


def packed(place: Path, files: dict[str, bytes]) -> None:
    """Write an archive, in which everything lies in one folder."""
    with tarfile.open(place, "w:gz") as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(f"{NAME}/{name}")
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))


def main(_: list[str]) -> int:
    """handout: beside the kit, or where OUT says."""
    place = Path(os.environ.get("OUT")
                 or ROOT.parent / f"{NAME}-handout.tar.gz")
    if place.suffix != ".gz":
        print(f"handout: OUT={place}: call it something.tar.gz",
              file=sys.stderr)
        return 2
    files = contents()
    packed(place, files)
    print(f"{place}: {len(files)} files, no answers")
    return 0
