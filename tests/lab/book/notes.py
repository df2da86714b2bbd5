"""A page of the kit as HTML: its blocks, and where its links lead to."""

from __future__ import annotations

import base64
import os
import re
from html import escape
from pathlib import Path
from typing import Callable, Mapping

from ..ladder.kept import Kept
from ..program import CHAPTERS, ROOT
from . import ladders
from .ladders import boxed
from .markdown import Block, Blocks, Broken, Row, Span, plain, read
from .sources import Listing, highlighted
from .ties import Tie, Ties, sources

BOOK = CHAPTERS / "book"


def slug(heading: str) -> str:
    """Return a heading's fragment, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _console(text: str) -> str:
    """Return a terminal's lines; a prompt is not copied with its command."""
    return re.sub(r"^\$ (.*)$", r'<span class="prompt">$ </span>'
                  r"<kbd>\1</kbd>", escape(text), flags=re.M)


def _diff(text: str) -> str:
    """Return a diff's lines, each as what it is."""
    tagged = [({"+": "ins", "-": "del"}.get(line[:1], "span"), escape(line))
              for line in text.splitlines()]
    return "".join(f"<{tag}>{line}\n</{tag}>" for tag, line in tagged)


# What other fences are called, and how their text is written.
FENCES: dict[str, tuple[str, Callable[[str], str]]] = {
    "c": ("Code", lambda text: "\n".join(highlighted(text))),
    "diff": ("What changes", _diff), "sh": ("Commands", escape),
    "": ("Command line", escape)}


