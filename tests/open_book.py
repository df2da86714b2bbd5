"""The book, freshly made, in a window of a real browser: a plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

import browser
from lab import program
from lab.book import pages


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


def sources() -> dict[str, str]:
    """Return the text of each chapter's own sources, by their ids."""
    return {f"{folder.name[:2]}-{source.relative_to(folder)}":
            source.read_text() for folder in program.chapters()
            for source in folder.glob("**/*.[ch]")}
