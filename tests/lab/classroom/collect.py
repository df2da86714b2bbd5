"""From what a course site gave out to one folder a student.

    INTO/manifest.csv                 who each folder is
    INTO/Jane Doe (123)/              what she handed in
        earlier attempts/1/           what was replaced by a later upload

It can be done again with a later download into the same folder: what is there
already stays, what differs is kept beside the new one, nothing is deleted.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Sequence

from .. import printable
from ..judges import exercises, judge_of
from . import manifest
from .archive import Unsafe, is_archive
from .download import FILE, Entry
from .layouts import Layout, Place
from .manifest import Row
from .sources import in_exercise
from .tree import EARLIER, Parts, is_junk

NAMES = " | "  # is between original names in a manifest
LONGEST = 200  # bytes of a folder's name, which may have 255


def _digest(said: str, length: int = 12) -> str:
    """Return a short name for a text."""
    return hashlib.sha256(said.encode(errors="surrogateescape")
                          ).hexdigest()[:length]


@dataclass
class Person:
    """One student's files, and where each belongs."""

    who: str
    files: list[tuple[Entry, Place]] = field(default_factory=list)

    def first(self, what: str) -> str:
        """Return the first value of a column that a file tells."""
        return next(filter(None, (getattr(place, what)
                                  for _, place in self.files)), "")

    @property
    def late(self) -> str:
        """Whether anything was late: yes, no, or ""."""
        return max(place.late for _, place in self.files)

    @property
    def attempt(self) -> str:
        """The newest attempt; "" where the site tells of none."""
        return max((place.attempt for _, place in self.files), key=natural)


@dataclass
class Collected:
    """What came of it: the rows, and what has no place."""

    rows: list[Row] = field(default_factory=list)
    unplaced: list[tuple[str, str]] = field(default_factory=list)
    files: int = 0
    junk: int = 0
    replaced: int = 0


def natural(said: str) -> tuple[list[int], str]:
    """Return a key by which 10 comes after 9."""
    return [int(digits) for digits in re.findall(r"\d{1,18}", said)], said


def _sources(exercise: str) -> set[str]:
    """Return the names that sources have, in one exercise or in all."""
    names = [exercise] if exercise else [e.name for e in exercises()]
    return {source for name in names for source in judge_of(name).sources}


def _numbered(person: Person, known: set[str]) -> None:
    """Read `server-1.c` as a later upload of server.c."""
    names = {place.path for _, place in person.files}
    for index, (entry, place) in enumerate(person.files):
        fits = re.fullmatch(r"(.+)-(\d{1,4})((?:\.\w+){1,2})", place.path[-1],
                            re.DOTALL)
        if not fits:
            continue
        base = (*place.path[:-1], fits[1] + fits[3])
        if base in names or base[-1] in known:
            person.files[index] = (entry, Place(**{
                **vars(place), "path": base, "number": int(fits[2])}))


def _called_so(person: Person, layout: Layout, known: set[str]) -> None:
    """Give a file that the site named the only name that it can have."""
    if len(known) != 1:
        return
    (source,) = known
    for index, (entry, place) in enumerate(person.files):
        if re.fullmatch(layout.handed_in, place.path[-1]):
            person.files[index] = (entry, Place(**{
                **vars(place), "path": (*place.path[:-1], source)}))


def _folder(person: Person, taken: dict[str, str]) -> str:
    """Return what a person's folder is called: the same each time.

    `taken` are names in use, without regard to case, and by whom.
    """
    name, key = person.first("name"), person.first("id") or \
        person.first("login")
    said = f"{name} ({key})" if name and key else name or key
    safe = "".join(c if (c.isprintable() or c in printable.JOINERS)
                   and c not in "/\\;\"" else "_" for c in said).strip()
    safe = re.sub(r"^[-=+@.~#]", "_", safe)
    short = safe.encode(errors="replace")[:LONGEST].decode(errors="ignore")
    if not short or short != said and not (key and
                                           short.endswith(f"({key})")):
        short = f"{short} {person.who[:6]}".strip()
    if taken.setdefault(short.casefold(), person.who) != person.who:
        short = f"{short} {person.who[:6]}"
        taken[short.casefold()] = person.who
    return short


def people(entries: Sequence[Entry], layout: Layout, exercise: str,
           collected: Collected) -> dict[str, Person]:
    """Return the students and their files; note what is no student's."""
    found: dict[str, Person] = {}
    for entry, place in zip(entries, layout.places(entries)):
        shown = printable.name("/".join(entry.path))
        if is_junk(entry.path):
            collected.junk += 1
        elif entry.bad:
            collected.unplaced.append((shown, entry.bad))
        elif place and {"", ".", ".."} & set(place.path):
            collected.unplaced.append(
                (shown, "its name leads out of its folder"))
        elif place:
            who = _digest(place.who)
            found.setdefault(who, Person(who)).files.append((entry, place))
        elif not layout.tells(entry):
            collected.unplaced.append((shown, "no student is named in it"))
    known = _sources(exercise)
    for person in found.values():
        _called_so(person, layout, known)
        if layout.numbered:
            _numbered(person, known)
    return dict(sorted(found.items()))


