"""A page's Markdown as blocks.

    page = read(text, "chapters/03-half-close/README.md")
    for block in page.everything(): ...

It reads what our pages are written in: headings of three levels, paragraphs,
fences, pipe tables, lists with indented blocks, `details`, comments, indented
code, references. Anything else raises Unknown, with the file and the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Iterator

from .inline import Refused, Span, label, spans

Line = tuple[int, str]  # its number in the file, from 1, and its text

HEADING = re.compile(r"(#{1,3}) (\S.*)")
FENCE = re.compile(r"```(\w+)((?: \w+=[\w-]+)*)")
ITEM = re.compile(r"(?:(-)|(\d{1,9})\.)( +)(?=\S)")
REFERENCE = re.compile(r"\[([^\[\]]+)\]: (\S+)")
DETAILS = re.compile(r"<details><summary>(.+)</summary>")
COMMENT = re.compile(r"<!-- (.*?) -->")
DASHES = re.compile(r"\|(?: *:?-+:? *\|)+")
CELL_BORDER = re.compile(r"(?<!\\)\|")
# What would begin a block of its own at GitHub, and not here.
ELSEWHERE = re.compile(
    r"#{4,6} |#+$|>|~~~|```|[*+] |- *$|(?:[-*_] *){3,}$|=+ *$|<[a-zA-Z/!?]"
    r"|\d+\) |\t| {1,3}\S")
# What would end a paragraph there, though no blank line stands before it.
INTERRUPTS = re.compile(r"#{1,6} |```|~~~|>|[-*+] +\S|1[.)] +\S|<[a-zA-Z/!?]"
                        r"|(?:[-*_] *){3,}$|=+ *$|\|")


class Unknown(Exception):
    """A construct that is none of ours; the text begins with file:line."""


@dataclass(frozen=True)
class Block:
    """A block of a page and the line that it begins in.

    `kind` is heading, paragraph, fence, code (indented), table, list, details
    or comment. `text` is that of fence, code and comment as it stands; `spans`
    are a heading's, paragraph's or summary's. `info` are a fence's words.
    `level` is a heading's. `children` are a details' blocks, `items` those of
    a list, item by item; `start` is its first number, 0 with bullets; it is
    `loose` if GitHub sets its items apart. `rows` are a table's cells, its
    head first.
    """

    kind: str
    line: int
    text: str = ""
    spans: tuple[Span, ...] = ()
    info: tuple[str, ...] = ()
    level: int = 0
    start: int = 0
    loose: bool = False
    children: tuple["Block", ...] = ()
    items: tuple[tuple["Block", ...], ...] = ()
    rows: tuple[tuple[tuple[Span, ...], ...], ...] = ()

    def inside(self) -> Iterator["Block"]:
        """Return all blocks within this one, in their order."""
        for block in (*self.children, *(b for i in self.items for b in i)):
            yield block
            yield from block.inside()


@dataclass(frozen=True)
class Page:
    """A page: its name and its blocks."""

    name: str
    blocks: tuple[Block, ...]

    def everything(self) -> Iterator[Block]:
        """Return all blocks, those within others too, in their order."""
        for block in self.blocks:
            yield block
            yield from block.inside()


class _Reader:
    """What is known of a page while it is read."""

    def __init__(self, name: str, lines: list[Line]) -> None:
        self.name = name
        self.references: dict[str, str] = {}
        fenced = False
        for _, text in lines:
            fenced ^= text.lstrip().startswith("```")
            match = REFERENCE.fullmatch(text.strip())
            if match and not fenced:
                self.references.setdefault(label(match[1]), match[2])

    def unknown(self, line: int, what: str) -> Unknown:
        return Unknown(f"{self.name}:{line}: {what}")

    def spans(self, line: int, text: str) -> tuple[Span, ...]:
        try:
            return spans(text, self.references)
        except Refused as error:
            raise self.unknown(line, f"{error} (not used in our pages)") \
                from None

    def blocks(self, lines: list[Line]) -> tuple[Block, ...]:
        """Read the blocks of lines from which the indent is taken."""
        found: list[Block] = []
        rest = lines
        while rest:
            block, taken = self.block(rest)
            if block:
                found.append(block)
            rest = rest[taken:]
        return tuple(found)

    def block(self, lines: list[Line]) -> tuple[Block | None, int]:
        """Read what begins in the first line; return how many lines it has."""
        number, text = lines[0]
        if not text or REFERENCE.fullmatch(text):
            return None, 1
        heading, comment = HEADING.fullmatch(text), COMMENT.fullmatch(text)
        if heading:
            return Block("heading", number, level=len(heading[1]),
                         spans=self.spans(number, heading[2])), 1
        if comment:
            return Block("comment", number, comment[1]), 1
        for begins, does in ((FENCE.fullmatch, self.fence),
                             (DETAILS.fullmatch, self.details),
                             (ITEM.match, self.list)):
            if begins(text):
                return does(lines)
        if text.startswith("    "):
            return self.indented(lines)
        if text.startswith("|"):
            return self.table(lines)
        if ELSEWHERE.match(text):
            raise self.unknown(number, f"our pages have no {text.split()[0]!r}"
                               " at the beginning of a line")
        return self.paragraph(lines)

    def fence(self, lines: list[Line]) -> tuple[Block, int]:
        number, text = lines[0]
        match = FENCE.fullmatch(text)
        assert match
        for taken, (_, inner) in enumerate(lines[1:], 2):
            if inner == "```":
                words = "".join(f"{t}\n" for _, t in lines[1:taken - 1])
                return Block("fence", number, words,
                             info=(match[1], *match[2].split())), taken
        raise self.unknown(number, "a fence that is never closed")

    def details(self, lines: list[Line]) -> tuple[Block, int]:
        number, text = lines[0]
        match = DETAILS.fullmatch(text)
        assert match
        depth = 0
        for taken, (_, inner) in enumerate(lines, 1):
            depth += bool(DETAILS.fullmatch(inner)) - (inner == "</details>")
            if depth == 0:
                body = lines[1:taken - 1]
                if len(body) < 3 or body[0][1] or body[-1][1]:
                    raise self.unknown(number, "details need a blank line "
                                       "after <summary> and before the end")
                return Block("details", number,
                             spans=self.spans(number, match[1]),
                             children=self.blocks(body)), taken
        raise self.unknown(number, "details without an end")

    def list(self, lines: list[Line]) -> tuple[Block, int]:
        first = ITEM.match(lines[0][1])
        assert first
        items: list[tuple[Block, ...]] = []
        taken, loose = 0, False
        while taken < len(lines):
            match = ITEM.match(lines[taken][1])
            if not match or bool(match[1]) != bool(first[1]):
                break
            inner, used = self.item(lines[taken:], match.end())
            loose |= bool(items) and not lines[taken - 1][1]
            items.append(self.blocks(inner))
            loose |= self.set_apart(inner, items[-1])
            taken += used
        return Block("list", lines[0][0], start=int(first[2] or 0),
                     loose=loose, items=tuple(items)), taken

    def item(self, lines: list[Line], indent: int) -> tuple[list[Line], int]:
        """Return an item's lines without their indent, and how many it has.

        Blank lines at its end count, so that the next item begins after them.
        """
        inner = [(lines[0][0], lines[0][1][indent:])]
        for number, text in lines[1:]:
            if text.startswith(" " * indent):
                inner.append((number, text[indent:]))
            elif not text:
                inner.append((number, ""))
            elif ITEM.match(text) or not inner[-1][1]:
                break
            else:
                raise self.unknown(number, "this line goes on in a list, and "
                                   f"is not indented by {indent} spaces")
        used = len(inner)
        while not inner[-1][1]:
            inner.pop()
        return inner, used

    def set_apart(self, inner: list[Line], blocks: tuple[Block, ...]) -> bool:
        """Whether a blank line stands between two blocks of an item."""
        starts = {block.line for block in blocks[1:]}
        return any(not before[1] and after[0] in starts
                   for before, after in zip(inner, inner[1:]))

    def indented(self, lines: list[Line]) -> tuple[Block, int]:
        taken = 0
        for at, (_, text) in enumerate(lines, 1):
            if text.startswith("    "):
                taken = at
            elif text:
                break
        words = "".join(f"{text[4:]}\n" for _, text in lines[:taken])
        return Block("code", lines[0][0], words), taken

    def table(self, lines: list[Line]) -> tuple[Block, int]:
        taken = next((at for at, (_, text) in enumerate(lines)
                      if not text.startswith("|")), len(lines))
        number = lines[0][0]
        if taken < 2 or not DASHES.fullmatch(lines[1][1]):
            raise self.unknown(number, "a table needs a line of |---| second")
        rows = []
        for line, text in (lines[0], *lines[2:taken]):
            cells = CELL_BORDER.split(text.strip())[1:-1]
            rows.append(tuple(self.spans(line, cell.strip().replace(
                r"\|", "|")) for cell in cells))
            if not text.endswith("|") or len(cells) != len(rows[0]):
                raise self.unknown(line, f"{len(cells)} cells, where the "
                                   f"table's head has {len(rows[0])}")
        if lines[taken:] and not re.match("$|<!--", lines[taken][1]):
            raise self.unknown(lines[taken][0], "a line that GitHub takes for "
                               "one more row of the table")
        return Block("table", number, rows=tuple(rows)), taken

    def paragraph(self, lines: list[Line]) -> tuple[Block, int]:
        taken = next((at for at, (_, text) in enumerate(lines) if not text),
                     len(lines))
        for number, text in lines[1:taken]:
            if INTERRUPTS.match(text):
                raise self.unknown(number, "GitHub begins a block here, in a "
                                   "paragraph: put a blank line before it")
        text = "\n".join(text.lstrip() for _, text in lines[:taken])
        return Block("paragraph", lines[0][0],
                     spans=self.spans(lines[0][0], text)), taken


def read(text: str, name: str) -> Page:
    """Read a page; `name` stands in what Unknown says."""
    lines = list(enumerate(text.split("\n"), 1))
    for number, line in lines:
        if line.rstrip(" ") == "" and line:
            raise Unknown(f"{name}:{number}: a blank line with spaces")
    return Page(name, _Reader(name, lines).blocks(lines))


def fences(text: str, name: str = "page") -> list[Block]:
    """Return all fences of a page, those within others too."""
    return [replace(block) for block in read(text, name).everything()
            if block.kind == "fence"]
