"""The book's two pages: book.html, and cells.html for the matrix."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from string import Template
from typing import Sequence

from .. import chapters
from ..program import CHAPTERS, ROOT
from ..program import chapters as folders
from . import ladders
from .ladders import boxed
from .notes import Broken, Notes

HERE = Path(__file__).parent
ID = re.compile(r'\bid="([^"]+)"')


def _of_chapter(folder: Path) -> dict[Path, str]:
    """Return a chapter's page, and those of the folders in it."""
    return {folder / "README.md": chapters.number(folder),
            **{page: page.parent.name
               for page in sorted(folder.glob("*/README.md"))}}


def pages() -> dict[Path, str]:
    """Return the pages of the book in their order, and what each is called."""
    found = {
        ROOT / "README.md": "start",
        **{page: key for folder in folders() for page, key in
           _of_chapter(folder).items()},
        **{page: page.stem.lower() for page in sorted(CHAPTERS.glob("*.md"))},
        ROOT / "exercises/README.md": "exercises",
        **{page: f"exercise-{chapters.number(page.parent)}"
           for page in sorted(ROOT.glob("exercises/*/README.md"))},
        ROOT / "tests/README.md": "bench"}
    return {page: key for page, key in found.items() if page.exists()}


def _pane(notes: Notes) -> str:
    """Return a chapter's programs, as they stand beside its notes."""
    links = "".join(f'<li><a href="#{one.id}">{escape(one.title)}</a></li>'
                    for one in notes.listings)
    listed = "".join(
        f'<section id="{one.id}"><h3>{escape(one.title)} <small>'
        f"{escape(one.changed())}</small></h3>"
        + boxed("source", f"{notes.key}: {one.title}", one.html())
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


def _document(title: str, body: str, style: str = "", contents: str = "",
              home: str = "#start") -> str:
    """Return a whole page, which needs no other file."""
    return Template((HERE / "book.html").read_text()).substitute(
        title=escape(title), body=body, contents=contents, home=home,
        style=(HERE / "book.css").read_text() + style,
        script=(HERE / "book.js").read_text())


def _contents(leaves: Sequence[Notes]) -> str:
    """Return the table of contents, folded away."""
    entries = "".join(f'<li><a href="#{leaf.key}">{escape(leaf.headings[0])}'
                      "</a></li>\n" for leaf in leaves)
    return ('<details class="contents"><summary>Contents</summary>'
            f'<nav aria-label="Contents"><ol>\n{entries}</ol></nav></details>')


def _checked(leaves: Sequence[Notes], html: str) -> None:
    """See that each fragment has its place, and none has two."""
    ids = sorted(ID.findall(html))
    for one, other in zip(ids, ids[1:]):
        if one == other:
            raise Broken(f"book.html: #{one} stands there twice")
    for leaf in leaves:
        for line, place in leaf.asked:
            if place not in ids:
                raise leaf.broken(line, f"nothing in the book is #{place}")


def _book(kept: ladders.Kept) -> str:
    """Return book.html."""
    book = pages()
    leaves = [Notes(path, book, kept) for path in book]
    body = "".join(map(_article, leaves))  # before the contents are known
    lit = ",\n".join(f"html:not(.js) #{tie.name}:target~.{tie.name}"
                     for leaf in leaves for ties in leaf.ties.values()
                     for tie in ties) + " { background: var(--lit) }\n"
    html = _document("Half-close", body, lit, _contents(leaves))
    _checked(leaves, html)
    return html


def _cells(kept: ladders.Kept) -> str:
    """Return cells.html: what happened in each cell of the matrix."""
    parts, row = ["<h1>The matrix, cell by cell</h1>\n"], ""
    for place, cell in kept["cells"].items():
        parts += [f"<h2>{escape(cell['row'])}</h2>\n"] * (row != cell["row"])
        row = cell["row"]
        parts.append(
            f'<section id="{place}"><h3>{escape(row)}, '
            f'{escape(cell["title"])}: <b class="verdict">'
            f'{escape(cell["verdict"])}</b></h3>\n'
            + "".join(map(ladders.table, cell["ladders"])) + "</section>\n")
    return _document("Half-close: the matrix, cell by cell",
                     f'<article class="page cells">\n{"".join(parts)}'
                     "</article>\n", home="book.html")


def files() -> dict[str, str]:
    """Return the book: the text of each file by its name."""
    kept = ladders.kept()
    return {"book.html": _book(kept), "cells.html": _cells(kept)}
