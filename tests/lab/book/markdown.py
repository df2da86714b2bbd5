"""A page's Markdown as blocks.

    for block in everything(read(text, "chapters/03-half-close/README.md")):
        print(block.line, block.kind, *block.info)

It reads what our pages are written in: headings of three levels, paragraphs,
fences, pipe tables, lists with indented blocks, `details`, comments, indented
code, references. Anything else raises Unknown, with the file and the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, Iterator, Optional

from .inline import Refused, Span, folded, spans

Line = tuple[int, str]  # its number in the file, from 1, and its text

HEADING = re.compile(r"(#{1,3}) (\S.*)")
FENCE = re.compile(r"```(\w+)((?: \w+=[\w-]+)*)")
ITEM = re.compile(r"(?:(-)|(\d{1,9})\.) +(?=\S)")
REFERENCE = re.compile(r"\[([^\[\]]+)\]: (\S+)")
DETAILS = re.compile(r"<details><summary>(.+)</summary>")
COMMENT = re.compile(r"<!-- (.*?) -->")
DASHES = re.compile(r"\|(?: *:?-+:? *\|)+")
CELL_BORDER = re.compile(r"(?<!\\)\|")
# What begins a block at GitHub, and none of ours.
FOREIGN = re.compile(
    r"#{4,6} |#+$|>|~~~|```|[*+] |- *$|(?:[-*_] *){3,}$|=+ *$|<[a-zA-Z/!?]"
    r"|\d+\) |\t| {1,3}\S")
# What ends a paragraph there, though no blank line stands before it.
INTERRUPTS = re.compile(r"#{1,6} |```|~~~|>|[-*+] +\S|1[.)] +\S|<[a-zA-Z/!?]"
                        r"|(?:[-*_] *){3,}$|=+ *$|\|")


class Unknown(Exception):
    """A construct that is none of ours; the text begins with file:line."""


@dataclass(frozen=True)
class Block:
    """A block of a page, and the number of the line that it begins in.

    `kind` is heading, paragraph, fence, code (indented), table, list, details
    or comment. `text` is that of fence, code and comment as it stands; `spans`
    are a heading's, paragraph's or summary's. `info` are a fence's words.
    `level` is a heading's. `items` are a list's blocks item by item, `start`
    is its first number, 0 with bullets, and it is `loose` if GitHub sets its
    items apart; a details' blocks are its one item. `rows` are a table's
    cells, its head first.
    """

    kind: str
    line: int
    text: str = ""
    spans: tuple[Span, ...] = ()
    info: tuple[str, ...] = ()
    level: int = 0
    start: int = 0
    loose: bool = False
    items: tuple[tuple["Block", ...], ...] = ()
    rows: tuple[tuple[tuple[Span, ...], ...], ...] = ()


def everything(blocks: Iterable[Block]) -> Iterator[Block]:
    """Return all blocks, those within others too, in their order."""
    for block in blocks:
        yield block
        for item in block.items:
            yield from everything(item)


def _split(lines: list[Line], inside: int, what: str) -> int:
    """Return how many lines begin with `what`, or have nothing."""
    return next((at for at, (_, text) in enumerate(lines) if at >= inside
                 and text and not text.startswith(what)), len(lines))


class _Reader:
    """What is known of a page while it is read."""

    def __init__(self, name: str, lines: list[Line]) -> None:
        self.name = name
        found = [REFERENCE.fullmatch(text.strip()) for _, text in lines]
        self.references = {folded(match[1]): match[2]
                           for match in reversed(found) if match}

    def unknown(self, line: int, what: str) -> Unknown:
        return Unknown(f"{self.name}:{line}: {what}")

    def spans(self, line: int, text: str) -> tuple[Span, ...]:
        try:
            return spans(text, self.references)
        except Refused as error:
            raise self.unknown(line, f"our pages have no such thing: {error}"
                               ) from None

    def blocks(self, lines: list[Line]) -> tuple[Block, ...]:
        """Read the blocks of lines from which the indent is taken."""
        found = []
        while lines:
            block, taken = self.block(*lines[0], lines)
            found += [block] if block else []
            lines = lines[taken:]
        return tuple(found)

    def block(self, number: int, text: str, lines: list[Line]
              ) -> tuple[Optional[Block], int]:
        """Read what begins in the first line; return how many lines it has."""
        if not text or REFERENCE.fullmatch(text):
            return None, 1
        heading, comment = HEADING.fullmatch(text), COMMENT.fullmatch(text)
        if heading:
            return Block("heading", number, level=len(heading[1]),
                         spans=self.spans(number, heading[2])), 1
        if comment:
            return Block("comment", number, comment[1]), 1
        for pattern, does in ((FENCE.fullmatch, self.fence),
                              (DETAILS.fullmatch, self.details),
                              (ITEM.match, self.list)):
            match = pattern(text)
            if match:
                return does(number, match, lines)
        if text.startswith("    "):
            return self.indented(number, lines)
        if text.startswith("|"):
            return self.table(number, lines)
        if FOREIGN.match(text):
            raise self.unknown(number, "our pages have no such thing: "
                               f"{text.split()[0]} where a block begins")
        return self.paragraph(number, lines)

    def fence(self, number: int, match: re.Match[str], lines: list[Line]
              ) -> tuple[Block, int]:
        texts = [text for _, text in lines]
        if "```" not in texts:
            raise self.unknown(number, "a fence that is never closed")
        end = texts.index("```")
        return Block("fence", number, "".join(f"{t}\n" for t in texts[1:end]),
                     info=(match[1], *match[2].split())), end + 1

    def details(self, number: int, match: re.Match[str], lines: list[Line]
                ) -> tuple[Block, int]:
        depth = 0
        for taken, (_, text) in enumerate(lines, 1):
            depth += bool(DETAILS.fullmatch(text)) - (text == "</details>")
            if depth == 0:
                break
        body = lines[1:taken - 1]
        if depth or len(body) < 3 or body[0][1] or body[-1][1]:
            raise self.unknown(number, "details need </details>, and a blank "
                               "line after <summary> and before the end")
        return Block("details", number, spans=self.spans(number, match[1]),
                     items=(self.blocks(body),)), taken

    def list(self, number: int, first: re.Match[str], lines: list[Line]
             ) -> tuple[Block, int]:
        items, taken, loose = [], 0, False
        while taken < len(lines):
            match = ITEM.match(lines[taken][1])
            if not match or bool(match[1]) != bool(first[1]):
                break
            loose |= bool(items) and not lines[taken - 1][1]
            inner, used = self.item(lines[taken:], match.end())
            items.append(self.blocks(inner))
            begins = {block.line for block in items[-1][1:]}
            loose |= any(not text and line + 1 in begins
                         for line, text in inner)
            taken += used
        return Block("list", number, start=int(first[2] or 0), loose=loose,
                     items=tuple(items)), taken

    def item(self, lines: list[Line], indent: int) -> tuple[list[Line], int]:
        """Return an item's lines without their indent, and how many it has.

        Blank lines at its end count, so that the next item begins after them.
        """
        end = _split(lines, 1, " " * indent)
        if end < len(lines) and lines[end - 1][1] \
                and not ITEM.match(lines[end][1]):
            raise self.unknown(lines[end][0], "this line goes on in a list, "
                               f"and is not indented by {indent} spaces")
        inner = [(line, text[indent:]) for line, text in lines[:end]]
        while not inner[-1][1]:
            inner.pop()
        return inner, end

    def indented(self, number: int, lines: list[Line]) -> tuple[Block, int]:
        end = _split(lines, 0, "    ")
        text = "".join(f"{text[4:]}\n" for _, text in lines[:end])
        return Block("code", number, text.rstrip("\n") + "\n"), end

    def table(self, number: int, lines: list[Line]) -> tuple[Block, int]:
        end = next((at for at, (_, text) in enumerate(lines)
                    if not text.startswith("|")), len(lines))
        if end < 2 or not DASHES.fullmatch(lines[1][1]):
            raise self.unknown(number, "a table needs a line of |---| second")
        rows = []
        for line, text in (lines[0], *lines[2:end]):
            cells = CELL_BORDER.split(text)[1:-1]
            rows.append(tuple(self.spans(line, cell.strip().replace(
                r"\|", "|")) for cell in cells))
            if not text.endswith("|") or len(cells) != len(rows[0]):
                raise self.unknown(line, f"{len(cells)} cells in this row, "
                                   f"{len(rows[0])} in the table's head")
        if lines[end:] and not re.match("$|<!--", lines[end][1]):
            raise self.unknown(lines[end][0], "GitHub takes this line for one "
                               "more row of the table")
        return Block("table", number, rows=tuple(rows)), end

    def paragraph(self, number: int, lines: list[Line]) -> tuple[Block, int]:
        end = next((at for at, (_, text) in enumerate(lines) if not text),
                   len(lines))
        for line, text in lines[1:end]:
            if INTERRUPTS.match(text):
                raise self.unknown(line, "GitHub begins a block here, in a "
                                   "paragraph: put a blank line before it")
        text = "\n".join(text.lstrip() for _, text in lines[:end])
        return Block("paragraph", number, spans=self.spans(number, text)), end


def read(text: str, name: str) -> tuple[Block, ...]:
    """Read a page; `name` stands in what Unknown says."""
    lines = list(enumerate(text.split("\n"), 1))
    for number, line in lines:
        if line and not line.strip(" "):
            raise Unknown(f"{name}:{number}: a blank line with spaces")
    return _Reader(name, lines).blocks(lines)
