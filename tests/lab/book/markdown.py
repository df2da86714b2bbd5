"""A page's Markdown as blocks of running text.

    for block in everything(read(text, "chapters/03-half-close/README.md")):
        print(block.line, block.kind, *block.info)

It reads what our pages are written in, as GitHub does (GFM 0.29): headings of
three levels, paragraphs, fences, pipe tables, lists with indented blocks,
`details`, comments, indented code, references; code, links, images, emphasis.
All else is refused, so that no page looks different there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Iterable, Iterator, Sequence

Lines = list[tuple[int, str]]  # their numbers from 1, and their texts
Match = re.Match[str]

ITEM = re.compile(r"(?:(-)|(\d{1,9})\.) +(?=\S)")
BEGINS = {  # what a block of each kind begins with, tried in this order
    "heading": re.compile(r"(#{1,3}) (\S.*)$"),
    "comment": re.compile(r"<!-- (.*?) -->$"),
    "fence": re.compile(r"```(\w+)((?: \w+=[\w-]+)*)$"),
    "details": re.compile(r"<details><summary>(.+)</summary>$"),
    "list": ITEM, "code": re.compile(" {4}"), "table": re.compile(r"\|"),
    "paragraph": re.compile("")}
REFERENCE = re.compile(r"\[([^\[\]]+)\]: (\S+)")
DASHES = re.compile(r"\|(?: *:?-+:? *\|)+")
CELL_BORDER = re.compile(r"(?<!\\)\|")
# What begins a block at GitHub, and none of ours.
FOREIGN = re.compile(
    r"#{4,6} |#+$|>|~~~|```|[*+] |- *$|(?:[-*_] *){3,}$|=+ *$|<[a-zA-Z/!?]"
    r"|\d+\) |\t| {1,3}\S")
# What ends a paragraph there, though no blank line stands before it.
INTERRUPTS = re.compile(r"#{1,6} |```|~~~|>|[-*+] +\S|1[.)] +\S|<[a-zA-Z/!?]"
                        r"|(?:[-*_] *){3,}$|=+ *$|\|")
SPAN = re.compile(
    r"(?<!`)`(?P<code>[^`]+)`(?!`)"
    r"|(?P<bang>!?)\[(?P<words>(?:[^\[\]`]|`[^`]*`)*)\]"
    r"(?:\((?P<target>[^()\s]+)\)|\[(?P<label>[^\[\]]*)\])?"
    r"|(?P<stars>\*\*?)(?=[^\s*])(?P<stressed>(?:`[^`]*`|[^`])+?)"
    r"(?<=[^\s*])(?P=stars)(?!\*)",
    re.S)
REFUSED = {  # in running text
    r"<[a-zA-Z/!]": "HTML, or an address in angle brackets",
    r"&#?\w+;": "a character reference",
    r"\\[!-/:-@\[-`{-~]": "an escaped character",
    r"~~": "struck-out text",
    r"\*\*|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)": "a lone *",
    r"(?<!\w)__?(?=\w)": "_ for emphasis: write *",
    r"\\\n|  \n": "a line break",
    r"https?://|www\.": "a bare address: write [words](address)",
    r"`": "a lone `, or two"}


class Broken(Exception):
    """A page has what is not so, or none of ours: `page:line: why`."""

    def __init__(self, page: str, line: int, why: str) -> None:
        super().__init__(f"{page}:{line}: {why}")


@dataclass(frozen=True)
class Span:
    """A piece of running text.

    `kind` is text, code, link, image, strong or emphasis. `text` is that of
    text and code and an image's description, `target` a link's or an image's;
    the others hold `children`.
    """

    kind: str
    text: str = ""
    target: str = ""
    children: tuple[Span, ...] = ()


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
    items: tuple[tuple[Block, ...], ...] = ()
    rows: tuple[tuple[tuple[Span, ...], ...], ...] = ()


Blocks, Row = Sequence[Block], Sequence[tuple[Span, ...]]


def everything(blocks: Iterable[Block]) -> Iterator[Block]:
    """Return all blocks, those within others too, in their order."""
    for block in blocks:
        yield block
        for item in block.items:
            yield from everything(item)


def plain(spans: Iterable[Span]) -> str:
    """Return what a reader sees of spans, as text alone."""
    return "".join(span.text or plain(span.children) for span in spans)


def _folded(label: str) -> str:
    """Return a reference's label as labels are compared."""
    return " ".join(label.split()).casefold()


def _take(lines: Lines, ends: Callable[[str], object]) -> Lines:
    """Take lines off: the first, and all up to one at which `ends` is true."""
    count = next((at for at, (_, text) in enumerate(lines)
                  if at and ends(text)), len(lines))
    taken, lines[:count] = lines[:count], []
    return taken


