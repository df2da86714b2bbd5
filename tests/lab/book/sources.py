"""A source as HTML: lines numbered, what is new marked, the rest folded."""

from __future__ import annotations

import re
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Before:
    """The program that a source began as, and what that is called."""

    text: str
    title: str


def began_as(folder: Path) -> Optional[Path]:
    """Return the folder of the chapter that a chapter starts from."""
    number = chapters.number(folder)
    if number in chapters.ASIDES:
        return program.chapter(chapters.ASIDES[number])
    line = [one for one in program.chapters() if one == folder
            or chapters.number(one) not in chapters.ASIDES]
    at = line.index(folder)
    return line[at - 1] if at else None


def before(folder: Path, source: Path) -> Optional[Before]:
    """Return the file that a chapter's source began as a copy of.

    It is the naive one beside it, or the same file in the chapter before.
    """
    naive = source.with_name(f"naive-{source.name}")
    if naive.exists():
        return Before(naive.read_text(), naive.name)
    earlier = began_as(folder)
    path = earlier / source.relative_to(folder) if earlier else None
    if not path or not path.exists():
        return None
    return Before(path.read_text(), f"chapter {chapters.number(earlier)}")


def title(folder: Path, source: Path) -> str:
    """Return what a source is called in a chapter's notes."""
    top = folder if folder in source.parents else program.CHAPTERS
    return str(source.relative_to(top))


class Listing:
    """One source as a chapter shows it; `ties` are those that lead to it."""

    def __init__(self, folder: Path, source: Path, ties: Sequence[Tie]
                 ) -> None:
        self.folder, self.source = folder, source
        self.title = title(folder, source)
        self.id = f"{chapters.number(folder)}-{self.title}"
        self.ties = [tie for tie in ties if tie.source == source]
        self.text = source.read_text()
        self.lines = highlighted(self.text)[:-1]
        self.before = before(folder, source) \
            if folder in source.parents else None
        self.new: set[int] = set()
        self.gone: dict[int, list[str]] = {}  # by the line they stood above
        if self.before:
            self._compare(self.before.text)

    def _compare(self, old: str) -> None:
        was, now = old.splitlines(), self.text.splitlines()
        for what, a, b, c, d in SequenceMatcher(
                None, was, now, autojunk=False).get_opcodes():
            if what != "equal":
                self.new.update(range(c + 1, d + 1))
                self.gone[c + 1] = highlighted(old)[a:b]

    def unchanged(self) -> bool:
        """Whether this source is the one before, to the byte."""
        return bool(self.before) and self.text == self.before.text

    def _folds(self) -> Iterator[tuple[int, int, str]]:
        """Return what is folded: first line, last line, the words for it."""
        if not self.before:
            return
        tied = {n for t in self.ties for n in range(t.first, t.last + 1)}
        if self.unchanged() and not tied:
            yield 1, len(self.lines), "the whole file"
            return
        for match in FUNCTION.finditer(self.text):
            first = self.text.count("\n", 0, match.start()) + 1
            last = first + match[0].count("\n") - 1
            inside = set(range(first, last + 1))
            name = NAME.search(match[0])
            if last - first + 1 >= FOLDED and name \
                    and not inside & (tied | self.new | set(self.gone)):
                yield first, last, f"{name[1]}()"

    def _line(self, number: int) -> str:
        names = " ".join(tie.name for tie in self.ties
                         if tie.first <= number <= tie.last)
        tag = "ins" if number in self.new else "span"
        classes = f' class="{names}"' if names else ""
        anchors = "".join(f'<a id="{tie.name}"></a>' for tie in self.ties
                          if tie.first == number)
        gone = "".join(f'<del>{line or " "}\n</del>'
                       for line in self.gone.get(number, ()))
        return (f'{gone}{anchors}<{tag}{classes} id="{self.id}-{number}">'
                f'<a href="#{self.id}-{number}" tabindex="-1" '
                f'aria-hidden="true" data-n="{number}"></a>'
                f"{self.lines[number - 1]}\n</{tag}>")

    def html(self) -> str:
        """Return all lines; text in `del` and `summary` is not the file's."""
        parts = []
        folds = {first: (last, words) for first, last, words in self._folds()}
        until = 0
        for number in range(1, len(self.lines) + 1):
            if number in folds:
                until, words = folds[number]
                parts.append(f"<details><summary>{escape(words)}: "
                             f"{until - number + 1} lines, as in "
                             f"{self.before.title}</summary>")
            parts.append(self._line(number))
            if number == until:
                parts.append("</details>")
        parts += [f"<del>{line}\n</del>" for line in
                  self.gone.get(len(self.lines) + 1, ())]
        return "".join(parts)