def _targets(person: Person, exercise: str
             ) -> list[tuple[Parts, Entry, Place]]:
    """Return where each file goes, the ones that count first.

    A file alone goes into the exercise's folder, if there is but one
    exercise, so that more can be collected beside it.
    """
    newest, best = person.attempt, {}
    for _, place in person.files:
        if place.attempt == newest:
            best[place.path] = max(place.number, best.get(place.path, -1))
    alone = exercise and not any(
        in_exercise(place.path, exercise) or is_archive(place.path[-1])
        for _, place in person.files)
    targets = []
    for entry, place in person.files:
        if place.attempt != newest:
            where = (EARLIER, _part(place.attempt), *place.path)
        elif place.number != best[place.path]:
            where = (EARLIER, str(place.number), *place.path)
        else:
            where = (exercise, *place.path) if alone else place.path
        targets.append((where, entry, place))
    return targets


def _part(said: str) -> str:
    """Return a text as a part of a path."""
    return re.sub(r"[/\0]", "_", said) or "0"


def _aside(file: Path, folder: Path, why: str) -> None:
    """Move a file to where no other of its name is, and none is graded."""
    old = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    moved = folder / EARLIER / f"{why} {old}" / file.relative_to(folder)
    moved.parent.mkdir(parents=True, exist_ok=True)
    file.replace(moved)


def _keep(file: Path, content: bytes, folder: Path) -> bool:
    """Write a file; return whether there was another, which is kept."""
    replaced = file.exists()
    if replaced:
        if file.read_bytes() == content:
            return False
        _aside(file, folder, "replaced")
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{hashlib.sha256(content).hexdigest()[:16]}.part")
    part.write_bytes(content)
    part.replace(file)
    return replaced


def _store(person: Person, folder: Path, exercise: str, collected: Collected
           ) -> None:
    """Write one person's files."""
    written: set[str] = set()
    for where, entry, _ in _targets(person, exercise):
        shown = printable.name("/".join(entry.path))
        key = "/".join(where).casefold()
        if key in written:
            where = (EARLIER, "same name " + _digest(
                "/".join(entry.path), 6), *where)
        written.add(key)
        try:
            content = entry.read(FILE)
            if content is None:
                collected.unplaced.append(
                    (shown, f"it can't be read, or has more than "
                     f"{FILE >> 20} MiB"))
                continue
            if _keep(folder.joinpath(*where), content, folder):
                collected.replaced += 1
            collected.files += 1
        except (OSError, Unsafe) as error:
            collected.unplaced.append((shown, str(error)))


def _as_before(rows: Iterable[Row], entries: Sequence[Entry], layout: Layout,
               exercise: str) -> dict[str, Person]:
    """Return what each handed in for this exercise when it was last collected.
    """
    names = {row.who: set(row.files.split(NAMES)) for row in rows
             if row.exercise == exercise}
    known = {"/".join(entry.path) for entry in entries}
    gone = [Entry(tuple(name.split("/")), lambda most: None)
            for name in sorted(set().union(*names.values()) - known) if name]
    found = people([*entries, *gone], layout, exercise, Collected())
    return {who: Person(who, [
        (entry, place) for entry, place in found[who].files
        if "/".join(entry.path) in names[who]])
        for who in names if who in found}


def _put_aside(before: Person, now: Person, folder: Path, exercise: str
               ) -> int:
    """Move what somebody handed in before, and no more; return how much."""
    stays = {where for where, _, _ in _targets(now, exercise)}
    gone = [folder.joinpath(*where)
            for where, _, _ in (_targets(before, exercise)
                                if before.files else ())
            if where not in stays and folder.joinpath(*where).is_file()]
    for file in gone:
        _aside(file, folder, "taken back")
    return len(gone)


def collect(entries: Sequence[Entry], layout: Layout, into: Path,
            exercise: str = "") -> Collected:
    """Make a folder a student; `exercise` is a name such as 01-some-name.

    Raises OSError, and manifest.Damaged.
    """
    collected = Collected()
    known = manifest.read(into)
    taken = {row.folder.casefold(): row.who for row in known}
    before = {row.who: row for row in known if row.site == layout.name}
    then = _as_before(before.values(), entries, layout, exercise)
    for person in people(entries, layout, exercise, collected).values():
        folder = before[person.who].folder if person.who in before \
            else _folder(person, taken)
        (into / folder).mkdir(parents=True, exist_ok=True)
        if person.who in then:
            collected.replaced += _put_aside(then[person.who], person,
                                             into / folder, exercise)
        _store(person, into / folder, exercise, collected)
        collected.rows.append(Row(
            folder, person.first("name"), person.first("id"),
            person.first("login"), person.attempt, person.late,
            NAMES.join("/".join(entry.path) for entry, _ in person.files),
            layout.name, person.who, exercise))
    again = {row.folder for row in collected.rows}
    rows = [row for row in known if row.folder not in again]
    manifest.write(into, sorted([*rows, *collected.rows],
                                key=lambda row: row.folder))
    return collected
