"""Nothing is claimed that is not run: README.md and the chapters' notes."""

from __future__ import annotations

import difflib
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import Iterable, Iterator

import pytest

from lab import chapters, program, sandbox, scenario, transcript, wine
from lab.book.markdown import Span, everything, plain, read
from lab.book.notes import slug
from lab.commands import trace, wires
from lab.ladder import ladders, text
from lab.ladder.kept import as_kept, kept
from lab.meeting.pair import Pair, converse

README = program.ROOT / "README.md"
SECTIONS = ["Predict", "Break it", "What happened", "The change", "Run it",
            "What still breaks", "Questions"]

FILE_NAME = re.compile(r"[\w./-]+(?:\.(?:c|h|py|md|svg)|/)")


def number(folder: Path) -> str:
    """Return the two digits a chapter's folder begins with."""
    return folder.name.split("-")[0]


each_chapter = pytest.mark.parametrize(
    "folder", [pytest.param(folder, id=number(folder),
                            marks=pytest.mark.chapter(number(folder)))
               for folder in program.chapters()])
each_page = pytest.mark.parametrize(
    "page", [pytest.param(folder / "README.md", id=number(folder),
                          marks=pytest.mark.chapter(number(folder)))
             for folder in program.chapters()] + [
        pytest.param(page, id=str(page.relative_to(program.ROOT)))
        for page in [README, *sorted(program.ROOT.glob("tests/README.md")),
                     *sorted(program.CHAPTERS.glob("*.md")),
                     *sorted(program.CHAPTERS.glob("*/*/README.md")),
                     *sorted(program.ROOT.glob("exercises/**/*.md"))]])


def spans(page: Path, *kinds: str) -> Iterator[Span]:
    """Return all spans of some kinds in a page's running text."""
    def within(found: Iterable[Span]) -> Iterator[Span]:
        for span in found:
            if span.kind in kinds:
                yield span
            yield from within(span.children)

    for block in everything(read(page.read_text(), str(page))):
        for found in (block.spans, *(cell for row in block.rows
                                     for cell in row)):
            yield from within(found)


def headings(page: Path, *levels: int) -> list[str]:
    """Return the headings of these levels in a page."""
    return [plain(block.spans) for block in read(page.read_text(), str(page))
            if block.kind == "heading" and block.level in levels]


def skip_without_wine(folder: Path) -> None:
    """Skip what is about a chapter for Windows where that cannot run."""
    if wine.needed(folder) and wine.missing():
        pytest.skip(wine.missing())


def skip_without_guests(text: str) -> None:
    """Skip a page that types what is not installed here."""
    for tool in ("bash", "ss"):
        if f"$ {tool} " in text and not shutil.which(tool):
            pytest.skip(f"no {tool} here")


def play(text: str, folder: Path) -> int:
    """Type a page's console blocks; `wine` is there for those that use it."""
    if not wine.needed(folder):
        return transcript.play(text, folder)
    room = sandbox.Sandbox()
    with wine.Wine(room) as windows:
        return transcript.play(text, folder, room, windows.env)


@each_page
@pytest.mark.namespaces
def test_every_console_block_prints_what_it_shows(page, kit):
    skip_without_wine(page.parent)
    text = page.read_text()
    skip_without_guests(text)
    folder = kit / page.parent.relative_to(program.ROOT)
    for left in range(19, -1, -1):  # a ladder can differ: lab/commands/wires
        try:
            played = play(text, folder)
            break
        except transcript.Differs:
            if not left or "make trace" not in text:
                raise
    if page.parent.parent == program.CHAPTERS:
        assert played


@each_chapter
def test_the_notes_stand_in_the_common_order(folder):
    assert headings(folder / "README.md", 2) == SECTIONS


@each_page
def test_every_quoted_piece_of_code_stands_in_its_source(page):
    sources = {path: path.read_text()
               for path in program.ROOT.glob("chapters/**/*.[ch]")}
    for block in transcript.blocks(page.read_text()):
        if block.language == "c":
            assert any(block.text in text for text in sources.values()), \
                f"stands nowhere:\n{block.text}"


@each_chapter
def test_every_printed_diff_is_the_one_to_the_program_before(folder):
    fresh = []
    for source in sorted(folder.glob("*.c")):
        earlier = chapters.began_as(folder, source)
        if earlier:
            old, new = (path.read_text().splitlines()
                        for path in (earlier, source))
            fresh.append("\n".join(
                difflib.unified_diff(old, new, lineterm="")) + "\n")
    for block in transcript.blocks((folder / "README.md").read_text()):
        if block.language == "diff":
            assert any(block.text in diff for diff in fresh), \
                f"stands in no diff from before:\n{block.text}"


def conversations(folder: Path) -> list[str]:
    """Draw what a chapter's programs do now, for a failing assertion."""
    number = chapters.number(folder)
    return [text.text(drawn, text.Style()) for way in chapters.ways(folder)
            for drawn in ladders(converse(Pair.of(number, way)), way.name)]


