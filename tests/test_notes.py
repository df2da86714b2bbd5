"""Nothing is claimed that is not run: README.md and the chapters' notes."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest

from lab import program, sandbox, transcript, wine
from lab.commands import wires

README = program.ROOT / "README.md"
SECTIONS = ["Predict", "Break it", "What happened", "The change", "Run it",
            "What still breaks", "Questions"]

TITLE = re.compile(r"^## (.+)$", re.M)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)|(?:src|href|srcset)=\"([^\"]+)\"")
FILE_NAME = re.compile(r"`([\w./-]+(?:\.(?:c|h|py|md|svg)|/))`")


def number(folder: Path) -> str:
    """Return the two digits a chapter's folder begins with."""
    return folder.name.split("-")[0]


each_chapter = pytest.mark.parametrize(
    "folder", [pytest.param(folder, id=number(folder),
                            marks=pytest.mark.chapter(number(folder)))
               for folder in program.chapters()])
each_page = pytest.mark.parametrize(
    "page", [pytest.param(README, id="README")] + [
        pytest.param(folder / "README.md", id=number(folder),
                     marks=pytest.mark.chapter(number(folder)))
        for folder in program.chapters()] + [
        pytest.param(page, id=page.parent.name) for page in
        sorted(program.ROOT.glob("exercises/**/README.md"))])


def without_blocks(text: str) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def skip_without_wine(folder: Path) -> None:
    """Skip what is about a chapter for Windows where that cannot run."""
    if wine.needed(folder) and wine.missing():
        pytest.skip(wine.missing())


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
    folder = kit / page.parent.relative_to(program.ROOT)
    for attempt in range(5):  # a ladder can differ once: see lab/commands/wires
        try:
            played = play(text, folder)
            break
        except transcript.Differs:
            if attempt == 4 or "make trace" not in text:
                raise
    if page.parent.parent == program.CHAPTERS:
        assert played


@each_chapter
def test_the_notes_stand_in_the_common_order(folder):
    assert TITLE.findall((folder / "README.md").read_text()) == SECTIONS


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
    """It is the same file a chapter earlier, or a naive one beside it."""
    before = program.chapters()[program.chapters().index(folder) - 1]
    fresh = []
    for source in sorted(folder.glob("*.c")):
        for earlier in (before / source.name, folder / f"naive-{source.name}"):
            if earlier.exists():
                old, new = (path.read_text().splitlines()
                            for path in (earlier, source))
                fresh.append("\n".join(
                    difflib.unified_diff(old, new, lineterm="")) + "\n")
    for block in transcript.blocks((folder / "README.md").read_text()):
        if block.language == "diff":
            assert any(block.text in diff for diff in fresh), \
                f"stands in no diff from before:\n{block.text}"


@each_chapter
@pytest.mark.namespaces
def test_the_drawn_wire_equals_a_fresh_capture(folder):
    skip_without_wine(folder)
    drawn = (folder / "wire.svg").read_text()
    seen = []
    while drawn not in seen and len(seen) < 8:
        seen.append(wires.drawn(folder))
    assert drawn in seen, f"{folder.name}/wire.svg: run `make wires`"


ANSWERS = ("solutions/", "tests/wrong/", "tests/right/", "tests/attacks/")


@each_page
def test_every_link_and_file_name_exists(page):
    text = without_blocks(page.read_text())
    for match in LINK.finditer(text):
        target = match[1] or match[2]
        if not re.match(r"https?:", target):
            assert (page.parent / target).exists(), f"broken link: {target}"
    handout = not (program.ROOT / ANSWERS[0]).exists()
    for name in FILE_NAME.findall(text):
        if handout and name.startswith(ANSWERS):
            continue
        places = [page.parent, program.ROOT, program.CHAPTERS,
                  program.ROOT / "tests"]
        assert any((place / name).exists() for place in places), \
            f"no such file: {name}"
