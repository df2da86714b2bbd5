"""The book in small windows, in the one that it was made for, and on paper."""

from __future__ import annotations

import base64

import pytest

import pdf
from open_book import sources

# --- small windows, and the window that it was made for --------------------

WIDE = """
    const inside = (element) => {
      for (let at = element; at; at = at.parentElement) {
        if (at !== document.documentElement && at !== document.body
            && getComputedStyle(at).overflowX !== "visible") return at;
      }
    };
    const stray = [], unnamed = [];
    document.head.append(Object.assign(document.createElement("style"),
        {textContent: "* { content-visibility: visible !important }"}));
    for (const element of document.querySelectorAll("main *, header *")) {
      const box = element.getBoundingClientRect();
      if (box.width && box.right > innerWidth + 1 && !inside(element)) {
        stray.push(element.outerHTML.slice(0, 120));
      }
      if (element.scrollWidth > element.clientWidth + 1
          && /auto|scroll/.test(getComputedStyle(element).overflowX)
          && !(element.tabIndex === 0 && element.getAttribute("aria-label")
               && element.matches("pre, .source, .wide"))) {
        unnamed.push(element.outerHTML.slice(0, 120));
      }
    }
    return [document.documentElement.scrollWidth - innerWidth, stray,
            unnamed];"""


@pytest.mark.parametrize("width,height", [(360, 640), (800, 600), (960, 700),
                                          (1280, 800), (1920, 1080)])
def test_no_window_is_too_narrow_for_the_page(book, shelf, width, height):
    book.size(width, height)
    for name in ("book.html", "cells.html"):
        book.open((shelf / name).as_uri())
        over, stray, unnamed = book.run(WIDE)
        assert over <= 0 and stray == [] and unnamed == []


STOPS = """
    document.head.append(Object.assign(document.createElement("style"),
        {textContent: "* { content-visibility: visible !important }"}));
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const boxes = [...document.querySelectorAll("[role=group][tabindex]")]
          .filter((box) => box.clientWidth);
      const scrolled = (box) => box.scrollWidth > box.clientWidth;
      done([boxes.length, boxes.filter(scrolled).length, boxes.filter(
          (box) => scrolled(box) !== (box.tabIndex === 0)).length]);
    }));"""


def test_a_box_is_a_tab_stop_only_where_it_is_scrolled(book):
    """Else the keyboard would stop at hundreds that fit."""
    book.size(1280, 800)
    boxes, scrolled, wrong = book.wait(STOPS)
    assert scrolled < boxes / 4 and wrong == 0
    book.size(360, 640)
    boxes, more, wrong = book.wait(STOPS)
    assert more > scrolled and wrong == 0


def test_eighty_columns_of_code_fit_beside_the_notes(book):
    room, text = book.run("""
        const line = document.querySelector(".source > span");
        const source = line.parentElement;
        line.firstChild.after("x".repeat(80));
        line.firstChild.nextSibling.nextSibling.remove();
        const notes = document.querySelector(".chapter .notes p");
        return [source.clientWidth - source.scrollWidth,
            notes.getBoundingClientRect().right
                - source.getBoundingClientRect().left];""")
    assert room >= 0 and text < 0


@pytest.mark.parametrize("width", [1280, 1440, 1920])
def test_what_fits_eighty_columns_is_seen_whole_in_the_notes(book, width):
    """Terminals, quoted code and ladders; on a large screen too."""
    book.size(width, 800)
    cut = book.run("""
        const columns = (text) => Math.max(...text.split("\\n").map(
            (line) => [...line].length));
        return [...document.querySelectorAll(
            ".chapter .notes pre, .chapter .notes .ladder .wide")].filter(
            (one) => one.scrollWidth > one.clientWidth && (
                one.tagName !== "PRE" || columns(one.textContent) <= 80))
            .map((one) => one.textContent.slice(0, 300));""")
    assert cut == []


def test_in_a_narrow_window_the_programs_follow_the_notes(book):
    book.size(360, 640)
    below = book.run("""
        return [...document.querySelectorAll(".chapter")].every((chapter) =>
            chapter.querySelector(".pane").getBoundingClientRect().top
            > chapter.querySelector(".notes").getBoundingClientRect().bottom
                - 1);
        """)
    assert below


# --- on paper --------------------------------------------------------------

def test_nothing_is_wider_than_a_page_of_paper(book, shelf):
    """One wide table, and chromium prints all the rest as small as that."""
    book.size(695, 900)  # Letter without its margins
    for name in ("book.html", "cells.html"):
        book.open((shelf / name).as_uri())
        book.cdp("Emulation.setEmulatedMedia", media="print", features=[])
        assert book.run("""return [...document.querySelectorAll("main *")]
            .filter((one) => one.getBoundingClientRect().right > innerWidth)
            .map((one) => one.outerHTML.slice(0, 120))""") == []
    book.cdp("Emulation.setEmulatedMedia", media="", features=[])


def test_on_paper_everything_is_open_and_nothing_is_a_button(book):
    opened = "return [...document.querySelectorAll('details')].map((one) =>" \
             " one.open)"
    book.run("document.querySelector('.notes details').open = true")
    before = book.run(opened)
    printed = base64.b64decode(book.cdp(
        "Page.printToPDF", transferMode="ReturnAsBase64")["data"])
    assert book.run(opened) == before and True in before and False in before
    text = pdf.text(printed)
    for name, source in sources().items():
        for line in source.splitlines():
            assert pdf.bare(line) in text, (name, line)
    answers = book.run("""return [...document.querySelectorAll(
        ".notes details p")].map((one) => one.textContent)""")
    rows = book.run("""return [...document.querySelectorAll(
        ".ladder td > code")].map((one) => one.textContent)""")
    assert len(answers) > 20 and len(rows) > 20
    for words in map(pdf.bare, answers + rows):  # a page may end within
        assert any(words[:at] in text and words[at:] in text
                   for at in range(len(words), 0, -1)), words
    buttons = [words for words in ("FirstBack", "NextLast") if words in text]
    assert buttons == []  # pytest would compare all of the text, for minutes
