"""The blocks of a page as HTML."""

from __future__ import annotations

import re
from html import escape
from typing import Callable, Mapping, Sequence

from .highlight import lines as highlighted
from .inline import Span, plain
from .markdown import Block, Page
from .ties import Tie


def slug(spans: Sequence[Span]) -> str:
    """Return a heading's fragment, as GitHub makes it."""
    kept = re.sub(r"[^\w\- ]", "", plain(tuple(spans)).lower())
    return kept.replace(" ", "-")


def _console(text: str) -> str:
    """Return a terminal's lines; a prompt is not copied with its command."""
    return "".join(
        f'<span class="prompt">$ </span><kbd>{escape(line[2:])}</kbd>\n'
        if line.startswith("$ ") else f"{escape(line)}\n"
        for line in text.splitlines())


def _diff(text: str) -> str:
    """Return a diff's lines, each as what it is."""
    tags = {"+": "ins", "-": "del"}
    return "".join(
        f"<{tag}>{escape(line)}\n</{tag}>" for line in text.splitlines()
        for tag in [tags.get(line[:1], "span")])


class Notes:
    """A page on its way to HTML.

    `key` begins each of its fragments, `down` is how many levels its headings
    go down, `ties` are a chapter's, by line. Who knows the book says where
    links lead, what images show and what a tie's lines are called.
    """

    def __init__(self, page: Page, key: str, down: int,
                 ties: Mapping[int, Sequence[Tie]]) -> None:
        self.page, self.key, self.down, self.ties = page, key, down, ties
        self.section = ""  # the heading that was last
        self.headings: list[tuple[int, str, str]] = []
        self.line = 0

    def link(self, line: int, target: str) -> str:
        """Return where a link of this line leads to."""
        raise NotImplementedError

    def image(self, line: int, span: Span) -> str:
        """Return an image as HTML."""
        raise NotImplementedError

    def named(self, tie: Tie) -> str:
        """Return what a tie's lines are called."""
        raise NotImplementedError

    def html(self) -> str:
        """Return the whole page."""
        return self.blocks(self.page.blocks)

    def blocks(self, blocks: Sequence[Block]) -> str:
        return "".join(map(self._tied, blocks))

    def _tied(self, block: Block) -> str:
        ties = self.ties.get(block.line, ()) if block.kind != "comment" else ()
        html = self.block(block)
        if not ties:
            return html
        links = "".join(f'<a href="#{tie.name}">{escape(self.named(tie))}</a>'
                        for tie in ties)
        return f'<div class="tied">{html}<p class="to">{links}</p></div>\n'

    def block(self, block: Block) -> str:
        """Return one block, by its kind."""
        self.line = block.line
        does: Callable[[Block], str] = getattr(self, f"_{block.kind}")
        return does(block)

    def _comment(self, block: Block) -> str:
        return ""

    def _heading(self, block: Block) -> str:
        level, name = block.level + self.down, slug(block.spans)
        self.section = plain(block.spans)
        place = self.key if block.level == 1 else f"{self.key}-{name}"
        self.headings.append((block.level, place, self.section))
        return f'<h{level} id="{place}">{self.spans(block.spans)}</h{level}>\n'

    def _paragraph(self, block: Block) -> str:
        if [span.kind for span in block.spans] == ["image"]:
            return self.image(block.line, block.spans[0])
        return f"<p>{self.spans(block.spans)}</p>\n"

    def _scrolled(self, name: str, inner: str) -> str:
        """Return what may be wider than the page, to be scrolled in it."""
        return f'<pre role="group" tabindex="0" aria-label="{name}">' \
               f"{inner}</pre>\n"

    def _fence(self, block: Block) -> str:
        language, words = block.info[0], dict(
            word.split("=") for word in block.info[1:])
        if language == "console":
            which = words.get("terminal", "1")
            name = f"Terminal {which}"
            typed = self._scrolled(name, _console(block.text))
            return (f'<figure class="terminal t{which}"><figcaption>{name}'
                    f"</figcaption>{typed}</figure>\n")
        if language == "diff":
            return self._scrolled("What changes", _diff(block.text))
        inner = "\n".join(highlighted(block.text)) if language == "c" \
            else escape(block.text)
        return self._scrolled("Code" if language == "c" else "Commands", inner)

    def _code(self, block: Block) -> str:
        return self._scrolled("Command line", escape(block.text))

    def _list(self, block: Block) -> str:
        tag = "ol" if block.start else "ul"
        start = f' start="{block.start}"' if block.start > 1 else ""
        items = "".join(f"<li>{self._item(item, block.loose)}</li>\n"
                        for item in block.items)
        return f"<{tag}{start}>\n{items}</{tag}>\n"

    def _item(self, blocks: Sequence[Block], loose: bool) -> str:
        if loose or blocks[0].kind != "paragraph":
            return self.blocks(blocks)
        return self.spans(blocks[0].spans) + self.blocks(blocks[1:])

    def _details(self, block: Block) -> str:
        return (f"<details><summary>{self.spans(block.spans)}</summary>\n"
                f"{self.blocks(block.children)}</details>\n")

    def _table(self, block: Block) -> str:
        head, *body = block.rows
        headless = not any(head)
        rows = "".join(f"<tr>{self._row(block, row)}</tr>\n" for row in body)
        heads = "".join(f'<th scope="col">{self.spans(cell)}</th>' if cell
                        else "<td></td>" for cell in head)
        top = "" if headless else f"<thead><tr>{heads}</tr></thead>\n"
        name = escape(self.section)
        kind = "wide matrix" if "cells.html#" in rows else "wide"
        return (f'<div class="{kind}" role="group" tabindex="0" '
                f'aria-label="{name}"><table><caption class="said">'
                f"{name}</caption>\n{top}<tbody>{rows}</tbody></table>"
                "</div>\n")

    def _row(self, block: Block, row: Sequence[tuple[Span, ...]]) -> str:
        cells = [f"<td>{self.cell(block, row, at)}</td>"
                 for at in range(len(row))]
        if row[0] and not block.rows[0][0]:
            cells[0] = f'<th scope="row">{self.spans(row[0])}</th>'
        return "".join(cells)

    def cell(self, block: Block, row: Sequence[tuple[Span, ...]], at: int
             ) -> str:
        """Return what stands in one cell of a table."""
        return self.spans(row[at])

    def spans(self, spans: Sequence[Span]) -> str:
        return "".join(map(self.span, spans))

    def span(self, span: Span) -> str:
        """Return one span, by its kind."""
        if span.kind == "text":
            return escape(span.text, False)
        if span.kind == "code":
            return f"<code>{escape(span.text, False)}</code>"
        if span.kind == "image":
            return self.image(self.line, span)
        if span.kind == "anchor":
            return f'<a id="{self.key}-{span.target}"></a>'
        inner = self.spans(span.children)
        if span.kind == "link":
            place = escape(self.link(self.line, span.target))
            return f'<a href="{place}">{inner}</a>'
        tag = {"strong": "strong", "emphasis": "em"}[span.kind]
        return f"<{tag}>{inner}</{tag}>"
