"""make book, make read: notes and code side by side, in any browser."""

from __future__ import annotations

import sys
import webbrowser

from ..book.markdown import Broken
from ..book.notes import BOOK
from ..book.pages import files


def main(_: list[str]) -> int:
    """book: written into chapters/book/, each page a file of its own."""
    try:
        made = files()
    except Broken as error:
        print(f"book: {error}", file=sys.stderr)
        return 1
    BOOK.mkdir(exist_ok=True)
    for name, text in made.items():
        (BOOK / name).write_text(text, encoding="utf-8")
    print(BOOK / "book.html")
    return 0


def read(_: list[str]) -> int:
    """read: make the book and open it; its address is printed."""
    status = main([])
    if status == 0 and not webbrowser.open((BOOK / "book.html").as_uri()):
        print("read: no browser here: open it in yours", file=sys.stderr)
    return status
