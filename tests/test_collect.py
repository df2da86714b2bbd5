"""What course sites give out: each layout, packed as its site packs it."""

from __future__ import annotations

import csv
import io
import os
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import pytest

from lab.classroom import batch, layouts
from lab.classroom.admission import check, students
from lab.classroom.manifest import NAME
from lab.classroom.sandboxed import make_treatment
from lab.classroom.students import Student, found_in
from lab.classroom.sources import Source
from lab.commands import collect as command
from lab.commands import grade
from lab.judges import judge_of
from lab.judging import Result, Score, Verdict

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
    """Canvas: flat, squashed names, late ones, a second try."""
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
    ids = [str(number) for number, _ in numbered()] + ["ab1c2"]
    return Packed(files, ids, {
        "id": ids, "late": ["yes" if int(n) % 2 else "no" for n in ids[:-1]]
        + ["no"]})


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


def brightspace() -> Packed:
    """Brightspace: flat, with the date in words; the latest counts."""
    files = {"index.html": b"<html>"}
    for number, name in numbered():
        for attempt, date in ((0, "Nov 9, 2026 1105 PM"),
                              (1, "Nov 10, 2026 905 AM")):
            files[f"{number}-5 - N0{number} - {short(name, 150)}- {date} - "
                  "server.c"] = source(str(number), attempt)
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


def folders() -> Packed:
    """No site: a folder, or an archive, a student."""
    files = {}
    for number, name in numbered():
        files[f"{short(name, 150)} {number}/{FIRST}/server.c"] = source(
            str(number))
    files["Zip Zipper.zip"] = zipped({f"{FIRST}/server.c": source("1")})
    ids = [str(number) for number, _ in numbered()] + ["1"]
    return Packed(files, ids, {})


