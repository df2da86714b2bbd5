"""What course sites give out: a function each that packs it as the site does.

Made after the sites' descriptions; none of it is a real download.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

FIRST = "01-return-the-thanks"
ARABIC, PERSIAN = "ليلى حسن", "می‌خواهد"
LONG = "Wolfeschlegelsteinhausenbergerdorff " * 6  # 216 characters
PEOPLE = ("Jane Doe", "Zoë Müller-Lüdenscheidt", "O'Brien, \"Pat\"", ARABIC,
          PERSIAN, LONG.strip(), "=cmd|' /C calc'!A0", "Jane Doe")


@dataclass(frozen=True)
class Packed:
    """What a site gives out: names to contents, and who is then there.

    `people` are as many rows as there are persons; the source that each is
    graded by says whose it is, and which attempt.
    """

    files: dict[str, bytes]
    people: list[str]
    columns: dict[str, list[str]]


def source(who: str, attempt: int = 1) -> bytes:
    """Return a source that says whose it is."""
    return f"int main(void) {{ return 0; }} /* {who} {attempt} */\n".encode()


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip archive of some files, by name."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def numbered() -> Iterator[tuple[int, str]]:
    """Return a number and a name of everybody, as it may stand on a disk."""
    for number, name in enumerate(PEOPLE):
        yield 4711 + number, name.replace("/", "_")


def short(name: str, most: int = 200) -> str:
    """Return a name that leaves room for what a site puts around it."""
    return name.encode()[:most].decode(errors="ignore")


def moodle(way: str) -> Packed:
    """Moodle: folders, with a trailing _, flat, or with archives in them."""
    files: dict[str, bytes] = {}
    for number, name in numbered():
        start = f"{short(name, 180)}_{number}_assignsubmission_"
        end = {"folders": "file/", "older": "file_/", "flat": "file_",
               "zips": "file/"}[way]
        if way == "zips":
            files[f"{start}{end}WORK.ZIP"] = zipped(
                {"my work/server.c": source(str(number)),
                 "__MACOSX/my work/._server.c": b"\0"})
        else:
            files[f"{start}{end}server.c"] = source(str(number))
        online = "onlinetext_" if way == "flat" else "onlinetext/"
        files[f"{start}{online}onlinetext.html"] = b"<p>Dear Sir</p>"
    files["Group A_9_assignsubmission_file/src/server.c"] = source("9")
    files["Participant_8_assignsubmission_file_/server.c"] = source("8")
    ids = [str(number) for number, _ in numbered()] + ["9", "8"]
    return Packed(files, ids, {"id": ids})


def canvas() -> Packed:
    """Canvas: flat, squashed names, late ones, a second try, a group, a quiz.
    """
    files = {}
    for number, name in numbered():
        squashed = "".join(c for c in short(name) if c.isalnum()).casefold()
        late = "_LATE" if number % 2 else ""
        files[f"{squashed}{late}_{number}_77_server.c"] = source(
            str(number), 0)
        files[f"{squashed}{late}_{number}_78_server-1.c"] = source(
            str(number), 0)
        files[f"{squashed}{late}_{number}_79_server-10.c"] = source(
            str(number))
        files[f"{squashed}{late}_{number}_text.html"] = b"<p>Dear Sir</p>"
    files["anon_ab1c2_99_server-2.c"] = source("ab1c2")
    files["the_group_98_97_server.c"] = source("98")
    files["the_group_98_link.html"] = b"<a>"
    files["project_group_1_94_93_server.c"] = source("94")
    files["project_group_1_94_text.html"] = b"<p>"
    files["bloggsjoe_96_question_3_95_server.c"] = source("96")
    numbers = [str(number) for number, _ in numbered()]
    ids = [*numbers, "ab1c2", "98", "96", "94"]
    return Packed(files, ids, {
        "id": ids, "late": ["yes" if int(n) % 2 else "no" for n in numbers]
        + ["no"] * 4})


def blackboard() -> Packed:
    """Blackboard: flat, attempts by their time, a text an attempt."""
    files = {}
    for number, name in numbered():
        for attempt, day in ((0, "09"), (1, "10")):
            start = f"Homework 1_u_{number}_attempt_2026-11-{day}-08-00-00"
            files[f"{start}_server.c"] = source(str(number), attempt)
            files[f"{start}.txt"] = \
                f"Name: {name} (u_{number})\nAssignment: 1\n".encode()
    logins = [f"u_{number}" for number, _ in numbered()]
    return Packed(files, [login[2:] for login in logins], {
        "login": logins, "name": [name for _, name in numbered()],
        "attempt": ["2026-11-10-08-00-00"] * len(logins)})


def brightspace(before_file: str) -> Packed:
    """Brightspace: flat or in folders, the date in words; the latest counts.
    """
    files = {"index.html": b"<html>"}
    for number, name in numbered():
        for attempt, date in ((0, "Nov 9, 2026 1105 PM"),
                              (1, "Nov 10, 2026 905 AM")):
            files[f"{number}-5 - N0{number} - {short(name, 150)}- {date}"
                  f"{before_file}server.c"] = source(str(number), attempt)
    ids = [str(number) for number, _ in numbered()]
    return Packed(files, ids, {
        "login": [f"N0{number}" for number in ids],
        "attempt": ["2026-11-10 09:05"] * len(ids)})


def gradescope() -> Packed:
    """Gradescope: folders, and who they are in YAML."""
    files, about = {}, ["---"]
    for number, name in numbered():
        files[f"assignment_1_export/submission_{number}/server.c"] = source(
            str(number))
        quoted = "'" + name.replace("'", "''") + "'"
        about += [f"submission_{number}:", "  :submitters:",
                  f"  - :name: {quoted}", f"    :sid: '0{number}'",
                  f"    :email: {number}@example.edu",
                  "  :created_at: 2026-11-29 12:00:00.000000000 Z",
                  "  :score: 0.0", "  :history:", "  - :id: 1",
                  "    :name: nobody"]
    files["assignment_1_export/submission_metadata.yml"] = \
        "\n".join(about).encode()
    ids = [str(number) for number, _ in numbered()]
    return Packed(files, ids, {
        "name": [name for _, name in numbered()],
        "id": [f"0{number}" for number in ids],
        "login": [f"{number}@example.edu" for number in ids]})


def github(way: str) -> Packed:
    """Clones of handouts: the work lies in exercises/NN-name/."""
    files: dict[str, bytes] = {}
    logins = [f"user-{number}" for number, _ in numbered()]
    for login in logins:
        top = f"homework-submissions/homework-{login}" \
            if way == "gh classroom clone" else f"cs101-homework-{login}"
        files[f"{top}/.git/config"] = b"[core]"
        files[f"{top}/exercises/{FIRST}/server.c"] = source(login[-4:])
        files[f"{top}/chapters/01-close-too-early/server.c"] = b"int x;"
        files[f"{top}/tests/starters/{FIRST}/server.c"] = b"int y;"
        files[f"{top}/README.md"] = b"# Half-close"
    return Packed(files, [login[-4:] for login in logins],
                  {"login": logins if way == "gh classroom clone"
                   else [login[5:] for login in logins]})


def autolab() -> Packed:
    """Autolab: flat, by email and version; the greatest version counts."""
    files = {}
    for number, _ in numbered():
        for version in (2, 9, 10):
            files[f"u_{number}@example.edu_{version}_server.c"] = source(
                str(number), int(version == 10))
    ids = [str(number) for number, _ in numbered()]
    return Packed(files, ids, {
        "login": [f"u_{number}@example.edu" for number in ids],
        "attempt": ["10"] * len(ids)})


def sakai() -> Packed:
    """Sakai: a folder a student, with folders in it; a table of grades."""
    files = {"Homework/grades.csv": b"Homework,Points\n"}
    for number, name in numbered():
        top = f"Homework/{short(name)}(u{number})"
        files[f"{top}/Submission attachment(s)/server.c"] = source(
            str(number))
        files[f"{top}/timestamp.txt"] = b"20261129120000000"
    ids = [str(number) for number, _ in numbered()]
    return Packed(files, ids, {"login": [f"u{number}" for number in ids]})


def ilias() -> Packed:
    """ILIAS: teams, uploads with their time."""
    files = {}
    for number, name in numbered():
        top = f"Kurs/Abgaben/Team {number}/{short(name, 150)}" \
              f"_u{number}_{number}"
        files[f"{top}/20261109120000_server.c"] = source(str(number), 0)
        files[f"{top}/20261110120000_server.c"] = source(str(number))
    ids = [str(number) for number, _ in numbered()]
    return Packed(files, ids, {"id": ids,
                               "login": [f"u{number}" for number in ids]})


def folders(around: str = "") -> Packed:
    """No site: a folder, or an archive, a student; as a Mac packs them."""
    files = {}
    for number, name in numbered():
        files[f"{around}{short(name, 150)} {number}/{FIRST}/server.c"] = \
            source(str(number))
    files[f"{around}Zip Zipper.zip"] = zipped(
        {f"{FIRST}/server.c": source("1")})
    files[f"{around}.DS_Store"] = files[f"__MACOSX/{around}._x"] = b"\0"
    ids = [str(number) for number, _ in numbered()] + ["1"]
    return Packed(files, ids, {})


SITES = {
    "moodle": lambda: moodle("folders"), "moodle older": lambda:
    moodle("older"), "moodle flat": lambda: moodle("flat"),
    "moodle zips": lambda: moodle("zips"), "canvas": canvas,
    "blackboard": blackboard, "brightspace": lambda:
    brightspace(" - "), "brightspace folders": lambda: brightspace("/"),
    "gradescope": gradescope, "autolab": autolab, "sakai": sakai,
    "ilias": ilias, "folders": folders, "folders in one": lambda:
    folders("Homework/"), "folders in two": lambda:
    folders("OneDrive_1/Homework/"),
    "github clone": lambda: github("gh classroom clone"),
    "github download": lambda: github("gh teacher download")}


def unpacked(packed: Packed, folder: Path) -> Path:
    """Let a download lie unpacked, with what systems leave beside it."""
    for name, content in {**packed.files, ".DS_Store": b"\0",
                          "__MACOSX/._x": b"\0"}.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder
