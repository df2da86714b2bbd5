"""A source as HTML: lines numbered, what is new marked, the rest folded."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from html import escape
from pathlib import Path
from typing import Iterator, Sequence

from .. import chapters
from .ties import Tie, sources

FOLDED = 12  # unchanged functions of so many lines and more
BARE = re.compile(r"[\s{}]*|(static )?(void|int|bool)")
FEW = 4  # changed lines about each bare one that stayed
FUNCTION = re.compile(r"^(?:[\w*][^\n;{}=]*\n)+\{\n.*?^\}\n", re.S | re.M)
NAME = re.compile(r"^\**(\w+)\(", re.M)
KEYWORDS = """auto break case char const continue default do double else enum
extern float for goto if inline int long register restrict return short signed
sizeof static struct switch typedef union unsigned void volatile while
_Bool _Noreturn _Static_assert NULL""".split()
TOKEN = re.compile(
    r"(?P<comment>/\*.*?\*/|//[^\n]*)"
    r"|(?P<string>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|(?P<directive>^[ \t]*#(?:\\\n|/(?![*/])|[^\n/])*)"
    rf"|\b(?P<keyword>{'|'.join(KEYWORDS)})\b", re.S | re.M)


def highlighted(source: str) -> list[str]:
    """Return each line of C as HTML, without its newline."""
    def marked(token: re.Match[str]) -> str:
        return "\n".join(part and f'<span class="{token.lastgroup}">{part}'
                         "</span>" for part in token[0].split("\n"))
    return TOKEN.sub(marked, escape(source, False)).split("\n")


def shared(was: list[str], now: list[str]) -> Iterator[tuple[int, int, int]]:
    """Return the runs of lines that stayed: where in each text, how many.

    Braces that two other functions have in common did not stay. The last run
    has no line.
    """
    runs = SequenceMatcher(None, was, now, False).get_matching_blocks()
    ends = 0  # of the last run, in both texts together
    for (a, b, size), (later_a, later_b, _) in zip(runs, runs[1:] + runs[-1:]):
        changed = later_a + later_b - ends - 2 * size
        if size == 0 or changed < FEW * size or not all(
                BARE.fullmatch(line) for line in was[a:a + size]):
            yield a, b, size
            ends = a + b + 2 * size


class Listing:
    """One source as a chapter shows it; `ties` are all of the chapter's."""

    def __init__(self, folder: Path, name: str, ties: Sequence[Tie]) -> None:
        source = sources(folder)[name]
        self.name, self.id = name, f"{chapters.number(folder)}-{name}"
        self.ties = [tie for tie in ties if tie.source == name]
        self.text = source.read_text()
        self.new: set[int] = set()
        self.gone: dict[int, list[str]] = {}  # by the line they stood above
        self.since = ""  # what it is compared with, if it is
        old = chapters.began_as(folder, source)
        if old:
            self.since = old.name if old.parent == source.parent \
                else f"chapter {chapters.number(old.parent)}"
            was, lines, a, c = old.read_text(), self.text.splitlines(), 0, 0
            for b, d, size in shared(was.splitlines(), lines):
                self.new.update(range(c + 1, d + 1))
                if a < b:
                    self.gone[c + 1] = highlighted(was)[a:b]
                a, c = b + size, d + size

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
        if self.since and not busy:
            yield 1, self.text.count("\n"), "the whole file"
        for match in FUNCTION.finditer(self.text if busy else ""):
            first = self.text.count("\n", 0, match.start()) + 1
            count, name = match[0].count("\n"), NAME.search(match[0])
            if self.since and count >= FOLDED and name \
                    and busy.isdisjoint(range(first, first + count)):
                yield first, first + count - 1, f"{name[1]}()"

    def _line(self, number: int, text: str) -> str:
        of = [tie for tie in self.ties if tie.first <= number <= tie.last]
        names = f' class="{" ".join(tie.name for tie in of)}"' if of else ""
        anchors = "".join(f'<a id="{tie.name}"></a>' for tie in of
                          if tie.first == number)
        tag, place = "ins" if number in self.new else "span", \
            f"{self.id}-{number}"
        return (f'{anchors}<{tag}{names} id="{place}"><a href="#{place}" '
                f'tabindex="-1" aria-hidden="true" data-n="{number}"></a>'
                f"{text}\n</{tag}>")

    def html(self) -> str:
        """Return all lines; text in `del` and `summary` is not the file's."""
        lines = [self._line(number, text) for number, text
                 in enumerate(highlighted(self.text)[:-1], 1)] + [""]
        for first, last, words in self._folds():
            lines[first - 1] = (
                f"<details><summary>{escape(words)}: {last - first + 1} lines,"
                f" as in {self.since}</summary>{lines[first - 1]}")
            lines[last - 1] += "</details>"
        for number, gone in self.gone.items():
            lines[number - 1] = "".join(f"<del>{line or ' '}\n</del>" for line
                                        in gone) + lines[number - 1]
        return "".join(lines)
