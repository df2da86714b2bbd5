"""Pages, programs and ladders are woven together, or the build says why not.

What only a browser can tell is in test_book_browser, _page and _access.
"""

from __future__ import annotations

import re
import subprocess
from html import unescape

import pytest

from lab import chapters, matrix, program
from lab.book import pages
from lab.book.markdown import Broken, everything, read
from lab.book.sources import FUNCTION, Listing, highlighted
from lab.book.ties import Ties, sources
from lab.commands import wires
from lab.ladder import Arrow, Event, Ladder, Row
from lab.ladder.kept import Kept, kept

FOLDER = program.chapter("03")
SERVER = FOLDER / "server.c"
SOURCES = sorted(program.CHAPTERS.glob("**/*.[ch]"))


def ties(text: str) -> list[tuple[str, int, int]]:
    """Return what the ties of a page of chapter 03 lead to."""
    found = Ties(read(text, "page.md"), "page.md", FOLDER)
    return [(tie.source, tie.first, tie.last) for tie in found.all()]


def line(of: str) -> int:
    """Return the number of the one line of chapter 03's server."""
    found = [number for number, text in enumerate(
        SERVER.read_text().splitlines(), 1) if of in text]
    assert len(found) == 1
    return found[0]


NAME = "server.c"


def test_a_quoted_block_finds_its_lines():
    quoted = "```c\n        err(1, \"shutdown to client\");\n" \
             "    hear_thanks(conn);\n```\n"
    at = line("shutdown to client")
    assert ties(quoted) == [(NAME, at, at + 1)]


def test_a_diff_is_tied_to_what_is_there_now():
    at = line("    hear_thanks(conn);")
    assert ties("```diff\n-    gone(conn);\n+    hear_thanks(conn);\n"
                "     if (close(conn) == -1)\n```\n") == [(NAME, at, at + 1)]


def test_a_comment_ties_the_paragraph_below_it():
    first, last = line("    if (shutdown(conn"), line("shutdown to client")
    assert ties("<!-- code: server.c /if (shutdown(/../to client/ -->\nText.\n"
                ) == [(NAME, first, last)]
    assert ties("- <!-- code: server.c /if (shutdown(/ -->\n\n  Text.\n"
                ) == [(NAME, first, first)]


def test_a_text_after_a_caret_begins_its_line():
    at = line("send_file(int conn")
    assert ties("<!-- code: server.c /^send_file(/ -->\nText.\n") == [
        (NAME, at, at)]


def test_a_comment_says_which_file_a_block_is_quoted_from():
    quoted = "```c\nint\nmain(int argc, char *argv[])\n```\n"
    with pytest.raises(Broken, match="stand in 2 places"):
        ties(quoted)
    at = line("main(int argc")
    assert ties("<!-- code: server.c -->\n" + quoted) == [(NAME, at - 1, at)]


def test_what_chapters_share_is_tied_too():
    (name, first, last), = ties(
        '<!-- code: common/net.c /#include "net.h"/ -->\nText.\n')
    assert (name, first) == ("common/net.c", last)


@pytest.mark.parametrize("text,number", [
    ("Text.\n\n```c\nnowhere();\n```\n", 3),
    ("```c\n    return 0;\n}\n\n```\n", 1),
    ("<!-- code: server.c /nowhere/ -->\nText.\n", 2),
    ("<!-- code: server.c /conn/ -->\nText.\n", 2),
    ("<!-- code: server.c /if (shutdown(/../nowhere/ -->\nText.\n", 2),
    ("<!-- code: other.c /x/ -->\nText.\n", 1),
    ("<!-- code: ../02-wait-forever/server.c /main/ -->\nText.\n", 1),
    ("<!-- code: server.c -->\nText.\n", 1),
    ("\n<!-- code server.c /x/ -->\nText.\n", 2),
])
def test_a_passage_without_its_lines_is_refused_by_its_line(text, number):
    with pytest.raises(Broken, match=rf"^page\.md:{number}: \w"):
        ties(text)


def test_a_tie_with_nothing_below_it_is_refused():
    with pytest.raises(Broken, match="nothing is below"):
        ties("Text.\n\n<!-- code: server.c /if (shutdown(/ -->\n")


def test_all_quoted_code_of_all_chapters_is_tied():
    for folder in program.chapters():
        name = folder.name
        page = read((folder / "README.md").read_text(), name)
        tied = Ties(page, name, folder).by_line
        for block in everything(page):
            if block.kind == "fence" and block.info[0] in ("c", "diff"):
                assert block.line in tied, (folder.name, block.line)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(
    path.relative_to(program.CHAPTERS)))
def test_highlighting_changes_no_character(source):
    html = "\n".join(highlighted(source.read_text()))
    assert plain(html) == source.read_text()
    for each in html.split("\n"):
        assert each.count("<span") == each.count("</span>")


def test_each_kind_of_token_is_marked():
    assert highlighted('#define A 1 /* "c" */\nint x = \'"\'; // if\n'
                           's = "/*\\"" + iffy;') == [
        '<span class="directive">#define A 1 </span>'
        '<span class="comment">/* "c" */</span>',
        '<span class="keyword">int</span> x = <span class="string">\'"\''
        '</span>; <span class="comment">// if</span>',
        's = <span class="string">"/*\\""</span> + iffy;']


def plain(html: str) -> str:
    """Return what HTML says."""
    return unescape(re.sub(r"<[^>]*>", "", html))


STARTS = {"02": "01", "03": "02", "04": "03", "05": "03", "06": "05",
          "07": "06", "08": "07", "09": "08", "10": "08", "11": "05",
          "12": "10", "13": "12", "14": "13", "15": "03"}
