"""A source as HTML: lines numbered, what is new marked, the rest folded."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from html import escape
from pathlib import Path
from typing import Iterator, Optional, Sequence

from .. import chapters
from .ties import Tie, sources

FOLDED = 12  # unchanged functions of so many lines and more
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


def before(folder: Path, source: Path) -> Optional[Path]:
    """Return the file that a chapter's source began as a copy of.

    It is the naive one beside it, or the same file in the chapter before.
    """
    earlier = chapters.begins_as(folder)
    tried = [source.with_name(f"naive-{source.name}")]
    if earlier and folder in source.parents:
        tried.append(earlier / source.relative_to(folder))
    return next((path for path in tried if path.exists()), None)


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
        old, begun = before(folder, source), chapters.begins_as(folder)
        if old and begun:
            self.since = old.name if old.parent == source.parent \
                else f"chapter {chapters.number(begun)}"
            was, now = old.read_text(), self.text
            for what, a, b, c, d in SequenceMatcher(
                    None, was.splitlines(), now.splitlines(),
                    autojunk=False).get_opcodes():
                if what != "equal":
                    self.new.update(range(c + 1, d + 1))
                    self.gone[c + 1] = highlighted(was)[a:b]

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
                 in enumerate(highlighted(self.text)[:-1], 1)]
        for first, last, words in self._folds():
            lines[first - 1] = (
                f"<details><summary>{escape(words)}: {last - first + 1} lines,"
                f" as in {self.since}</summary>{lines[first - 1]}")
            lines[last - 1] += "</details>"
        lines.append("")  # for what is gone from the end
        for number, gone in self.gone.items():
            lines[number - 1] = "".join(f"<del>{line or ' '}\n</del>" for line
                                        in gone) + lines[number - 1]
        return "".join(lines)
