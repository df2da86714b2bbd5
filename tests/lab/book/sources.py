"""A source as HTML: lines numbered, what is new marked, the rest folded."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from html import escape
from pathlib import Path
from typing import Iterator, Optional, Sequence

from .. import chapters, program
from .highlight import lines as highlighted
from .ties import Tie

FOLDED = 12  # unchanged functions of so many lines and more
FUNCTION = re.compile(r"^(?:[\w*][^\n;{}=]*\n)+\{\n.*?^\}\n", re.S | re.M)
NAME = re.compile(r"^\**(\w+)\(", re.M)


def began_as(folder: Path) -> Optional[Path]:
    """Return the folder of the chapter that a chapter starts from."""
    number = chapters.number(folder)
    if number in chapters.ASIDES:
        return program.chapter(chapters.ASIDES[number])
    earlier = [one for one in program.chapters() if one < folder
               and chapters.number(one) not in chapters.ASIDES]
    return earlier[-1] if earlier else None


def before(folder: Path, source: Path) -> Optional[Path]:
    """Return the file that a chapter's source began as a copy of.

    It is the naive one beside it, or the same file in the chapter before.
    """
    naive, earlier = source.with_name(f"naive-{source.name}"), began_as(folder)
    if naive.exists():
        return naive
    path = earlier / source.relative_to(folder) \
        if earlier and folder in source.parents else None
    return path if path and path.exists() else None


def title(folder: Path, source: Path) -> str:
    """Return what a source is called in a chapter's notes."""
    top = folder if folder in source.parents else program.CHAPTERS
    return str(source.relative_to(top))


class Listing:
    """One source as a chapter shows it; `ties` are all of the chapter's."""

    def __init__(self, folder: Path, source: Path, ties: Sequence[Tie]
                 ) -> None:
        self.title = title(folder, source)
        self.id = f"{chapters.number(folder)}-{self.title}"
        self.ties = [tie for tie in ties if tie.source == source]
        self.text = source.read_text()
        self.lines = highlighted(self.text)[:-1]
        self.new: set[int] = set()
        self.gone: dict[int, list[str]] = {}  # by the line they stood above
        self.since = ""  # what it is compared with, if it is
        old = before(folder, source)
        if old:
            self.since = old.name if old.parent == folder \
                else f"chapter {chapters.number(began_as(folder) or old)}"
            self._compare(old.read_text())

    def _compare(self, old: str) -> None:
        was, now = old.splitlines(), self.text.splitlines()
        for what, a, b, c, d in SequenceMatcher(
                None, was, now, autojunk=False).get_opcodes():
            if what != "equal":
                self.new.update(range(c + 1, d + 1))
                self.gone[c + 1] = highlighted(old)[a:b]

    def changed(self) -> str:
        """Say how it differs from what it is compared with."""
        if not self.since:
            return ""
        return f"changes since {self.since}: + new, − gone" \
            if self.new or self.gone else f"unchanged since {self.since}"

    def _folds(self) -> Iterator[tuple[int, int, str]]:
        """Return what is folded: first line, last line, the words for it."""
        busy = self.new | set(self.gone) | {
            n for tie in self.ties for n in range(tie.first, tie.last + 1)}
        if not busy:
            yield 1, len(self.lines), "the whole file"
            return
        for match in FUNCTION.finditer(self.text):
            first = self.text.count("\n", 0, match.start()) + 1
            count, name = match[0].count("\n"), NAME.search(match[0])
            if count >= FOLDED and name \
                    and busy.isdisjoint(range(first, first + count)):
                yield first, first + count - 1, f"{name[1]}()"

    def _line(self, number: int) -> str:
        names = " ".join(tie.name for tie in self.ties
                         if tie.first <= number <= tie.last)
        tag = "ins" if number in self.new else "span"
        classes = f' class="{names}"' if names else ""
        anchors = "".join(f'<a id="{tie.name}"></a>' for tie in self.ties
                          if tie.first == number)
        return (f'{anchors}<{tag}{classes} id="{self.id}-{number}">'
                f'<a href="#{self.id}-{number}" tabindex="-1" '
                f'aria-hidden="true" data-n="{number}"></a>'
                f"{self.lines[number - 1]}\n</{tag}>")

    def html(self) -> str:
        """Return all lines; text in `del` and `summary` is not the file's."""
        parts, until = [], 0
        folds = {first: (last, words) for first, last, words in self._folds()
                 if self.since}
        for number in range(1, len(self.lines) + 2):
            parts += [f"<del>{line or ' '}\n</del>"
                      for line in self.gone.get(number, ())]
            if number in folds:
                until, words = folds[number]
                parts.append(f"<details><summary>{escape(words)}: "
                             f"{until - number + 1} lines, as in {self.since}"
                             "</summary>")
            if number <= len(self.lines):
                parts.append(self._line(number))
            parts += ["</details>"] if number == until else []
        return "".join(parts)