COMPARED = [(folder, source) for folder in program.chapters()
            for source in sorted(folder.glob("*.c"))
            if chapters.began_as(folder, source)]


def test_each_program_is_compared_with_the_chapter_it_starts_from():
    for folder in program.chapters()[1:]:
        start = program.chapter(STARTS[chapters.number(folder)])
        for source in folder.glob("*.c"):
            naive, old = folder / f"naive-{source.name}", start / source.name
            assert chapters.began_as(folder, source) == (
                naive if naive.exists() else old if old.exists() else None)
    assert "changes since chapter 10: + new, − gone" in \
        pages.files()["book.html"]


@pytest.mark.parametrize("folder,source", COMPARED, ids=[
    f"{folder.name[:2]}-{source.name}" for folder, source in COMPARED])
def test_what_is_new_and_gone_makes_one_program_of_the_other(folder, source):
    before = chapters.began_as(folder, source)
    old = before.read_text()
    listing = Listing(folder, source.name, [])
    rebuilt = []
    for at, text in enumerate([*listing.text.splitlines(), ""], 1):
        rebuilt += map(plain, listing.gone.get(at, []))
        rebuilt += [text] if at not in listing.new else []
    assert rebuilt[:-1] == old.splitlines()
    assert not listing.new & {at - 1 for at in listing.gone}  # first gone
    said = subprocess.run(
        ["diff", "--minimal", before, source],
        capture_output=True, text=True, check=False).stdout
    changed = len(listing.new) + sum(map(len, listing.gone.values()))
    assert changed <= 1.25 * len(re.findall("^[<>]", said, re.M))


def test_what_another_function_was_is_not_mixed_with_what_came():
    """Chapter 12's server has other functions than chapter 10's."""
    folder = program.chapter("12")
    listing = Listing(folder, "server.c", [])
    for match in FUNCTION.finditer(listing.text):
        first = listing.text.count("\n", 0, match.start()) + 1
        lines = range(first, first + match[0].count("\n"))
        if re.search(r"^(drop|hear|proceed)\(", match[0], re.M):
            assert listing.new.issuperset(lines), match[0]
            assert not listing.gone.keys() & set(lines[1:]), match[0]


def test_a_long_function_is_folded_unless_it_is_new_or_tied():
    plain = Listing(FOLDER, NAME, []).html()
    assert "<summary>send_file(): " in plain
    assert "<summary>main(): " not in plain
    tie = Ties(read("<!-- code: server.c /sent < n/ -->\nText.\n", "page"),
               "page", FOLDER)
    assert "<summary>send_file(): " not in Listing(
        FOLDER, NAME, tie.all()).html()


def test_the_same_input_gives_the_same_bytes():
    assert pages.files() == pages.files()


def test_every_chapter_and_its_programs_are_in_the_book():
    html = pages.files()["book.html"]
    for folder in program.chapters():
        number = folder.name.split("-")[0]
        assert f'<h2 id="{number}">' in html
        for name in sources(folder):
            assert name.startswith("common/") \
                or f'<section id="{number}-{name}">' in html


@pytest.mark.parametrize("text,why", [
    ("# A\n\n[x](NOWHERE.md)\n", ":3: leads nowhere: NOWHERE.md"),
    ("# A\n\n[x](HINTS.md)\n", ":3: leads nowhere: HINTS.md"),
    ("# A\n\n[x](#nowhere)\n", ":3: nothing here is #"),
    ("# A\n\n![x](nowhere.svg)\n", ":3: no such picture: nowhere.svg"),
    ("# A\n\n## B\n\n## B\n", ":5: a second heading: B"),
    ("# A\n\n> b\n", ":3: none of ours: a block that begins with >"),
])
def test_a_broken_page_fails_the_build_in_one_line(kit, make, text, why):
    page = kit / "exercises" / "01-return-the-thanks" / "README.md"
    page.write_text(text)
    done = make("book", at=kit)
    assert done.returncode != 0
    said = done.stderr.splitlines()[0]
    assert said.startswith("book: ") and why in said


def test_each_cell_of_the_matrix_has_ladders_of_its_verdict():
    """The table is README.md's, which is checked against a fresh run."""
    shown = [[cell.strip().strip("*") for cell in row.split("|")[1:-1]]
             for row in matrix.shown().splitlines()[1:-1]]
    heads = [re.sub(r" \(\d+\)$", "", head) for head in shown[0]]
    table = {(row[0], head): cell for row in shown[2:]
             for head, cell in zip(heads[1:], row[1:])}
    cells = {(cell["row"], cell["title"]): cell
             for cell in kept()["cells"].values()}
    assert {at: cell["verdict"] for at, cell in cells.items()} == table
    assert all(cell["ladders"] and ladder["rows"] for cell in cells.values()
               for ladder in cell["ladders"])


def rebuilt(ladder: Kept) -> Ladder:
    """Return a ladder as it was before it was kept."""
    return Ladder(ladder["title"], tuple(
        Row(None, left and Event(*left), arrow and Arrow(*arrow),
            right and Event(*right), out)
        for left, arrow, right, out in ladder["rows"]), True,
        left=ladder["left"], right=ladder["right"])


def test_the_kept_ladders_are_those_of_the_drawn_wires():
    """The pictures are checked against fresh captures."""
    shown = kept()["wires"]
    assert list(shown) == [folder.name for folder in program.chapters()]
    for folder in program.chapters():
        assert wires.drawn(folder, list(map(rebuilt, shown[folder.name]))) \
            == (folder / "wire.svg").read_text()
