"""The book in a real browser: what is lit, stepped, read aloud and printed."""

from __future__ import annotations

import base64
import re
import subprocess
import tarfile
import unicodedata
import zlib
from html import unescape
from pathlib import Path
from typing import Any, Iterator

import pytest

import browser
from lab import program
from lab.book import notes, pages
from lab.book.markdown import plain, read
from lab.book.ties import Ties
from lab.ladder.kept import kept

FIRST = program.chapters()[0].name[:2]


@pytest.fixture(scope="session")
def chromium() -> Iterator[browser.Browser]:
    """One browser for all tests of this process; without it, one line."""
    if browser.missing():
        pytest.skip(browser.missing())
    with browser.Browser() as started:
        yield started


@pytest.fixture(scope="session")
def shelf(tmp_path_factory) -> Path:
    """A folder with a freshly made book in it."""
    folder = tmp_path_factory.mktemp("book")
    for name, text in pages.files().items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def book(chromium, shelf):
    """book.html, 1280 by 800, as it is when it has just been opened."""
    chromium.cdp("Emulation.setScriptExecutionDisabled", value=False)
    chromium.media(prefers_color_scheme="light",
                   prefers_reduced_motion="reduce")
    chromium.size(1280, 800)
    chromium.open("about:blank")
    chromium.open((shelf / "book.html").as_uri())
    return chromium


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


# 1. One file, and nothing else.

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


# 2. The sources, to the byte.

OWN_TEXT = """
    const text = {};
    for (const source of document.querySelectorAll(".source")) {
      const copy = source.cloneNode(true);
      copy.querySelectorAll("del, summary").forEach((one) => one.remove());
      text[source.parentElement.id] = copy.textContent;
    }
    return text;"""


def sources() -> dict[str, str]:
    """Return the text of each chapter's own sources, by their ids."""
    return {f"{folder.name[:2]}-{source.relative_to(folder)}":
            source.read_text() for folder in program.chapters()
            for source in folder.glob("**/*.[ch]")}


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


# 3. The passage that is read lights its lines, and no others.

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


# 4. HTML alone.

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


# 5. Ladders, a step at a time.

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


# 6. For those who hear the page, or see no colours.

def test_headings_tables_and_buttons_are_named(book, shelf):
    for name in ("book.html", "cells.html"):
        book.open((shelf / name).as_uri())
        levels = book.run("return [...document.querySelectorAll("
                          "'h1, h2, h3, h4, h5')].map((h) => +h.tagName[1])")
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(b <= a + 1 for a, b in zip(levels, levels[1:]))
        assert book.run("""return [...document.querySelectorAll("table")]
            .filter((table) => !table.querySelector("th")
                || !table.caption || !table.caption.textContent)
            .map((table) => table.outerHTML)""") == []
        tree = book.cdp("Accessibility.getFullAXTree")["nodes"]
        named = [node["name"]["value"] for node in tree
                 if node.get("role", {}).get("value") == "button"]
        assert named and all(named)


def axe() -> Path:
    """Return where npm has put axe-core, or skip."""
    for top in ("/usr/lib", "/usr/local/lib"):
        script = Path(top) / "node_modules/axe-core/axe.min.js"
        if script.exists():
            return script
    pytest.skip("no axe-core here: npm install -g axe-core")


def test_axe_finds_nothing(book, shelf):
    """Contrast apart, which is measured below: in both themes, and lit."""
    for name in ("book.html", "cells.html"):
        book.open((shelf / name).as_uri())
        book.run(axe().read_text())
        found = book.wait("""
            axe.run(document, {resultTypes: ["violations"],
                rules: {"color-contrast": {enabled: false}}}).then((all) =>
                done(all.violations.map((one) => [one.id, one.help,
                    one.nodes.length, one.nodes[0].html.slice(0, 300)])));""")
        assert found == []