class Notes:
    """A page on its way to HTML.

    `book` are all pages, and what each is called: with that its fragments
    begin. A page within a chapter has `listings`, of its programs.
    """

    def __init__(self, path: Path, book: Mapping[Path, str],
                 kept: Kept) -> None:
        self.path, self.book, self.kept = path, book, kept
        self.key, self.name = book[path], str(path.relative_to(ROOT))
        self.page = read(path.read_text(), self.name)
        self.ties: dict[int, list[Tie]] = {}
        self.listings: list[Listing] = []
        if path.parent.parent == CHAPTERS:
            ties = Ties(self.page, self.name, path.parent)
            self.ties, tied = ties.by_line, {tie.source for tie in ties.all()}
            self.listings = [Listing(path.parent, name, ties.all())
                             for name in sources(path.parent)
                             if name in tied or not name.startswith("common/")]
        self.line = 0  # of the block that is being written
        self.headings: list[str] = []
        self.asked: list[tuple[int, str]] = []  # fragments, with their lines

    def blocks(self, blocks: Blocks) -> str:
        """Return blocks as HTML: those of the page, or some of them."""
        return "".join(map(self._block, blocks))

    def _block(self, block: Block) -> str:
        if block.kind == "comment":
            return ""
        self.line = block.line
        does: Callable[[Block], str] = getattr(self, f"_{block.kind}")
        html = does(block)
        links = "".join(
            f'<a href="#{tie.name}">{escape(tie.source)}, '
            + (f"line {tie.first}" if tie.first == tie.last else
               f"lines {tie.first} to {tie.last}") + "</a>"
            for tie in self.ties.get(block.line, ()))
        return f'<div class="tied">{html}<p class="to">{links}</p></div>\n' \
            if links else html

    def _heading(self, block: Block) -> str:
        words = plain(block.spans)
        place = self.key if block.level == 1 else f"{self.key}-{slug(words)}"
        level = block.level + (self.key != "start")
        if words in self.headings:
            raise Broken(self.name, block.line, f"a second heading: {words}")
        self.headings.append(words)
        return f'<h{level} id="{place}">{self.spans(block.spans)}</h{level}>\n'

    def _paragraph(self, block: Block) -> str:
        inner = self.spans(block.spans)
        return inner if [span.kind for span in block.spans] == ["image"] \
            else f"<p>{inner}</p>\n"

    def _fence(self, block: Block) -> str:
        kind, *words = block.info or ("",)
        if kind != "console":
            name, written = FENCES.get(kind, ("Text", escape))
            return boxed("code", name, written(block.text), "pre")
        which = dict(word.split("=") for word in words).get("terminal", "1")
        name = f"Terminal {which}"
        return (f'<figure class="terminal t{which}"><figcaption>{name}'
                "</figcaption>" + boxed("typed", name, _console(block.text),
                                        "pre") + "</figure>\n")

    _code = _fence

    def _list(self, block: Block) -> str:
        tag = "ol" if block.start else "ul"
        start = f' start="{block.start}"' if block.start > 1 else ""
        items = ""
        for item in block.items:
            tight = not block.loose and item[0].kind == "paragraph"
            first = self.spans(item[0].spans) if tight else ""
            items += f"<li>{first}{self.blocks(item[tight:])}</li>\n"
        return f"<{tag}{start}>\n{items}</{tag}>\n"

    def _details(self, block: Block) -> str:
        return (f"<details><summary>{self.spans(block.spans)}</summary>\n"
                f"{self.blocks(block.items[0])}</details>\n")

    def _table(self, block: Block) -> str:
        head, *body = block.rows
        heads = "".join(f'<th scope="col">{self.spans(cell)}</th>' if cell
                        else "<td></td>" for cell in head)
        top = f"<thead><tr>{heads}</tr></thead>\n" if any(head) else ""
        rows = "".join("<tr>" + "".join(
            f'<th scope="row">{self.spans(cell)}</th>'
            if cell and not at and not head[0]
            else f"<td>{self._cell(head, row, at)}</td>"
            for at, cell in enumerate(row)) + "</tr>\n" for row in body)
        name = self.headings[-1]
        return boxed(
            "wide matrix" if "cells.html#" in rows else "wide", name,
            f'<table><caption class="said">{escape(name)}</caption>\n{top}'
            f"<tbody>{rows}</tbody></table>")

    def _cell(self, head: Row, row: Row, at: int) -> str:
        """Return a cell; one of the matrix leads to what happened in it."""
        inner, verdict = self.spans(row[at]), plain(row[at])
        names = plain(row[0]), re.sub(r" \(\d+\)$", "", plain(head[at]))
        for place, cell in self.kept["cells"].items():
            if (cell["row"], cell["title"]) == names:
                if cell["verdict"] != verdict:
                    raise Broken(self.name, self.line, f"{', '.join(names)}: "
                                 f"not {verdict} in ladders.json")
                return f'<a href="cells.html#{place}">{inner}</a>'
        return inner

    def spans(self, spans: tuple[Span, ...]) -> str:
        return "".join(map(self._span, spans))

    def _span(self, span: Span) -> str:
        if span.kind == "image":
            return self._image(span)
        inner = self.spans(span.children) or escape(span.text, False)
        if span.kind == "link":
            return f'<a href="{escape(self._place(span.target))}">{inner}</a>'
        tag = {"text": "", "code": "code", "strong": "strong",
               "emphasis": "em"}[span.kind]
        return f"<{tag}>{inner}</{tag}>" if tag else inner

    def _place(self, target: str) -> str:
        """Return where a link leads to: in the book, if that is in it."""
        if re.match(r"https?:", target):
            return target
        name, _, fragment = target.partition("#")
        path = Path(os.path.normpath(self.path.parent / name)) if name \
            else self.path
        if path not in self.book:
            if path.suffix == ".md" or not path.exists():
                raise Broken(self.name, self.line, f"leads nowhere: {target}")
            return os.path.relpath(path, BOOK)
        place = "-".join(filter(None, (self.book[path], fragment)))
        self.asked.append((self.line, place))
        return f"#{place}"

    def _image(self, span: Span) -> str:
        """Return a picture, or the ladders that a chapter's wire shows."""
        path = Path(os.path.normpath(self.path.parent / span.target))
        wires = self.kept["wires"].get(path.parent.name)
        if wires and path == self.path.with_name("wire.svg"):
            return "".join(map(ladders.table, wires))
        if path == BOOK.with_suffix(".png"):
            return ""  # the book needs no picture of itself
        if not path.exists() or path.suffix != ".svg":
            raise Broken(self.name, self.line,
                         f"no such picture: {span.target}")
        content = base64.b64encode(path.read_bytes()).decode()
        return f'<img src="data:image/svg+xml;base64,{content}" ' \
               f'alt="{escape(span.text)}">'
