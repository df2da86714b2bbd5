"""The book's two pages: book.html, and cells.html for the matrix."""

from __future__ import annotations

import base64
import functools
import os
import re
from html import escape
from pathlib import Path
from typing import Optional, Sequence

from ..program import CHAPTERS, ROOT, chapters
from . import ladders
from .inline import Span, plain
from .markdown import Block, read
from .notes import Notes
from .sources import Listing, title
from .ties import Tie, Ties, programs

HERE = Path(__file__).parent
BOOK = CHAPTERS / "book"
README = ROOT / "README.md"
MATRIX = CHAPTERS / "matrix.svg"
KINDS = {".svg": "svg+xml", ".png": "png"}
ID = re.compile(r'\bid="([^"]+)"')


class Broken(Exception):
    """A page says what isn't so; the text begins with file:line."""


def pages() -> dict[Path, str]:
    """Return the pages of the book in their order, and what each is called.

    What a page is called begins all of its fragments.
    """
    found = {README: "start"}
    for folder in chapters():
        found[folder / "README.md"] = folder.name.split("-")[0]
    for page in sorted(CHAPTERS.glob("*.md")):
        found[page] = page.stem.lower()
    found[ROOT / "exercises" / "README.md"] = "exercises"
    for page in sorted(ROOT.glob("exercises/*/README.md")):
        found[page] = f"exercise-{page.parent.name.split('-')[0]}"
    found[ROOT / "tests" / "README.md"] = "bench"
    return {page: key for page, key in found.items() if page.exists()}


def inlined(path: Path) -> str:
    """Return the address of a picture that holds the picture itself."""
    content = base64.b64encode(path.read_bytes()).decode()
    return f"data:image/{KINDS[path.suffix]};base64,{content}"


class Leaf(Notes):
    """One page of the book, its links followed to where they lead in it."""

    def __init__(self, path: Path, key: str, book: dict[Path, str],
                 kept: ladders.Kept) -> None:
        self.path, self.book, self.kept = path, book, kept
        page = read(path.read_text(), str(path.relative_to(ROOT)))
        self.folder: Optional[Path] = None
        ties: dict[int, list[Tie]] = {}
        self.listings: list[Listing] = []
        if path.parent.parent == CHAPTERS:
            self.folder = path.parent
            found = Ties(page, path.parent)
            ties = found.by_line
            self.listings = [Listing(path.parent, source, list(found.all()))
                             for source in found.sources()]
        self.asked: list[tuple[int, str]] = []  # fragments, with their lines
        super().__init__(page, key, 0 if key == "start" else 1, ties)

    def broken(self, line: int, why: str) -> Broken:
        return Broken(f"{self.page.name}:{line}: {why}")

    def named(self, tie: Tie) -> str:
        assert self.folder
        lines = f"line {tie.first}" if tie.first == tie.last \
            else f"lines {tie.first} to {tie.last}"
        return f"{title(self.folder, tie.source)}, {lines}"

    def link(self, line: int, target: str) -> str:
        if re.match(r"https?:", target):
            return target
        place, _, fragment = target.partition("#")
        path = Path(os.path.normpath(self.path.parent / place)) if place \
            else self.path
        if path in self.book:
            key = self.book[path]
            place = f"{key}-{fragment}" if fragment else key
        elif path.suffix == ".md" or not path.exists():
            raise self.broken(line, f"{target} is not in the book")
        elif path.parent in chapters() and path in programs(path.parent):
            place = f"{path.parent.name.split('-')[0]}-{path.name}"
        else:
            return os.path.relpath(path, BOOK)
        self.asked.append((line, place))
        return f"#{place}"

    def image(self, line: int, span: Span) -> str:
        path = Path(os.path.normpath(self.path.parent / span.target))
        if not path.exists() or path.suffix not in KINDS:
            raise self.broken(line, f"no such picture: {span.target}")
        if path == MATRIX:
            return ""  # the table below it shows all of it
        wires = self.kept["wires"].get(path.parent.name)
        if wires and path.parent == self.folder and path.name == "wire.svg":
            return "".join(map(ladders.table, wires))
        return f'<img src="{inlined(path)}" alt="{escape(span.text)}">'

    def cell(self, block: Block, row: Sequence[tuple[Span, ...]], at: int
             ) -> str:
        """Link a cell of the matrix to what happened in it."""
        inner = super().cell(block, row, at)
        column = re.sub(r" \(\d+\)$", "", plain(block.rows[0][at]))
        found = next((c for c in self.kept["cells"].values() if
                      (c["row"], c["title"]) == (plain(row[0]), column)), None)
        if not found:
            return inner
        if found["verdict"] != plain(row[at]):
            raise self.broken(block.line, f"{found['row']}, {column}: "
                              f"{found['verdict']} in ladders.json")
        name = ladders.cell_id(found["row"], found["peer"])
        return f'<a href="cells.html#{name}">{inner}</a>'

    def pane(self) -> str:
        """Return the chapter's programs, as they stand beside the notes."""
        if not self.listings:
            return ""
        links = "".join(f'<li><a href="#{one.id}">{escape(one.title)}</a></li>'
                        for one in self.listings)
        files = "".join(
            f'<section id="{one.id}"><h3>{escape(one.title)}{_since(one)}</h3>'
            f'<div class="source" role="group" tabindex="0" '
            f'aria-label="{self.key}: {escape(one.title)}">{one.html()}</div>'
            "</section>\n" for one in self.listings)
        return (f'<aside class="pane" tabindex="0" '
                f'aria-label="Programs of chapter {self.key}">'
                f'<nav aria-label="Files of chapter {self.key}"><ul>{links}'
                f"</ul></nav>\n{files}</aside>\n")

    def article(self) -> str:
        """Return the page, and what stands beside it."""
        kind = "chapter" if self.listings else "page"
        return (f'<article class="{kind}" aria-labelledby="{self.key}">\n'
                f'<div class="notes">\n{self.html()}</div>\n{self.pane()}'
                "</article>\n")