class _Reader:
    """What is known of a page while it is read.

    The method of a kind takes a block of that kind off the lines.
    """

    def __init__(self, name: str, lines: Lines) -> None:
        self.name = name
        found = [REFERENCE.fullmatch(text.strip()) for _, text in lines]
        self.targets = {_folded(match[1]): match[2]
                        for match in reversed(found) if match}

    def spans(self, line: int, text: str) -> tuple[Span, ...]:
        found, here = [], 0
        for match in (*SPAN.finditer(text), None):
            between = text[here:match.start() if match else None]
            for pattern, what in REFUSED.items():
                if re.search(pattern, between):
                    raise Broken(self.name, line, f"none of ours: {what}")
            found += [Span("text", between)] if between else []
            if match:
                found.append(self.span(line, match))
                here = match.end()
        return tuple(found)

    def span(self, line: int, match: Match) -> Span:
        if match["code"]:
            code = match["code"].replace("\n", " ")
            padded = code[0] == code[-1] == " " and code.strip()
            return Span("code", code[1:-1] if padded else code)
        if match["stars"]:
            return Span("strong" if match["stars"] == "**" else "emphasis",
                        children=self.spans(line, match["stressed"]))
        words, label = match["words"], match["label"]
        target = match["target"] or self.targets.get(_folded(label or words))
        if match.string.startswith("(", match.end()):
            raise Broken(self.name, line, "a target with spaces or a title")
        inner = self.spans(line, words)
        if target is None and (label is not None or plain(inner) != words):
            raise Broken(self.name, line, f"no target for [{label or words}]")
        if target is None:
            return Span("text", match[0])
        return Span("image", words, target) if match["bang"] \
            else Span("link", "", target, inner)

    def blocks(self, lines: Lines) -> tuple[Block, ...]:
        """Read the blocks of lines from which the indent is taken."""
        found = []
        while lines:
            number, text = lines[0]
            if not text or REFERENCE.fullmatch(text):
                del lines[0]
            else:
                kind, match = next((kind, match) for kind, pattern
                                   in BEGINS.items() for match
                                   in [pattern.match(text)] if match)
                found.append(getattr(self, kind)(number, match, lines))
        return tuple(found)

    def heading(self, number: int, match: Match, lines: Lines) -> Block:
        del lines[0]
        return Block("heading", number, level=len(match[1]),
                     spans=self.spans(number, match[2]))

    def comment(self, number: int, match: Match, lines: Lines) -> Block:
        del lines[0]
        return Block("comment", number, match[1])

    def fence(self, number: int, match: Match, lines: Lines) -> Block:
        _, *body = _take(lines, "```".__eq__)
        if not lines:
            raise Broken(self.name, number, "a fence that is never closed")
        del lines[0]
        return Block("fence", number, "".join(f"{t}\n" for _, t in body),
                     info=(match[1], *match[2].split()))

    def details(self, number: int, match: Match, lines: Lines) -> Block:
        _, *body = _take(lines, "</details>".__eq__)
        if not lines or len(body) < 3 or body[0][1] or body[-1][1]:
            raise Broken(self.name, number, "details need </details>, and a "
                         "blank line after <summary> and before the end")
        del lines[0]
        return Block("details", number, spans=self.spans(number, match[1]),
                     items=(self.blocks(body),))

    def list(self, number: int, first: Match, lines: Lines) -> Block:
        items, loose, inner = [], False, [(0, "no blank")]
        while lines:
            match = ITEM.match(lines[0][1])
            if not match or bool(match[1]) != bool(first[1]):
                break
            loose |= not inner[-1][1]
            inner = self.item(lines, match.end())
            items.append(self.blocks(inner[:]))
            loose |= any(not inner[block.line - inner[0][0] - 1][1]
                         for block in items[-1][1:])
        return Block("list", number, start=int(first[2] or 0), loose=loose,
                     items=tuple(items))

    def item(self, lines: Lines, indent: int) -> Lines:
        """Take an item's lines, without their indent."""
        taken = _take(lines, lambda text: text
                      and not text.startswith(" " * indent))
        if lines and taken[-1][1] and not ITEM.match(lines[0][1]):
            raise Broken(self.name, lines[0][0], "this line goes on in a list,"
                         f" and is not indented by {indent} spaces")
        return [(line, text[indent:]) for line, text in taken]

    def code(self, number: int, _: Match, lines: Lines) -> Block:
        taken = _take(lines, lambda text: text and text[:4].strip())
        text = "".join(f"{text[4:]}\n" for _, text in taken)
        return Block("code", number, text.rstrip("\n") + "\n")

    def table(self, number: int, _: Match, lines: Lines) -> Block:
        head, *body = _take(lines, lambda text: not text.startswith("|"))
        if not body or not DASHES.fullmatch(body[0][1]):
            raise Broken(self.name, number, "a table needs |---| second")
        rows = []
        for line, text in (head, *body[1:]):
            cells = CELL_BORDER.split(text)[1:-1]
            rows.append(tuple(self.spans(line, cell.strip().replace(
                r"\|", "|")) for cell in cells))
            if not text.endswith("|") or len(cells) != len(rows[0]):
                raise Broken(self.name, line, f"{len(cells)} cells in this "
                             f"row, {len(rows[0])} in the table's head")
        if lines and not re.match("$|<!--", lines[0][1]):
            raise Broken(self.name, lines[0][0], "GitHub takes this line for "
                         "one more row of the table")
        return Block("table", number, rows=tuple(rows))

    def paragraph(self, number: int, match: Match, lines: Lines) -> Block:
        if FOREIGN.match(match.string):
            raise Broken(self.name, number, "none of ours: a block that begins"
                         f" with {match.string.split()[0]}")
        taken = _take(lines, lambda text: not text)
        for line, text in taken[1:]:
            if INTERRUPTS.match(text):
                raise Broken(self.name, line, "GitHub begins a block here, in "
                             "a paragraph: put a blank line before it")
        text = "\n".join(text.lstrip() for _, text in taken)
        return Block("paragraph", number, spans=self.spans(number, text))


def read(text: str, name: str) -> tuple[Block, ...]:
    """Read a page, whose `name` stands in what Broken says."""
    lines = list(enumerate(text.split("\n"), 1))
    for number, line in lines:
        if line and not line.strip(" "):
            raise Broken(name, number, "a blank line with spaces")
    return _Reader(name, lines).blocks(lines)