@each_chapter
@pytest.mark.namespaces
def test_the_drawn_wire_equals_a_fresh_capture(folder):
    skip_without_wine(folder)
    drawn = kept()["wires"][folder.name]  # the same: test_book_weaving.py
    missing = drawn
    for _ in range(40):  # one in four, at the least, is as most are
        fresh = list(map(as_kept, wires.captured(folder)))
        assert [ladder["title"] for ladder in fresh] \
            == [ladder["title"] for ladder in drawn]
        missing = [ladder for ladder in missing if ladder not in fresh]
        if not missing:
            break
    assert not missing, "wire.svg draws otherwise than it is now: " \
        + ", ".join(ladder["title"] for ladder in missing) + "\n" \
        + "\n".join(conversations(folder))


ANSWERS = ("solutions/", "tests/wrong/", "tests/right/", "tests/attacks/")


@each_page
def test_every_link_and_file_name_exists(page):
    for span in spans(page, "link", "image"):
        target, _, anchor = span.target.partition("#")
        if not re.match(r"https?:", target):
            there = page.parent / target if target else page
            assert there.exists(), f"broken link: {target}"
            assert not anchor or anchor in map(slug, headings(
                there, 1, 2, 3)), f"broken link: {span.target}"
    handout = not (program.ROOT / ANSWERS[0]).exists()
    for name in (span.text for span in spans(page, "code")):
        if not FILE_NAME.fullmatch(name) \
                or handout and name.startswith(ANSWERS):
            continue
        places = [page.parent, program.ROOT, program.CHAPTERS,
                  program.ROOT / "tests"]
        assert any((place / name).exists() for place in places), \
            f"no such file: {name}"


# --- what a page tells the reader to type ----------------------------------

EXERCISE = ("check", "trace-check", "watch", "hint", "reset")


def commands(page: Path) -> list[list[str]]:
    """Return the words after `make`, of each that stands in a page."""
    lines = [span.text[4:] for span in spans(page, "code")
             if re.match("make( |$)", span.text)]
    for block in transcript.blocks(page.read_text()):
        start = {"console": r"^\$ ", "sh": "^"}.get(block.language)
        if start is not None:
            lines += re.findall(start + r"make( .+)?$", block.text, re.M)
    return [shlex.split(re.split(r"[|&]", line)[0], comments=True)
            for line in lines]


def refuse(words: list[str]) -> None:
    """Fail unless make, at the top, knows these words."""
    asked = dict(word.split("=", 1) for word in words if "=" in word)
    makefile = (program.ROOT / "Makefile").read_text()
    targets = re.findall(r"^([^\s:=#]+):", makefile, re.M)
    for word in (word for word in words if "=" not in word):
        name, _, digits = word.rpartition("-")
        if word in targets or word == "NN":
            continue
        if not name:
            program.chapter(word)
            continue
        assert f"{name}-%" in targets, f"no such target: {word}"
        if digits == "NN" or "{" in digits:
            continue
        folder = next((program.ROOT / "exercises").glob(f"{digits}-*")) \
            if name in EXERCISE else program.chapter(digits)
        if "PEER" in asked:
            scenario.scenario(asked["PEER"])
            trace.pair_of(folder, asked.get("HOW", ""))
        elif "HOW" in asked:
            assert asked["HOW"] in [w.name for w in chapters.ways(folder)]


@each_page
def test_every_make_command_works_where_the_reader_stands(page):
    """In a chapter's own folder; with all other pages, at the top."""
    for words in commands(page):
        if words and program.CHAPTERS in page.parent.parents:
            top = os.path.relpath(program.ROOT, page.parent)
            assert words[:3] == ["-s", "-C", top], words
            words = words[3:]
        refuse([word for word in words if word != "-s"])


def test_each_word_is_linked_from_a_chapter():
    linked = {span.target for folder in program.chapters()
              for span in spans(folder / "README.md", "link")}
    words = map(slug, headings(program.CHAPTERS / "WORDS.md", 3))
    missing = [word for word in words if f"../WORDS.md#{word}" not in linked]
    assert not missing, f"linked from no chapter: {missing}"


@pytest.mark.parametrize("page", ["WORDS.md", "CALLS.md"])
def test_the_pages_beside_the_chapters_are_linked_from_the_first(page):
    assert f"](chapters/{page})" in README.read_text()


def test_every_make_command_that_the_bench_names_is_one():
    for source in (program.ROOT / "tests" / "lab").rglob("*.py"):
        for line in re.findall(r"`make ([a-z][^`\n]*)`", source.read_text()):
            refuse(shlex.split(line))


def minutes(page: str) -> str:
    """Return the minutes that a chapter's page promises, "" for none."""
    match = re.search(r"^\*(\d+) minutes[.,]", page, re.M)
    return match[1] if match else ""


@each_chapter
def test_the_first_page_promises_the_same_minutes_as_the_chapter(folder):
    page = f"chapters/{folder.name}/README.md"
    row = re.search(rf"^\| \[\d\d\]\({page}\).* (\d+) \|$",
                    README.read_text(), re.M)
    assert row, f"no line for {folder.name}"
    promised = minutes((program.ROOT / page).read_text())
    assert promised == row[1]