INK = """
    const luminance = (rgb) => rgb.slice(0, 3).map((v) => v / 255).map((v) =>
        v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
    const parse = (color) => color.match(/[\\d.]+/g).map(Number);
    const clear = (color) => color.length > 3 && color[3] === 0;
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const color = parse(getComputedStyle(at).backgroundColor);
        if (!clear(color)) return color;
      }
      return [255, 255, 255];
    };
    const poor = new Map();
    let pairs = new Set();
    for (const element of document.querySelectorAll("body *")) {
      const speaks = element.dataset.n || [...element.childNodes].some(
          (node) => node.nodeType === 3 && node.data.trim());
      if (!speaks || element.tagName === "SCRIPT") continue;
      const colours = [parse(getComputedStyle(element).color)];
      for (const part of ["::before", "::after"]) {
        const style = getComputedStyle(element, part);
        if (style.content !== "none") colours.push(parse(style.color));
      }
      for (const colour of colours) {
        const [a, b] = [luminance(colour), luminance(ground(element))]
            .sort((x, y) => y - x);
        pairs.add(colour + "/" + ground(element));
        const ratio = (a + .05) / (b + .05);
        if (ratio < 4.5) {
          poor.set(`${colour} on ${ground(element)}`,
              `${ratio.toFixed(2)} ${element.outerHTML.slice(0, 80)}`);
        }
      }
    }
    return [pairs.size, [...poor]];"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_ink_stands_out_on_every_ground(book, scheme):
    book.media(prefers_color_scheme=scheme)
    states = ("", """document.querySelectorAll(".source > span, .source > ins")
            .forEach((line) => line.classList.add("lit"))""",
              """document.querySelectorAll(".ladder").forEach((one) =>
            one.querySelectorAll("button")[2].click())""")
    for state in states:
        book.run(state)
        pairs, poor = book.run(INK)
        assert pairs > 8
        assert poor == []


PAIRS = """
    const luminance = (rgb) => rgb.map((v) => v / 255).map((v) =>
        v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
    const probe = document.body.appendChild(document.createElement("p"));
    const value = (name) => {
      probe.style.color = `var(--${name})`;
      return luminance(getComputedStyle(probe).color.match(/\\d+/g)
          .map(Number));
    };
    const [inks, grounds] = arguments;
    return inks.flatMap((ink) => grounds.map((ground) => {
      const [a, b] = [value(ink), value(ground)].sort((x, y) => y - x);
      return [ink, ground, (a + .05) / (b + .05)];
    }));"""
TOKENS = ["ink", "quiet", "comment", "string", "directive", "keyword"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_token_can_stand_on_every_ground(book, scheme):
    """Whether or not some program has it there today."""
    book.media(prefers_color_scheme=scheme)
    pairs = book.run(PAIRS, TOKENS, ["code", "new", "gone", "lit"])
    assert len(pairs) == 24
    assert [pair for pair in pairs if pair[2] < 4.5] == []


def test_marks_do_not_depend_on_colour(book):
    new, gone, edge, wrong = book.run("""
        const content = (what, part) => getComputedStyle(
            document.querySelector(what), part).content;
        document.querySelector(".source > span").classList.add("lit");
        return [content(".source ins > a[data-n]", "::after"),
                content(".source > del", "::before"),
                getComputedStyle(document.querySelector(".lit")).boxShadow,
                content(".ladder .bad", "::after")];""")
    assert "+" in new and "−" in gone and "inset" in edge and "✗" in wrong


# 7. Small windows, and the window that it was made for.

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


# 8. On paper.

def pdf_text(pdf: bytes) -> str:
    """Return the text of a PDF as Skia writes it, without white space.

    Each font has a CMap to Unicode (PDF 1.7, 9.10.3); text is shown by glyph
    numbers of four digits.
    """
    found = dict(re.findall(rb"\n(\d+) 0 obj\n(.*?)\nendobj", pdf, re.S))

    def stream(body: bytes) -> bytes:
        head, found, rest = body.partition(b"stream\n")
        size = re.search(rb"/Length (\d+)", head)
        if not found or not size or b"/Subtype /Image" in head:
            return b""
        inner = rest[:int(size[1])]
        return zlib.decompress(inner) if b"FlateDecode" in head else inner

    def unicode(digits: bytes) -> str:
        return bytes.fromhex(digits.decode()).decode("utf-16-be")

    def cmap(body: bytes) -> dict[bytes, str]:
        table = {}
        for part in re.findall(rb"beginbfchar(.*?)endbfchar", body, re.S):
            for code, to in re.findall(rb"<(\w+)> <(\w+)>", part):
                table[code.upper()] = unicode(to)
        for part in re.findall(rb"beginbfrange(.*?)endbfrange", body, re.S):
            for low, high, to in re.findall(rb"<(\w+)> <(\w+)> <(\w+)>",
                                            part):
                for step in range(int(high, 16) - int(low, 16) + 1):
                    table[b"%04X" % (int(low, 16) + step)] = chr(
                        ord(unicode(to)) + step)
        return table

    fonts = {}
    for number, body in found.items():
        link = re.search(rb"/ToUnicode (\d+) 0 R", body)
        if link:
            fonts[b"F" + number] = cmap(stream(found[link[1]]))
    text = ""
    for body in found.values():
        font: dict[bytes, str] = {}
        for name, shown in re.findall(
                rb"/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)> Tj", stream(body)):
            font = fonts.get(name, {}) if name else font
            text += "".join(font.get(shown[at:at + 4].upper(), "")
                            for at in range(0, len(shown), 4))
    return bare(text)


def bare(text: str) -> str:
    """Return text without white space, and ligatures as letters."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


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
    pdf = base64.b64decode(book.cdp("Page.printToPDF",
                                    transferMode="ReturnAsBase64")["data"])
    assert book.run(opened) == before and True in before and False in before
    text = pdf_text(pdf)
    for name, source in sources().items():
        for line in source.splitlines():
            assert bare(line) in text, (name, line)
    answers = book.run("""return [...document.querySelectorAll(
        ".notes details p")].map((one) => one.textContent)""")
    rows = book.run("""return [...document.querySelectorAll(
        ".ladder td > code")].map((one) => one.textContent)""")
    assert len(answers) > 20 and len(rows) > 20
    for words in map(bare, answers + rows):  # a page may end within
        assert any(words[:at] in text and words[at:] in text
                   for at in range(len(words), 0, -1)), words
    buttons = [words for words in ("FirstBack", "NextLast") if words in text]
    assert buttons == []  # pytest would compare all of the text, for minutes


# 9. The matrix.

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