SITES = {
    "moodle": lambda: moodle("folders"), "moodle older": lambda:
    moodle("older"), "moodle flat": lambda: moodle("flat"),
    "moodle zips": lambda: moodle("zips"), "canvas": canvas,
    "blackboard": blackboard, "brightspace": brightspace,
    "gradescope": gradescope, "autolab": autolab, "sakai": sakai,
    "ilias": ilias, "folders": folders,
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


def run(monkeypatch, capfd, **words: object) -> tuple[int, str, str]:
    """Run the command behind make collect."""
    for name in ("FROM", "INTO", "EXERCISE"):
        monkeypatch.delenv(name, raising=False)
    for name, word in words.items():
        monkeypatch.setenv(name, str(word))
    status = command.main([])
    said = capfd.readouterr()
    return status, said.out, said.err


def rows(into: Path) -> list[dict[str, str]]:
    """Return the rows of a manifest."""
    with (into / NAME).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def whose(folder: Path) -> list[str]:
    """Return what each student's source says."""
    said = []
    for student in students(folder):
        found = found_in(student.tree(), [FIRST])[FIRST]["server.c"]
        assert isinstance(found, Source), (student, found)
        said.append(found.content.decode().split("/* ")[1][:-4])
    return said


def contents(folder: Path) -> dict[str, bytes]:
    """Return all that lies in a folder."""
    return {str(file.relative_to(folder)): file.read_bytes()
            for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.mark.parametrize("exercise", ("01", ""))
@pytest.mark.parametrize("way", ("unpacked", "zip", "zip in zip",
                                 "zip in a folder"))
@pytest.mark.parametrize("site", SITES)
def test_each_layout_ends_in_the_right_folders(tmp_path, monkeypatch, capfd,
                                               site, way, exercise):
    packed = SITES[site]()
    if way == "unpacked":
        download = unpacked(packed, tmp_path / "download")
    elif way == "zip in a folder":
        inside = Packed({"it.zip": zipped(packed.files)}, [], {})
        download = unpacked(inside, tmp_path / "download")
    else:
        data = zipped(packed.files)
        download = tmp_path / "download.zip"
        download.write_bytes(data if way == "zip" else
                             zipped({"downloads/it.zip": data,
                                     "__MACOSX/downloads/._it.zip": b""}))
    into = tmp_path / "class"
    words = {"FROM": download, "INTO": into, "EXERCISE": exercise}
    status, out, err = run(monkeypatch, capfd, **words)
    assert (status, err) == (0, ""), err
    assert f"{len(packed.people)} students" in out
    assert sorted(whose(into)) == sorted(f"{p} 1" for p in packed.people)
    table = rows(into)
    assert {row["folder"] for row in table} == \
        {student.key for student in students(into)}
    for column, values in packed.columns.items():
        wanted = [f"'{v}" if v.startswith("=") else v for v in values]
        assert sorted(row[column] for row in table) == sorted(wanted)
    kept = contents(into).values()
    for name, content in packed.files.items():
        if ".git/" not in name and not name.endswith(
                ("grades.csv", "metadata.yml", "index.html")):
            assert content in kept, f"{name} is lost"
    # Nobody is graded 0 for the layout: neither this way nor that.
    check(into, students(into), [FIRST])


@pytest.mark.parametrize("site", SITES)
def test_what_is_collected_again_stays_as_it_is(tmp_path, monkeypatch, capfd,
                                                site):
    download = unpacked(SITES[site](), tmp_path / "download")
    before = contents(download)
    into = tmp_path / "class"
    run(monkeypatch, capfd, FROM=download, INTO=into)
    first = contents(into)
    assert run(monkeypatch, capfd, FROM=download, INTO=into)[0] == 0
    assert contents(into) == first
    assert contents(download) == before


def test_a_later_download_replaces_nothing_that_is_lost(tmp_path, monkeypatch,
                                                        capfd):
    name = "Jane Doe_7_assignsubmission_file/server.c"
    other = "Joe Bloggs_8_assignsubmission_file/server.c"
    for number, files in enumerate(({name: b"one", other: b"joe"},
                                    {name: b"two"}, {name: b"two"})):
        download = unpacked(Packed(files, [], {}), tmp_path / f"{number}")
        status, out, _ = run(monkeypatch, capfd, FROM=download,
                             INTO=tmp_path / "class")
        assert status == 0
        assert ("1 replaced" in out) == (number == 1)
    folder = tmp_path / "class" / "Jane Doe (7)"
    assert (folder / "server.c").read_bytes() == b"two"
    assert sorted(contents(folder).values()) == [b"one", b"two"]
    assert len(rows(tmp_path / "class")) == 2


@pytest.mark.parametrize("first,then", [
    ("work.zip", "server.c"), ("server.c", "work.zip"),
    ("server.c", "my-server/server.c"), ("a.zip", "b.zip")])
@pytest.mark.parametrize("exercise", ("01", ""))
def test_what_was_taken_back_is_not_graded(tmp_path, monkeypatch, capfd,
                                           first, then, exercise):
    """The second download has another file in the place of the first one."""
    def handed_in(name: str, attempt: int) -> bytes:
        said = source("7", attempt)
        return zipped({"w/server.c": said}) if name[-1] == "p" else said
    top = "Jane Doe_7_assignsubmission_file/"
    before, now = handed_in(first, 0), handed_in(then, 1)
    for name, attempt, content in ((first, 0, before), (then, 1, now),
                                   (then, 1, now)):
        shutil.rmtree(tmp_path / "it", ignore_errors=True)
        download = unpacked(Packed({top + name: content}, [], {}),
                            tmp_path / "it")
        assert run(monkeypatch, capfd, FROM=download, INTO=tmp_path / "class",
                   EXERCISE=exercise)[0] == 0
        assert whose(tmp_path / "class") == [f"7 {attempt}"]
    assert before in contents(tmp_path / "class").values()


def test_what_was_collected_for_another_exercise_stays(tmp_path, monkeypatch,
                                                       capfd):
    for number, name in (("01", "a.zip"), ("02", "b.zip")):
        download = unpacked(Packed({
            f"doe_7_1{number}_{name}": zipped({"x.c": b"x"})}, [], {}),
            tmp_path / number)
        run(monkeypatch, capfd, FROM=download, INTO=tmp_path / "class",
            EXERCISE=number)
    assert {"doe (7)/a.zip", "doe (7)/b.zip"} < set(
        contents(tmp_path / "class"))


def test_what_has_no_place_is_listed(tmp_path, monkeypatch, capfd):
    download = unpacked(moodle("folders"), tmp_path / "download")
    (download / "a \x1b[31mletter.txt").write_text("Dear Sir\n")
    (download / "link.c").symlink_to("/etc/passwd")
    os.symlink("/etc", download / "folder")
    status, out, err = run(monkeypatch, capfd, FROM=download,
                           INTO=tmp_path / "class")
    assert status == 0 and "3 not placed" in out
    assert err.splitlines() == [
        "not placed: a \\x1b[31mletter.txt: no student is named in it",
        "not placed: folder: it is a link",
        "not placed: link.c: it is a link"]


def test_a_hostile_download_leaves_its_folder_alone(tmp_path, monkeypatch,
                                                    capfd):
    name = "Jane Doe_7_assignsubmission_file"
    (tmp_path / "it.zip").write_bytes(zipped({
        f"{name}/server.c": b"good", f"{name}/../../../bad.c": b"bad",
        f"/{name}/absolute.c": b"bad"}))
    status, out, err = run(monkeypatch, capfd, FROM=tmp_path / "it.zip",
                           INTO=tmp_path / "a" / "class")
    assert status == 0 and "2 not placed" in out
    assert ".. in it" in err and "absolute" in err
    assert sorted(contents(tmp_path)) == [
        "a/class/Jane Doe (7)/server.c", f"a/class/{NAME}", "it.zip"]


def test_a_name_that_the_site_put_before_does_not_hide_dots(
        tmp_path, monkeypatch, capfd):
    name = "Jane Doe_7_assignsubmission_file_"
    download = unpacked(Packed({
        f"{name}/server.c": b"good", f"{name}../manifest.csv": b"bad",
        f"{name}./x.c": b"bad"}, [], {}),
        tmp_path / "it")
    status, out, err = run(monkeypatch, capfd, FROM=download,
                           INTO=tmp_path / "class")
    assert status == 0 and "2 not placed" in out
    assert err.count("its name leads out of its folder") == 2
    assert sorted(contents(tmp_path / "class")) == [
        "Jane Doe (7)/server.c", NAME]
    assert [row["folder"] for row in rows(tmp_path / "class")] == [
        "Jane Doe (7)"]


def test_two_files_that_differ_in_case_are_both_kept(tmp_path, monkeypatch,
                                                     capfd):
    name = "Jane Doe_7_assignsubmission_file"
    download = unpacked(Packed({f"{name}/server.c": b"a",
                                f"{name}/Server.c": b"b"}, [], {}),
                        tmp_path / "it")
    run(monkeypatch, capfd, FROM=download, INTO=tmp_path / "class")
    kept = contents(tmp_path / "class")
    assert {b"a", b"b"} < set(kept.values())
    assert len({name.casefold() for name in kept}) == len(kept)


@pytest.mark.parametrize("words,what", [
    ({}, "FROM= is missing"), ({"FROM": "@/x"}, "INTO= is missing"),
    ({"FROM": "@/no", "INTO": "@/into"}, "no such file or folder"),
    ({"FROM": "@/x", "INTO": "@/x/y"}, "lies in FROM"),
    ({"FROM": "@/x", "INTO": "@/y"}, "no layout fits")])
def test_a_wrong_command_line_is_one_sentence(tmp_path, monkeypatch, capfd,
                                              words, what):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a file").touch()
    status, out, err = run(monkeypatch, capfd, **{
        name: word.replace("@", str(tmp_path))
        for name, word in words.items()})
    assert (status, out) == (2, "") and what in err and err.count("\n") == 1
    assert not (tmp_path / "y").exists()


@pytest.mark.parametrize("name,exercise,there", [
    ("u@x.edu_1_handin.c", "01", f"{FIRST}/server.c"),
    ("u@x.edu_1_handin", "01", f"{FIRST}/server.c"),
    ("u@x.edu_1_handin.c", "", "handin.c"),
    ("7-5 - Jane Doe- 2026-11-29 12.05 - server.c", "", "server.c"),
    ("H 1_jdoe_attempt_2026-11-29_server.c", "", "server.c"),
    ("anon_LATE_abc123_77_server-3.c", "", "server.c"),
    ("doe_12_77_part-3.c", "", "part-3.c")])
def test_a_site_s_name_is_read(tmp_path, monkeypatch, capfd, name, exercise,
                               there):
    download = unpacked(Packed({name: b"x"}, [], {}), tmp_path / "it")
    assert run(monkeypatch, capfd, FROM=download, INTO=tmp_path / "class",
               EXERCISE=exercise)[0] == 0
    (row,) = rows(tmp_path / "class")
    assert (tmp_path / "class" / row["folder"] / there).exists()


def test_every_layout_is_played_here():
    assert {layout.name for layout in layouts.layouts()} == \
        {site.split()[0] for site in SITES}


@pytest.mark.parametrize("name,who", [
    ("Jane Doe_7_assignsubmission_file/work.zip", "Jane Doe"),
    ("Jane Doe_7_assignsubmission_file_work.zip", "Jane Doe"),
    ("Jane Doe.zip", "Jane Doe")])
def test_one_student_s_archive_is_not_taken_for_the_download(
        tmp_path, monkeypatch, capfd, name, who):
    work = zipped({f"{FIRST}/server.c": source("7")})
    download = unpacked(Packed({name: work}, [], {}), tmp_path / "it")
    assert run(monkeypatch, capfd, FROM=download, INTO=tmp_path / "class",
               EXERCISE="01")[0] == 0
    assert [row["name"] for row in rows(tmp_path / "class")] == [who]
    assert whose(tmp_path / "class") == ["7 1"]


def test_names_that_windows_left_in_one_piece_are_read(tmp_path, monkeypatch,
                                                       capfd):
    name = f"Jane Doe_7_assignsubmission_file\\{FIRST}\\server.c"
    download = tmp_path / "it"
    download.mkdir()
    (download / name).write_bytes(source("7"))
    assert run(monkeypatch, capfd, FROM=download,
               INTO=tmp_path / "class")[0] == 0
    assert whose(tmp_path / "class") == ["7 1"]


def test_an_archive_is_to_be_collected_first(tmp_path, monkeypatch, capfd):
    for name, files in (("a.zip", moodle("flat").files),
                        ("b.zip", {"x": b""})):
        (tmp_path / name).write_bytes(zipped(files))
        monkeypatch.setenv("SUBMISSIONS", str(tmp_path / name))
        assert grade.main([]) == 2
        said = capfd.readouterr().err
        assert ("it looks like Moodle's download" in said) == (name[0] == "a")
        assert f"make collect FROM={tmp_path / name} INTO=" in said
        assert said.count("\n") == 1


@pytest.mark.parametrize("site", SITES)
def test_each_layout_ends_in_the_right_rows(tmp_path, monkeypatch, capfd,
                                            site):
    """make collect, then make grade: a judge of ours sees the right source."""
    def judged(one: batch.Batch, student: Student, exercise: str) -> Score:
        source = one.found(student)[exercise]["server.c"]
        right = isinstance(source, Source) and b" 1 */" in source.content
        return Score(FIRST, 7, tuple(
            Result(check, Verdict.PASSED if right else Verdict.FAILED)
            for check in judge_of(FIRST).checks))
    packed = SITES[site]()
    (tmp_path / "it.zip").write_bytes(zipped(packed.files))
    run(monkeypatch, capfd, FROM=tmp_path / "it.zip", INTO=tmp_path / "class",
        EXERCISE="01")
    monkeypatch.setattr(batch, "judged", judged)
    monkeypatch.setattr(grade, "the_treatment", lambda *_: make_treatment())
    for name, word in {"SUBMISSIONS": tmp_path / "class", "EXERCISE": "01",
                       "OUT": tmp_path / "out"}.items():
        monkeypatch.setenv(name, str(word))
    assert grade.main([]) == 0
    with (tmp_path / "out" / "grades.csv").open(
            encoding="utf-8", newline="") as table:
        told = list(csv.DictReader(table))
    assert [row["total"] for row in told] == ["100"] * len(packed.people)
    who = {row["folder"]: row for row in rows(tmp_path / "class")}
    for row in told:
        known = who.pop(row["folder"])
        assert row["name"] == (known.pop("name") or row["folder"])
        assert {column: row[column] for column in known} == known
    assert not who


# --- graded as it was downloaded -------------------------------------------

@pytest.mark.parametrize("exercise", ("01", ""))
@pytest.mark.parametrize("site", SITES)
def test_no_download_is_graded_0_in_silence(tmp_path, site, exercise,
                                            monkeypatch, capfd):
    """make grade on the download itself: refused with the command, or right.
    """
    download = unpacked(SITES[site](), tmp_path / "download")
    top = download / "homework-submissions"
    if top.exists():
        shutil.move(top, tmp_path / "homework-submissions")
        download = tmp_path / "homework-submissions"
    graded = []

    def begin(*_: object) -> None:
        graded.extend(whose(download))
        raise KeyboardInterrupt
    monkeypatch.setattr(grade, "the_treatment", begin)
    monkeypatch.setenv("SUBMISSIONS", str(download))
    monkeypatch.setenv("EXERCISE", exercise)
    try:
        status = grade.main([])
    except KeyboardInterrupt:
        assert len(graded) == len(SITES[site]().people)
        return
    said = capfd.readouterr().err
    assert status == 2 and said.count("\n") == 1
    assert "make collect FROM=" in said or site == "folders"
