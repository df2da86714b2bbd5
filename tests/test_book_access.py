"""The book for those who hear the page, or see no colours."""

from __future__ import annotations

from pathlib import Path

import pytest

# --- for those who hear the page, or see no colours ------------------------

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
