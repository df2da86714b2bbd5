"""The book's two pages: book.html, and cells.html for the matrix."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from string import Template
from typing import Sequence

from .. import chapters
from ..ladder.kept import Kept, kept
from ..program import CHAPTERS, ROOT
from . import ladders
from .ladders import boxed
from .markdown import Broken
from .notes import Notes

HERE = Path(__file__).parent
ID = re.compile(r'\bid="([^"]+)"')


def pages() -> dict[Path, str]:
    """Return the pages of the book in their order, and what each is called."""
    found = {
        ROOT / "README.md": "start",
        **{page: chapters.number(page.parent)
           if page.parent.parent == CHAPTERS else page.parent.name
           for page in sorted(CHAPTERS.glob("[0-9]*/**/README.md"))},
        **{page: page.stem.lower() for page in sorted(CHAPTERS.glob("*.md"))},
        ROOT / "exercises/README.md": "exercises",
        **{page: f"exercise-{chapters.number(page.parent)}"
           for page in sorted(ROOT.glob("exercises/*/README.md"))},
        ROOT / "tests/README.md": "bench"}
    return {page: key for page, key in found.items() if page.exists()}


def _pane(notes: Notes) -> str:
    """Return a chapter's programs, as they stand beside its notes."""
    links = "".join(f'<li><a href="#{one.id}">{escape(one.name)}</a></li>'
                    for one in notes.listings)
    listed = "".join(
        f'<section id="{one.id}"><h3>{escape(one.name)} <small>'
        f"{escape(one.changed())}</small></h3>"
        + boxed("source", f"{notes.key}: {one.name}", one.html())
        + "</section>\n" for one in notes.listings)
    return (f'<aside class="pane" tabindex="0" aria-label="Programs of '
            f'chapter {notes.key}"><nav aria-label="Files of chapter '
            f'{notes.key}"><ul>{links}</ul></nav>\n{listed}</aside>\n')


def _article(notes: Notes) -> str:
    """Return a page, and what stands beside it."""
    kind, pane = ("chapter", _pane(notes)) if notes.listings else ("page", "")
    return (f'<article class="{kind}" aria-labelledby="{notes.key}">\n'
            f'<div class="notes">\n{notes.blocks(notes.page)}</div>\n{pane}'
            "</article>\n")


def _document(title: str, home: str, body: str, lit: str = "",
              contents: str = "") -> str:
    """Return a whole page, which needs no other file."""
    return Template((HERE / "book.html").read_text()).substitute(
        title=escape(title), body=body, contents=contents, home=home,
        style=(HERE / "book.css").read_text() + lit,
        script=(HERE / "book.js").read_text())


def _checked(leaves: Sequence[Notes], html: str) -> str:
    """Return a page in which each fragment that is linked has its place."""
    ids = set(ID.findall(html))
    for leaf in leaves:
        for line, place in leaf.asked:
            if place not in ids:
                raise Broken(leaf.name, line, f"nothing here is #{place}")
    return html


def _book(kept: Kept) -> str:
    book = pages()
    leaves = [Notes(path, book, kept) for path in book]
    body = "".join(map(_article, leaves))  # before the contents are known
    lit = ",\n".join(f"html:not(.js) #{tie.name}:target~.{tie.name}"
                     for leaf in leaves for ties in leaf.ties.values()
                     for tie in ties) + " { background: var(--lit) }\n"
    entries = "".join(f'<li><a href="#{leaf.key}">{escape(leaf.headings[0])}'
                      "</a></li>\n" for leaf in leaves)
    contents = '<details class="contents"><summary>Contents</summary><nav ' \
               f'aria-label="Contents"><ol>\n{entries}</ol></nav></details>'
    return _checked(leaves, _document("Half-close", "#start", body, lit,
                                      contents))


def _cells(kept: Kept) -> str:
    parts, row = ["<h1>The matrix, cell by cell</h1>\n"], ""
    for place, cell in kept["cells"].items():
        parts += [f"<h2>{escape(cell['row'])}</h2>\n"] * (row != cell["row"])
        row = cell["row"]
        parts.append(
            f'<section id="{place}"><h3>{escape(row)}, '
            f'{escape(cell["title"])}: <b class="verdict">'
            f'{escape(cell["verdict"])}</b></h3>\n'
            + "".join(map(ladders.table, cell["ladders"])) + "</section>\n")
    return _document(
        "Half-close: the matrix, cell by cell", "book.html",
        f'<article class="page cells">\n{"".join(parts)}</article>\n')


def files() -> dict[str, str]:
    """Return the book: the text of each file by its name. Raises Broken."""
    return {"book.html": _book(kept()), "cells.html": _cells(kept())}
