"""The book in a real browser: what is there, lit, copied and stepped through.

What a narrow window or paper make of it is in test_book_page, and how it is
heard in test_book_access.
"""

from __future__ import annotations

import re
import subprocess
import tarfile
from html import unescape
from typing import Any

import pytest

from lab import program
from lab.book import notes, pages
from lab.book.markdown import plain, read
from lab.book.ties import Ties
from lab.ladder.kept import kept
from open_book import sources

FIRST = program.chapters()[0].name[:2]


def passages() -> list[tuple[str, list[str]]]:
    """Return each tied passage: its first tie, and the ids of its lines."""
    found = []
    for folder in program.chapters():
        name = folder.name
        page = read((folder / "README.md").read_text(), name)
        for ties in Ties(page, name, folder).by_line.values():
            lines = []
            for tie in ties:
                lines += [f"{folder.name[:2]}-{tie.source}-{n}"
                          for n in range(tie.first, tie.last + 1)]
            found.append((ties[0].name, list(dict.fromkeys(lines))))
    return found


# --- one file, and nothing else --------------------------------------------

def test_nothing_is_fetched_and_nothing_is_complained_of(book, shelf):
    for name in ("book.html", "cells.html"):
        book.log("performance"), book.log("browser")
        book.open((shelf / name).as_uri())
        book.run("scrollTo(0, document.body.scrollHeight)")
        book.frames()
        asked = re.findall(r'"Network\.requestWillBeSent".*?"url":"([^"]+)"',
                           "\n".join(entry["message"] for entry
                                     in book.log("performance")))
        assert {url for url in asked if not url.startswith("data:")} == {
            (shelf / name).as_uri()}
        assert book.log("browser") == []


def test_every_link_leads_somewhere(shelf):
    texts = {path.name: path.read_text() for path in shelf.iterdir()}
    ids = {name: pages.ID.findall(text) for name, text in texts.items()}
    shipped = subprocess.run(["git", "ls-files"], cwd=program.ROOT, text=True,
                             capture_output=True, check=False).stdout.split()
    for name, text in texts.items():
        assert len(ids[name]) == len(set(ids[name]))
        for place in map(unescape, re.findall(r'href="([^"]*)"', text)):
            path, _, fragment = place.partition("#")
            if re.match(r"https?:|data:", place):
                continue
            assert not path.endswith(".md")
            if fragment:
                assert fragment in ids[path or name], place
            elif shipped and path not in texts:
                inside = (notes.BOOK / path).resolve().relative_to(
                    program.ROOT)
                assert any(file == str(inside)
                           or file.startswith(f"{inside}/")
                           for file in shipped), place


# --- the sources, to the byte ----------------------------------------------

OWN_TEXT = """
    const text = {};
    for (const source of document.querySelectorAll(".source")) {
      const copy = source.cloneNode(true);
      copy.querySelectorAll("del, summary").forEach((one) => one.remove());
      text[source.parentElement.id] = copy.textContent;
    }
    return text;"""


def test_each_source_is_its_file_byte_for_byte(book):
    shown = book.run(OWN_TEXT)
    assert sources().items() <= shown.items()
    for name in set(shown) - set(sources()):
        assert shown[name] == (program.CHAPTERS / name[3:]).read_text()


def test_copying_takes_the_file_alone(book):
    """By the keys that everybody uses, folded functions and all."""
    for name in ("03-server.c", "01-client.c", "02-client.c"):
        book.run("""
            const lines = document.getElementById(arguments[0])
                .querySelector(".source");
            getSelection().selectAllChildren(lines);
            lines.focus({preventScroll: true});""", name)
        book.press("\ue009", "c", held=True)
        pasted = book.run("""
            const paper = document.body.appendChild(
                document.createElement("textarea"));
            paper.focus();
            return true;""") and (book.press("\ue009", "v", held=True)
                                  or book.until("""
            const paper = document.querySelector("textarea");
            const text = paper.value;
            if (text) paper.remove();
            return text;"""))
        assert pasted == sources()[name]


def test_without_its_script_nothing_but_the_file_is_selected(book):
    selected = book.run("""
        const lines = document.getElementById("03-server.c")
            .querySelector(".source");
        for (const fold of lines.querySelectorAll("details")) fold.open = true;
        getSelection().selectAllChildren(lines);
        return getSelection().toString();""")
    assert selected.rstrip("\n") == sources()["03-server.c"].rstrip("\n")