def _since(listing: Listing) -> str:
    """Say what a source is compared with, if it is compared."""
    if not listing.before:
        return ""
    words = f"unchanged since {listing.before.title}" if listing.unchanged() \
        else f"changes since {listing.before.title}: + new, − gone"
    return f" <small>{words}</small>"


@functools.lru_cache(maxsize=None)
def _part(name: str) -> str:
    return (HERE / name).read_text()


def document(name: str, body: str, style: str = "", contents: str = "",
             home: str = "") -> str:
    """Return a whole page, which needs no other file."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(name)}</title>\n'
        f'<style>\n{_part("book.css")}{style}</style>\n</head>\n<body>\n'
        f'<header class="bar"><a href="{home}#start">Half-close</a>'
        f"{contents}</header>\n<main>\n{body}</main>\n"
        f'<script>\n{_part("book.js")}</script>\n</body>\n</html>\n')


def _contents(leaves: Sequence[Leaf]) -> str:
    """Return the table of contents, folded away."""
    entries = "".join(f'<li><a href="#{leaf.key}">{escape(words)}</a></li>\n'
                      for leaf in leaves
                      for _, _, words in leaf.headings[:1])
    return ('<details class="contents"><summary>Contents</summary>'
            f'<nav aria-label="Contents"><ol>\n{entries}</ol></nav></details>')


def _checked(leaves: Sequence[Leaf], html: str) -> None:
    """See that each fragment has its target, and none has two."""
    ids = ID.findall(html)
    double = {name for name in ids if ids.count(name) > 1} \
        if len(ids) != len(set(ids)) else ()
    for name in double:
        raise Broken(f"book.html: #{name} stands there twice")
    known = set(ids)
    for leaf in leaves:
        for line, place in leaf.asked:
            if place not in known:
                raise leaf.broken(line, f"nothing in the book is #{place}")


def book(kept: ladders.Kept) -> str:
    """Return book.html."""
    book = pages()
    leaves = [Leaf(path, key, book, kept) for path, key in book.items()]
    body = "".join(leaf.article() for leaf in leaves)
    ties = [tie.name for leaf in leaves for listing in leaf.listings
            for tie in listing.ties]
    lit = ",\n".join(f"html:not(.js) #{name}:target~.{name}" for name in ties)
    html = document("Half-close", body,
                    f"{lit} {{ background: var(--lit) }}\n" if lit else "",
                    _contents(leaves))
    _checked(leaves, html)
    return html


def cells(kept: ladders.Kept) -> str:
    """Return cells.html: what happened in each cell of the matrix."""
    parts = ["<h1>The matrix, cell by cell</h1>\n"]
    row = ""
    for cell in kept["cells"].values():
        if cell["row"] != row:
            row = cell["row"]
            parts.append(f"<h2>{escape(row)}</h2>\n")
        name = ladders.cell_id(row, cell["peer"])
        parts.append(f'<section id="{name}"><h3>{escape(cell["title"])}: '
                     f'<b class="verdict">{escape(cell["verdict"])}</b></h3>\n'
                     + "".join(map(ladders.table, cell["ladders"]))
                     + "</section>\n")
    body = f'<article class="page cells">\n{"".join(parts)}</article>\n'
    return document("Half-close: the matrix, cell by cell", body,
                    home="book.html")


def files() -> dict[str, str]:
    """Return the book: the text of each file by its name."""
    kept = ladders.kept()
    return {"book.html": book(kept), "cells.html": cells(kept)}
