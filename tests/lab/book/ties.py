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
from typing import Optional, Sequence

from ..program import CHAPTERS
from .markdown import Block

COMMENT = re.compile(r"code: (\S+)(?: /(.+?)/(?:\.\./(.+)/)?)?")
ORDER = ("server", "client", "relay")
Place = tuple[Path, int, int]  # lines of a source: the first, the last


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
    return sorted([*folder.glob("*.[ch]"), *folder.glob("*/*.[ch]")],
                  key=lambda path: (len(path.parts), path.parent, *(
                      path.stem != name for name in ORDER), path.name))


def _quoted(block: Block, sources: Sequence[Path]) -> list[Place]:
    """Return all places where a block stands; a diff, as it is now."""
    wanted = block.text.splitlines()
    if block.info[0] == "diff":
        wanted = [line[1:] for line in wanted if line[:1] in (" ", "+")]
    found = []
    for source in sources:
        has = source.read_text().splitlines()
        found += [(source, at + 1, at + len(wanted)) for at in range(len(has))
                  if has[at:at + len(wanted)] == wanted]
    return found


def _has(line: str, text: str) -> bool:
    """Whether a line has a text; after ^ it must begin with it."""
    return line.startswith(text[1:]) if text[0] == "^" else text in line


def _addressed(source: Path, first: str, last: Optional[str]) -> list[Place]:
    """Return all places that an address means."""
    has = list(enumerate(source.read_text().splitlines(), 1))
    begins = [number for number, text in has if _has(text, first)]
    ends = begins if last is None else [
        next((number for number, text in has if number >= begin
              and _has(text, last)), 0) for begin in begins]
    return [(source, *lines) for lines in zip(begins, ends) if lines[1]]


class Ties:
    """The ties of a chapter's notes, by the line of the block they tie."""

    def __init__(self, blocks: Sequence[Block], name: str, folder: Path
                 ) -> None:
        self.name, self.key = name, folder.name.split("-")[0]
        self.own = programs(folder)
        self.sources = [*self.own, *sorted(CHAPTERS.glob("common/*.[ch]"))]
        self.tops = (folder, CHAPTERS)
        self.near = (folder, CHAPTERS / "common")
        self.by_line: dict[int, list[Tie]] = {}
        self._walk(blocks)

    def all(self) -> list[Tie]:
        """Return all ties in the order of their passages."""
        return [tie for ties in self.by_line.values() for tie in ties]

    def shown(self) -> list[Path]:
        """Return the chapter's own sources, then others that ties lead to."""
        shown = {*self.own, *(tie.source for tie in self.all())}
        return [path for path in self.sources if path in shown]

    def _walk(self, blocks: Sequence[Block]) -> None:
        said: list[re.Match[str]] = []
        for block in [*blocks, None]:
            if block and block.kind == "comment" \
                    and block.text.startswith("code"):
                match = COMMENT.fullmatch(block.text)
                if not match:
                    raise self._untied(block, "write `code: FILE /text/`")
                said.append(match)
            elif block:
                self._tie(block, said)
                said = []
                for item in block.items:
                    self._walk(item)
        if said:
            raise Untied(f"{self.name}: nothing below `{said[0][0]}`")

    def _tie(self, block: Block, said: Sequence[re.Match[str]]) -> None:
        quoted = block.kind == "fence" and block.info[0] in ("c", "diff")
        sources = [] if said else self.sources
        for name, first, last in (match.groups() for match in said):
            path = next((top / name for top in self.tops
                         if top / name in self.sources), None)
            if not path:
                raise self._untied(block, f"no such source: {name}")
            if first:
                self._add(block, _addressed(path, first, last))
            elif quoted:
                sources.append(path)
            else:
                raise self._untied(block, f"where in {name}? Add /text/")
        if quoted and sources:  # a variant in a folder of its own comes last
            first = [path for path in sources if path.parent in self.near]
            self._add(block, _quoted(block, first) or _quoted(block, sources))

    def _add(self, block: Block, places: Sequence[Place]) -> None:
        if len(places) != 1:
            where = ", ".join(f"{path.name}:{first}"
                              for path, first, _ in places)
            raise self._untied(block, "its lines stand in "
                               f"{len(places)} places {where}".rstrip())
        self.by_line.setdefault(block.line, []).append(
            Tie(f"k{self.key}-{len(self.all()) + 1}", *places[0]))

    def _untied(self, block: Block, why: str) -> Untied:
        return Untied(f"{self.name}:{block.line}: {why}")