# --- the passage that is read lights its lines, and no others --------------

LIT = """
    const lit = [...document.querySelectorAll(".lit")];
    const first = document.getElementById(arguments[0]);
    if (!lit.includes(first)) return {ids: lit.map((line) => line.id),
        seen: !first, page: scrollY};
    const pane = first.closest(".pane");
    const {bottom} = pane.getBoundingClientRect();
    const top = bottom - pane.clientHeight + pane.firstChild.offsetHeight;
    const at = first.getBoundingClientRect();
    const inside = (line) => line.top >= top - 1 && line.bottom <= bottom + 1;
    return {
      ids: lit.map((line) => line.id),
      seen: inside(at) && lit.every((other) => {
        const line = other.getBoundingClientRect();
        return inside(line) || Math.max(line.bottom, at.bottom)
            - Math.min(line.top, at.top) > bottom - top - 16;
      }),
      page: scrollY};"""
TO = """
    const passage = document.querySelector(`[href="#${arguments[0]}"]`)
        .closest(".tied");
    scrollTo(0, passage.getBoundingClientRect().top + scrollY
        - innerHeight * arguments[1]);
    return scrollY;"""


def lit(book, lines: list[str]) -> dict[str, Any]:
    """Wait until these lines are lit and seen; return what is.

    What is farther from the first than a pane is high can't be seen with it.
    """
    for _ in range(600):
        found = book.run(LIT, lines[0] if lines else "")
        if sorted(found["ids"]) == sorted(lines) and found["seen"]:
            return found
        book.frames(1)
    raise AssertionError(f"lit: {found}\nexpected: {lines}")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_the_passage_that_is_read_lights_exactly_its_lines(book, motion):
    book.media(prefers_color_scheme="light", prefers_reduced_motion=motion)
    assert len(passages()) >= len(program.chapters())
    for name, lines in passages():
        at = book.run(TO, name, .3)
        assert lit(book, lines)["page"] == at  # only the pane has moved


