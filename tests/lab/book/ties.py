"""Which lines of which source a passage of the notes talks about.

A quoted block (`c`, `diff`) finds its lines by itself. Any other block is tied
by a comment before it, which GitHub doesn't show; so is a block whose lines
stand in two places:

    <!-- code: server.c /shutdown(/../SHUT_WR/ -->
    <!-- code: common/net.c /write_all/ -->
    <!-- code: naive-server.c -->

The first is from the one line that holds the first text to the next line that
holds the second, the second is the one line that holds it, the third says in
which file the block below is quoted from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional

from ..program import CHAPTERS
from .markdown import Block, Page

COMMENT = re.compile(r"code: (\S+)(?: /(.+?)/(?:\.\./(.+)/)?)?")
QUOTED = ("c", "diff")


class Untied(Exception):
    """A passage's lines are not there, or not only there: file:line: why."""


@dataclass(frozen=True)
class Tie:
    """Lines `first` to `last` of a source, from 1, and the tie's own name."""

    name: str
    source: Path
    first: int
    last: int


def programs(folder: Path) -> list[Path]:
    """Return a chapter's own sources: the servers, the clients, the rest."""
    own = [*folder.glob("*.[ch]"), *folder.glob("*/*.[ch]")]
    order = ("server", "client", "relay")
    return sorted(own, key=lambda path: (
        len(path.relative_to(folder).parts),
        *(path.stem != name for name in order), path.name))


def shared() -> list[Path]:
    """Return what chapters have in common."""
    return sorted(CHAPTERS.glob("common/*.[ch]"))


def _new_side(block: Block) -> list[str]:
    """Return the lines that a quoted block shows as they are now."""
    quoted = block.text.splitlines()
    if block.info[0] == "diff":
        return [line[1:] for line in quoted if line[:1] in (" ", "+")]
    return quoted


def _quoted(block: Block, sources: list[Path]) -> list[tuple[Path, int, int]]:
    """Return all places where a quoted block stands."""
    wanted = _new_side(block)
    found = []
    for source in sources:
        has = source.read_text().splitlines()
        found += [(source, at + 1, at + len(wanted))
                  for at in range(len(has) - len(wanted) + 1)
                  if has[at:at + len(wanted)] == wanted]
    return found


def _addressed(source: Path, first: str, last: Optional[str]
               ) -> list[tuple[Path, int, int]]:
    """Return all places that an address means."""
    has = source.read_text().splitlines()
    found = []
    for begin, line in enumerate(has, 1):
        if first in line:
            end = begin if last is None else next(
                (number for number, text in enumerate(has, 1)
                 if number >= begin and last in text), 0)
            found += [(source, begin, end)] if end else []
    return found


class Ties:
    """The ties of a chapter's notes, by the block that each belongs to."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page, self.folder = page, folder
        self.number = folder.name.split("-")[0]
        self.by_line: dict[int, list[Tie]] = {}
        self._walk(page.blocks)

    def all(self) -> Iterator[Tie]:
        """Return all ties in the order of their passages."""
        for ties in self.by_line.values():
            yield from ties

    def sources(self) -> list[Path]:
        """Return the chapter's own sources, then others that ties lead to."""
        own = programs(self.folder)
        return own + [path for path in shared() if any(
            tie.source == path for tie in self.all())]

    def _walk(self, blocks: tuple[Block, ...]) -> None:
        said: list[re.Match[str]] = []
        for block in blocks:
            comment = block.kind == "comment" and block.text.startswith("code")
            if comment:
                match = COMMENT.fullmatch(block.text)
                if not match:
                    raise self._untied(block, "not `code: FILE /text/`")
                said.append(match)
                continue
            self._tie(block, said)
            said = []
            self._walk(block.children)
            for item in block.items:
                self._walk(item)
        if said:
            raise Untied(f"{self.page.name}: a tie with nothing below it: "
                         f"{said[0][0]}")

    def _tie(self, block: Block, said: list[re.Match[str]]) -> None:
        quoted = block.kind == "fence" and block.info[0] in QUOTED
        named = [self._file(block, match[1]) for match in said
                 if not match[2]]
        for match in said:
            if match[2]:
                self._add(block, _addressed(self._file(block, match[1]),
                                            match[2], match[3]), match[0])
        if quoted and (named or not said):
            self._add(block, _quoted(block, named or [
                *programs(self.folder), *shared()]), "the quoted block")
        elif named:
            raise self._untied(block, "a tie without /text/ needs a block of "
                               "code below it")

    def _file(self, block: Block, name: str) -> Path:
        for path in (self.folder / name, CHAPTERS / name):
            if path.resolve() in [*programs(self.folder), *shared()]:
                return path.resolve()
        raise self._untied(block, f"no such source: {name}")

    def _add(self, block: Block, places: list[tuple[Path, int, int]],
             what: str) -> None:
        if len(places) != 1:
            where = ", ".join(f"{path.name}:{first}"
                              for path, first, _ in places)
            raise self._untied(block, f"{what} stands in {len(places)} places"
                               + (f": {where}" if where else ""))
        here = self.by_line.setdefault(block.line, [])
        count = sum(map(len, self.by_line.values())) + 1
        here.append(Tie(f"k{self.number}-{count}", *places[0]))

    def _untied(self, block: Block, why: str) -> Untied:
        return Untied(f"{self.page.name}:{block.line}: {why}")
