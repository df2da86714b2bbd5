"""What course sites give out becomes a folder a student, and a right row."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import pytest

from downloads import FIRST, SITES, Packed, moodle, source, unpacked, zipped
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
                ("grades.csv", "metadata.yml", "index.html", "._x",
                 ".DS_Store")):
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
    ("Doe_7_assignsubmission_file_12_77_server.c", "", "12_77_server.c"),
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
    """Not even if what is in it looks like a class."""
    beside = ("02-remote-sort/rsort.c",) if name == "Jane Doe.zip" else \
        ("a/x", "b/x", "c/x")
    work = zipped({f"{FIRST}/server.c": source("7"),
                   **dict.fromkeys(beside, b"int x;")})
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


def test_a_folder_in_a_zip_that_windows_made_is_no_file(tmp_path, monkeypatch,
                                                       capfd):
    top = "Homework\\Zoë\\"
    (tmp_path / "it.zip").write_bytes(zipped({
        "Homework\\": b"", top: b"", f"{top}{FIRST}\\": b"",
        f"{top}{FIRST}\\server.c": source("7"),
        "Homework\\Joe\\server.c": source("8")}))
    status, _, err = run(monkeypatch, capfd, FROM=tmp_path / "it.zip",
                         INTO=tmp_path / "class")
    assert (status, err) == (0, "")
    assert sorted(whose(tmp_path / "class")) == ["7 1", "8 1"]


def test_nobody_is_lost_whose_archive_can_not_be_read(tmp_path, monkeypatch,
                                                      capfd):
    download = unpacked(Packed({
        "Jane.zip": zipped({"server.c": b""}), "Joe.RAR": b"Rar!",
        "Eve.7z": b"7z"}, [], {}), tmp_path / "it")
    assert run(monkeypatch, capfd, FROM=download, INTO=tmp_path / "class",
               EXERCISE="01")[0] == 0
    assert [row["folder"] for row in rows(tmp_path / "class")] == [
        "Eve", "Jane", "Joe"]


@pytest.mark.parametrize("name,data,what", [
    ("it.rar", b"Rar!\x1a\7\0", "a RAR archive"),
    ("it.zip", b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    ("it.zip", b"<html>Log in</html>", "damaged, or no archive")])
def test_a_download_that_is_not_read_is_to_be_unpacked(
        tmp_path, monkeypatch, capfd, name, data, what):
    (tmp_path / name).write_bytes(data)
    status, _, err = run(monkeypatch, capfd, FROM=tmp_path / name,
                         INTO=tmp_path / "class")
    assert status == 1 and f"is not unpacked: it is {what}" in err
    assert err.endswith("; unpack it yourself, and name the folder in FROM\n")


def test_files_without_names_are_said_to_be_one_student_s(
        tmp_path, monkeypatch, capfd):
    """As a folder in a drive, or a chat, gives them out."""
    names = ("Homework 1/server.c", "Homework 1/server (1).c")
    download = unpacked(Packed(dict.fromkeys(names, b""), [], {}),
                        tmp_path / "it")
    status, out, err = run(monkeypatch, capfd, FROM=download,
                           INTO=tmp_path / "class")
    assert status == 0 and "1 student, 2 files" in out
    assert "all of it is taken for one student's, Homework 1" in err


def test_who_can_not_be_told_from_a_name_is_not_made_one(tmp_path, monkeypatch,
                                                         capfd):
    """Blackboard's names, without the texts that say where a login begins."""
    names = [f"H 1_{who}_doe_attempt_2026-11-29-12-00-00_server.c"
             for who in ("ann", "bob")]
    download = unpacked(Packed({name: name.encode() for name in names}, [],
                               {}), tmp_path / "it")
    run(monkeypatch, capfd, FROM=download, INTO=tmp_path / "class")
    assert len(rows(tmp_path / "class")) == 2


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