def test_what_is_lit_is_computed_anew_after_a_reload_and_a_jump(book):
    name, lines = passages()[len(passages()) // 2]
    at = book.run(TO, name, .3)
    lit(book, lines)
    book.reload()
    assert lit(book, lines)["page"] == at
    book.run("scrollTo(0, document.body.scrollHeight)")
    lit(book, [])
    book.run("scrollTo(0, 0)")
    lit(book, [])
    book.run(TO, name, .3)
    lit(book, lines)


def test_nothing_is_lit_for_a_passage_that_has_left_the_window(book):
    name, lines = passages()[-1]  # none comes after it
    book.run(TO, name, .3)
    lit(book, lines)
    book.run("""
        const passage = document.querySelector(`[href="#${arguments[0]}"]`)
            .closest(".tied");
        scrollBy(0, passage.getBoundingClientRect().bottom - 1)""", name)
    lit(book, lines)
    book.run("scrollBy(0, 2)")
    lit(book, [])


def test_a_passage_is_chosen_by_tab_and_by_click(book):
    for (before, _), (name, lines) in zip(passages(), passages()[1:]):
        if before.split("-")[0] != name.split("-")[0]:
            continue  # the programs of a chapter lie in between
        book.run(TO, name, .6)  # too low to be the one that is read
        book.run("""document.querySelector(`[href="#${arguments[0]}"]`)
            .focus({preventScroll: true})""", before)
        book.run("scrollBy(0, 1)")
        book.frames()
        for _ in range(60):  # links and scrolled blocks in between
            book.press("\ue004")
            if book.run("return document.activeElement.hash") == f"#{name}":
                break
        lit(book, lines)
    (other, _), (name, lines) = passages()[:2]
    book.run(TO, other, .3)
    book.run(TO, name, .6)
    at = book.run("return scrollY")
    book.click(f'[href="#{name}"]')
    assert lit(book, lines)["page"] == at
    name, lines = passages()[0]
    book.run(TO, name, .3)  # and whoever reads on has done with it
    lit(book, lines)


def test_the_bar_says_which_chapter_is_read(book):
    says = """
        const marked = document.querySelectorAll(".contents [aria-current]");
        return [document.querySelector(".here").textContent,
            [...marked].map((link) => link.textContent)];"""
    assert book.run(says) == ["", ["Half-close"]]
    book.run(TO, passages()[0][0], .3)
    book.frames()
    title = read((program.chapters()[0] / "README.md").read_text(), "")[0]
    assert book.run(says) == [plain(title.spans)] + [[plain(title.spans)]]


def test_the_list_of_files_moves_the_pane_alone(book):
    at = book.run(TO, passages()[0][0], .3)
    book.click(f'.pane nav [href="#{FIRST}-client.c"]')
    book.until("""
        const file = document.getElementById(arguments[0]);
        const pane = file.closest(".pane");
        return file.getBoundingClientRect().top
            < pane.getBoundingClientRect().top + 60;""",
               f"{FIRST}-client.c")
    assert book.run("return scrollY") == at


# --- HTML alone ------------------------------------------------------------

def test_without_script_everything_is_there_and_links_light_lines(
        book, shelf):
    text = "return document.body.textContent.replace(/\\s+/g, ' ')"
    rows = "return document.querySelectorAll('.ladder tr').length"
    whole = book.run("""
        document.querySelectorAll(".steps, .here").forEach((one) =>
            one.remove());""" + text)
    count = book.run(rows)
    book.cdp("Emulation.setScriptExecutionDisabled", value=True)
    name, lines = passages()[0]  # of one tie: each link lights its own
    book.open("about:blank")
    book.open((shelf / "book.html").as_uri() + f"#{name}")
    assert book.run("return document.documentElement.className") == ""
    assert book.run(text) == whole
    assert book.run(rows) == count > 0
    ground, others = book.run("""
        const at = (line) => getComputedStyle(line).backgroundColor;
        const is = arguments[0].map((id) => document.getElementById(id));
        return [[...new Set(is.map(at))],
            [...is[0].parentElement.querySelectorAll("[id]:not(a)")]
                .filter((line) => !is.includes(line)).map(at)];""", lines)
    assert len(ground) == 1 and ground[0] not in others


@pytest.mark.parametrize("off", [True, False])
def test_a_line_can_be_linked_to(book, shelf, off):
    book.cdp("Emulation.setScriptExecutionDisabled", value=off)
    book.open("about:blank")
    book.open((shelf / "book.html").as_uri() + f"#{FIRST}-client.c-9")
    is_, other, top, bottom = book.run("""
        const [line, next] = [9, 10].map((number) => document.getElementById(
            `${arguments[0]}-client.c-${number}`));
        const box = line.getBoundingClientRect();
        return [line, next].map((one) => getComputedStyle(one).backgroundColor)
            .concat([box.top, box.bottom - innerHeight]);""", FIRST)
    assert is_ != other and top > 0 and bottom < 0


# --- ladders, a step at a time ---------------------------------------------

STEPS = """
    const ladder = document.querySelectorAll(".ladder")[arguments[0]];
    const rows = [...ladder.querySelectorAll("tbody tr")];
    const is = rows.filter((row) => row.getAttribute("aria-current"));
    return {
      at: is.map((row) => [rows.indexOf(row),
                           row.getAttribute("aria-current")]),
      of: rows.length, said: ladder.querySelector("output").textContent,
      polite: ladder.querySelector("output").getAttribute("aria-live"),
      later: rows.filter((row) => row.classList.contains("later")).length,
      shown: rows.every((row) => row.offsetHeight > 0),
      moves: document.getAnimations().length};"""
PRESS = """
    [...document.querySelectorAll(".ladder")[arguments[0]]
        .querySelectorAll("button")].find((one) =>
            one.textContent === arguments[1]).click();"""


def test_each_ladder_is_stepped_through_and_back(book):
    drawn = [ladder for folder in program.chapters()
             for ladder in kept()["wires"].get(folder.name, [])]
    assert len(drawn) >= len(program.chapters())
    for number, ladder in enumerate(drawn):
        seen = [book.run(STEPS, number)]
        assert seen[0]["of"] == len(ladder["rows"])
        for _ in range(seen[0]["of"] - 1):
            book.run(PRESS, number, "Next")
            seen.append(book.run(STEPS, number))
        assert [now["at"] for now in seen] == [
            [[at, "step"]] for at in range(seen[0]["of"])]
        assert seen[-1]["later"] == 0 and seen[-1]["polite"] == "polite"
        for (left, arrow, right, out), now in zip(ladder["rows"][1:],
                                                  seen[1:]):
            assert now["shown"] and now["moves"] == 0
            assert not left or f"{ladder['left']}: {left[0]}" in now["said"]
            assert not right or f"{ladder['right']}: {right[0]}" \
                in now["said"]
            way = f"{ladder['left']} to {ladder['right']}: " if arrow \
                and arrow[2] else f"{ladder['right']} to {ladder['left']}: "
            assert not arrow or way + arrow[1] in now["said"]
        book.run(PRESS, number, "Back")
        assert book.run(STEPS, number) == seen[-2]
        book.run(PRESS, number, "First")
        assert book.run(STEPS, number)["at"] == [[0, "step"]]
        book.run(PRESS, number, "Last")
        assert book.run(STEPS, number) == seen[-1]


def test_no_ladder_starts_by_itself(book):
    added = book.cdp("Page.addScriptToEvaluateOnNewDocument", source="""
        setInterval = ((set) => (...words) => {
          window.started = true;
          return set(...words);
        })(setInterval);""")
    book.reload()
    book.cdp("Page.removeScriptToEvaluateOnNewDocument", **added)
    assert book.run("return document.readyState") == "complete"
    assert not book.run("return window.started")
    book.run(PRESS, 0, "Play")
    assert book.run("return window.started")


def test_a_ladder_plays_to_its_end_and_no_further(book):
    book.run("setInterval = ((set) => (does) => set(does, 5))(setInterval)")
    book.run(PRESS, 0, "Play")
    book.until("""return document.querySelector(".ladder tbody tr:last-child")
        .getAttribute("aria-current")""")
    names = "return [...document.querySelectorAll('.ladder')[0]" \
            ".querySelectorAll('button')].map((one) => one.textContent);"
    assert book.run(names) == ["First", "Back", "Next", "Last", "Play"]
    playing, paused, at = book.run(f"""
        const now = (does) => does.apply(null, arguments);
        now(function () {{{PRESS}}});
        const playing = now(function () {{{names}}});
        now(function () {{{PRESS.replace("arguments[1]", "arguments[2]")}}});
        return [playing, now(function () {{{names}}}),
                now(function () {{{STEPS}}}).at];""", 0, "Play", "Pause")
    assert (playing[-1], paused[-1]) == ("Pause", "Play")
    book.frames(5)
    assert book.run(STEPS, 0)["at"] == at


# --- the matrix ------------------------------------------------------------

def test_each_cell_leads_to_a_ladder_with_its_verdict(book, shelf):
    shown = book.run("""return [...document.querySelectorAll(".matrix td a")]
        .map((one) => [one.getAttribute("href"), one.textContent])""")
    assert len(shown) == len(kept()["cells"]) > 0
    book.open((shelf / "cells.html").as_uri())
    there = dict(book.run("""return [...document.querySelectorAll("section")]
        .filter((one) => one.querySelector(".ladder tbody tr")).map((one) =>
            [`cells.html#${one.id}`,
             one.querySelector(".verdict").textContent])"""))
    assert dict(shown) == there
    for place in (shown[len(shown) // 2][0], shown[-1][0]):
        book.open("about:blank")
        book.open(f"{shelf.as_uri()}/{place}")
        book.until("""
            const {top} = document.querySelector(":target")
                .getBoundingClientRect();
            return top >= 0 && top < innerHeight / 2;""")


# 10. Nothing is given away.

@pytest.mark.answers
def test_the_handouts_book_holds_no_solution(shelf, tmp_path):
    """Nor does ours, which is made of the same pages."""
    packed = tmp_path / "handout.tar.gz"
    subprocess.run(["make", "-s", "handout", f"OUT={packed}"], timeout=100,
                   cwd=program.ROOT, check=True, capture_output=True)
    with tarfile.open(packed) as archive:
        inside = [archive.extractfile(name).read().decode()
                  for name in archive.getnames()
                  if re.search(r"/chapters/book/\w+\.html$", name)]
    assert len(inside) == 2
    book = "".join(unescape(re.sub(r"<[^>]*>", "", text)) for text in (
        *inside, *(path.read_text() for path in shelf.iterdir())))
    given = "".join(path.read_text() for top in ("chapters", "tests/starters")
                    for path in (program.ROOT / top).glob("**/*.[ch]"))
    secret = [line for path in program.ROOT.glob("solutions/*/*.c")
              for line in path.read_text().splitlines()
              if len(line.strip()) > 30 and line not in given]
    assert len(secret) > 100
    assert [line for line in secret if line in book] == []
