"""The wrong answers: each is a mistake, kept as a diff against the solution.

tests/wrong/NN-name/mistake.diff begins with a header, says in a sentence or
two who makes the mistake and why, and ends in a unified diff:

    caught by: SLUG             the check that is there to catch it
    costs also: SLUG ...        other checks that it can't help failing
    happens: WORDS              what the report says about it
    needs: namespaces           where these are missing, nobody can tell

    Someone takes one read for one message, because ...

    --- solutions/NN-name/server.c
    +++ solutions/NN-name/server.c
    @@ ...

`costs also` and `needs` may be left out. There may be several `happens`, where
it depends on the scheduler which of them is true. A line that begins with a
blank continues the one before. An answer that shares little with the solution
is a whole program, mistake.c, with the same header in its first comment.

To apply a diff by hand: patch -p0 <FILE, or git apply -p0 FILE, both in the
repository's top folder. Here no line may differ from what the diff expects,
and none may have moved: tests/wrong/refresh rewrites a diff that has moved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from lab.program import ROOT

WRONG = ROOT / "tests" / "wrong"
SOLUTIONS = ROOT / "solutions"
FIELDS = ("caught by", "costs also", "happens", "needs")
REQUIRED = ("caught by", "happens")
FILE = re.compile(r"^(?:diff .*\n)?(?:index .*\n)?"
                  r"--- (\S+).*\n\+\+\+ (\S+).*\n", re.M)
Hunk = tuple[int, list[str], list[str]]  # first line (from 0), old, new
HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@.*\n", re.M)


class Malformed(ValueError):
    """A wrong answer's file is not as described above: which, and why."""


class NoLongerApplies(ValueError):
    """The solution has changed where a diff expects other lines."""


@dataclass(frozen=True)
class WrongAnswer:
    """A mistake, and what must become of it."""

    path: Path
    caught_by: str
    costs_also: tuple[str, ...]
    happens: tuple[str, ...]  # one of these
    needs: str
    why: str
    change: str  # a unified diff, or all of a source

    @property
    def exercise(self) -> str:
        """Return the folder's name, NN-name."""
        return self.path.parent.name

    def sources(self) -> dict[str, str]:
        """Return the text of each source of the answer, by its name.

        Raises NoLongerApplies, or Malformed for a diff that no solution fits.
        """
        texts = {source.name: source.read_text() for source in
                 sorted((SOLUTIONS / self.exercise).glob("*.[ch]"))}
        if self.path.suffix == ".c":
            if len(texts) != 1:
                raise Malformed(f"{self.path}: a whole program in the place "
                                f"of {' and '.join(texts)}: make it a diff")
            return dict.fromkeys(texts, self.change)
        _, *parts = FILE.split(self.change)
        for old, new, hunks in zip(*[iter(parts)] * 3):
            name = Path(old).name
            if old != new or old != f"solutions/{self.exercise}/{name}" \
                    or name not in texts:
                raise Malformed(f"{self.path}: a diff of {old} and {new}: not "
                                f"of a source in solutions/{self.exercise}")
            texts[name] = self._patched(texts[name], old, hunks)
        return texts

    def write_to(self, folder: Path) -> None:
        """Put its sources into a folder, as a student would hand them in."""
        for name, text in self.sources().items():
            (folder / name).write_text(text)

    def _patched(self, text: str, name: str, hunks: str) -> str:
        """Return a text with all hunks applied to it."""
        lines, made, at = text.splitlines(), [], 0
        for first, old, new in self._parsed(hunks):
            for number, expected in enumerate(old, first):
                actual = lines[number:number + 1]
                if actual != [expected]:
                    raise NoLongerApplies(
                        f"{self.path} no longer applies: line {number + 1} of "
                        f"{name} should be\n{expected}\nand is\n"
                        f"{actual[0] if actual else '(past the end)'}\n"
                        "tests/wrong/refresh can move a diff.")
            made += lines[at:first] + new
            at = first + len(old)
        return "\n".join(made + lines[at:]) + "\n"

    def _parsed(self, hunks: str) -> Iterator[Hunk]:
        """Return where each hunk begins, its old lines, and its new ones."""
        _, *parts = HUNK.split(hunks)
        for start, old_size, new_size, body in zip(*[iter(parts)] * 4):
            old = [line[1:] for line in body.splitlines() if line[:1] != "+"]
            new = [line[1:] for line in body.splitlines() if line[:1] != "-"]
            said = int(old_size or 1), int(new_size or 1)
            if (len(old), len(new)) != said:
                raise Malformed(f"{self.path}: the hunk at line {start} has "
                                f"{len(old)} old and {len(new)} new lines, "
                                f"not {said[0]} and {said[1]}")
            yield int(start) - 1, old, new


def _fields(header: str, path: Path) -> dict[str, list[str]]:
    """Return the values of a header's fields by their names."""
    fields: dict[str, list[str]] = {name: [] for name in FIELDS}
    for line in re.sub(r"\n +", " ", header).splitlines():
        name, _, value = line.partition(": ")
        if name not in FIELDS or not value:
            raise Malformed(f"{path}: '{line}' is not one of '"
                            + ": ...', '".join(FIELDS) + ": ...'")
        fields[name].append(value)
    for name, values in fields.items():
        if not values and name in REQUIRED:
            raise Malformed(f"{path}: its header has no '{name}: ...'")
        if len(values) > 1 and name != "happens":
            raise Malformed(f"{path}: its header has two '{name}: ...'")
    if fields["needs"] not in ([], ["namespaces"]):
        raise Malformed(f"{path}: it can need namespaces, and nothing else")
    return fields


def read(path: Path) -> WrongAnswer:
    """Read a wrong answer, without applying it. Raises Malformed."""
    text = path.read_text()
    if path.suffix == ".c":
        pattern, then = r"/\*\n(.*?)\n \*/\n", "in a comment"
    else:
        pattern, then = r"(.*?)\n\n(?=diff |--- )", "and then a diff"
    begins = re.match(pattern, text, re.S)
    if not begins:
        raise Malformed(f"{path}: it doesn't begin with a header {then}")
    header = re.sub(r"^ \* ?", "", begins[1], flags=re.M)
    head, _, why = header.partition("\n\n")
    fields = _fields(head, path)
    if not why.strip():
        raise Malformed(f"{path}: it doesn't say who makes this mistake")
    return WrongAnswer(
        path, caught_by=fields["caught by"][0],
        costs_also=tuple(" ".join(fields["costs also"]).split()),
        happens=tuple(fields["happens"]), needs=" ".join(fields["needs"]),
        why=" ".join(why.split()), change=text[begins.end():])


def paths(exercise: str = "*") -> list[Path]:
    """Return the files of all wrong answers, or of an exercise's."""
    return sorted(path for path in WRONG.glob(f"{exercise}/*")
                  if path.suffix in (".c", ".diff"))
