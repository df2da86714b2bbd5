"""Which lines of which source a passage of the notes talks about.

A quoted block (`c`, `diff`) finds its lines by itself. Any other block is tied
by a comment before it, which GitHub doesn't show; so is a block whose lines
stand in two places:

    <!-- code: server.c /shutdown(/../SHUT_WR/ -->
    <!-- code: common/net.c /^write_all/ -->
    <!-- code: naive-server.c -->

The first is from the one line that holds the first text to the next line that
holds the second, the second is the one line that begins with it, the third
says in which file the block below is quoted from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator

from ..program import CHAPTERS
from .markdown import Block, Blocks, Broken

COMMENT = re.compile(r"code: (\S+)(?: /(.+?)/(?:\.\./(.+)/)?)?")
ORDER = ("server", "client", "relay")
Place = tuple[str, int, int]  # lines of a source: the first, the last


@dataclass(frozen=True)
class Tie:
    """Lines `first` to `last` of a source, from 1, and the tie's own name."""

    name: str
    source: str
    first: int
    last: int


def sources(folder: Path) -> dict[str, Path]:
    """Return the sources that a chapter can show, by their names there.

    Its own come first: the servers, the clients, the rest, those in folders of
    their own. What all chapters share follows.
    """
    own = sorted([*folder.glob("*.[ch]"), *folder.glob("*/*.[ch]")],
                 key=lambda path: (len(path.parts), path.parent, *(
                     path.stem != name for name in ORDER), path.name))
    shared = sorted(CHAPTERS.glob("common/*.[ch]"))
    return {**{str(path.relative_to(folder)): path for path in own},
            **{str(path.relative_to(CHAPTERS)): path for path in shared}}


def _has(line: str, text: str) -> bool:
    """Whether a line has a text; after ^ it must begin with it."""
    return line.startswith(text[1:]) if text[0] == "^" else text in line


class Ties:
    """The ties of a chapter's notes, by the line of the block they tie."""

    def __init__(self, blocks: Blocks, page: str, folder: Path) -> None:
        self.page, self.key = page, folder.name.split("-")[0]
        self.lines = {name: path.read_text().splitlines()
                      for name, path in sources(folder).items()}
        self.by_line: dict[int, list[Tie]] = {}
        self._walk(blocks)

    def all(self) -> list[Tie]:
        """Return all ties in the order of their passages."""
        return [tie for ties in self.by_line.values() for tie in ties]

    def _walk(self, blocks: Blocks) -> None:
        said: list[Block] = []
        for block in blocks:
            if block.kind == "comment" and block.text.startswith("code"):
                said.append(block)
                continue
            for places in self._meant(block, said):
                if len(places) != 1:
                    raise Broken(self.page, block.line, "its lines stand in "
                                 f"{len(places)} places: {places}")
                name = f"k{self.key}-{len(self.all()) + 1}"
                self.by_line.setdefault(block.line, []).append(
                    Tie(name, *places[0]))
            said = []
            for item in block.items:
                self._walk(item)
        if said:
            raise Broken(self.page, said[0].line, "nothing is below this")

    def _meant(self, block: Block, said: Blocks) -> Iterator[list[Place]]:
        """Return, of each tie of a block, all places that can be meant."""
        quoted = block.kind == "fence" and block.info[0] in ("c", "diff")
        if quoted and not said:
            yield self._quoted(block, self.lines)
        for comment in said:
            match = COMMENT.fullmatch(comment.text)
            if not match or match[1] not in self.lines \
                    or not (match[2] or quoted):
                raise Broken(self.page, comment.line, "not the form `code: "
                             f"FILE /text/`, or no source: {comment.text}")
            name, first, last = match.groups()
            yield self._addressed(name, first, last or first) if first \
                else self._quoted(block, [name])

    def _quoted(self, block: Block, names: Iterable[str]) -> list[Place]:
        """Return where a block stands; in a variant, if only there."""
        wanted = block.text.splitlines()
        if block.info[0] == "diff":
            wanted = [line[1:] for line in wanted if line[:1] in (" ", "+")]
        found = [(name, at + 1, at + len(wanted)) for name in names
                 for at in range(len(self.lines[name]))
                 if self.lines[name][at:at + len(wanted)] == wanted]
        return [place for place in found
                if "/" not in place[0].replace("common/", "")] or found

    def _addressed(self, name: str, first: str, last: str) -> list[Place]:
        """Return all places that an address means."""
        has = list(enumerate(self.lines[name], 1))
        found = [(begin, next((end for end, text in has[begin - 1:]
                               if _has(text, last)), 0))
                 for begin, text in has if _has(text, first)]
        return [(name, begin, end) for begin, end in found if end]
