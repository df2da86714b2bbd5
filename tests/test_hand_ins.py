"""Where in what somebody handed in the sources are; archives as they come."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from lab.classroom.download import download
from lab.classroom.sources import Source, locate
from lab.classroom.tree import EARLIER, tree
from lab.judges import grade

FIRST = "01-return-the-thanks"
OURS = b"int main(void) { return 0; }\n"
OTHER = b"int main(void) { return 1; }\n"


def put(folder: Path, *names: str, content: bytes = OURS) -> Path:
    """Let files stand in a folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def found(folder: Path, alone: bool = True) -> str:
    """Return the content of server.c as it is found, or why it is not."""
    source = locate(tree(folder), FIRST, ("server.c",), alone)["server.c"]
    return source.content.decode() if isinstance(source, Source) \
        else str(source)


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip archive of some files, by name."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content,
                             zipfile.ZIP_DEFLATED)
    return data.getvalue()


def tarred(*members: tuple[str, bytes]) -> bytes:
    """Return a tar archive without compression."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


@pytest.mark.parametrize("alone", (True, False))
@pytest.mark.parametrize("place", (
    f"{FIRST}/", f"exercises/{FIRST}/", f"my work/{FIRST}/",
    f"half-close-main/exercises/{FIRST}/", f"{FIRST.upper()}/",
    f"Exercises/{FIRST.title()}/", f"{FIRST}\\", f"w\\{FIRST}\\"))
def test_a_source_is_found_where_it_belongs(tmp_path, place, alone):
    put(tmp_path, f"{place}server.c")
    assert found(tmp_path, alone) == OURS.decode()


@pytest.mark.parametrize("place", (
    "", "src/", "a/b/c/", "2026-11-29/", "01-Doe/", f"a/b/{FIRST}/",
    f"a/b/exercises/{FIRST}/"))
def test_the_file_alone_is_found_if_one_exercise_is_graded(tmp_path, place):
    put(tmp_path, f"{place}server.c")
    assert found(tmp_path) == OURS.decode()
    assert found(tmp_path, alone=False).startswith(
        f"there is no server.c; found: `{place}server.c`")


@pytest.mark.parametrize("name", ("server (1).c", "server-1.c", "server(2).c",
                                  "Server.c", "SERVER.C"))
def test_a_numbered_file_is_taken_where_there_is_one(tmp_path, name):
    put(tmp_path, f"{FIRST}/{name}")
    assert found(tmp_path) == OURS.decode()


def test_what_could_be_either_is_refused_by_its_names(tmp_path):
    put(tmp_path, "server.c")
    put(tmp_path, "server (1).c", content=OTHER)
    assert found(tmp_path) == "which file is server.c? These differ: " \
        "`server (1).c`, `server.c`"
    put(tmp_path, "server (1).c")
    assert found(tmp_path) == OURS.decode()  # they are the same


def test_a_file_far_below_does_not_rival_one_in_its_place(tmp_path):
    put(tmp_path, f"exercises/{FIRST}/server.c")
    put(tmp_path, f"a/b/{FIRST}/server.c", content=OTHER)
    assert found(tmp_path) == OURS.decode()


def test_an_untouched_starter_does_not_hide_an_answer(tmp_path):
    put(tmp_path, f"exercises/{FIRST}/server.c")
    put(tmp_path, "server.c", content=OTHER)
    assert found(tmp_path).startswith("which file is server.c?")


def test_the_file_in_its_place_is_not_rivalled_by_one_below(tmp_path):
    put(tmp_path, f"{FIRST}/server.c")
    put(tmp_path, f"{FIRST}/old/server.c", content=OTHER)
    assert found(tmp_path) == OURS.decode()


def test_what_systems_leave_and_the_kit_brings_is_not_seen(tmp_path):
    put(tmp_path, "src/server.c")
    put(tmp_path, "__MACOSX/server.c", "._server.c", ".git/server.c",
        "server.c~", ".vscode/server.c", "chapters/01-x/server.c",
        f"tests/starters/{FIRST}/server.c", "04-patience/server.c",
        "chapters/common/server.c",
        "exercises/04-patience/server.c", f"{EARLIER}/1/server.c",
        f"solutions/{FIRST}/server.c", content=OTHER)
    assert found(tmp_path) == OURS.decode()


def test_who_has_no_such_file_is_told_what_there_is(tmp_path):
    put(tmp_path, "main.c", "notes.txt", "work.rar")
    assert found(tmp_path) == (
        "there is no server.c; found: `main.c`, `notes.txt`, `work.rar`; "
        "work.rar is not unpacked: only .zip and .tar files are")
    put(tmp_path, *(f"\x1b[31m{n}.c" for n in range(9)))
    said = found(tmp_path)
    assert "\x1b" not in said and " and 6 more; work.rar is" in said


@pytest.mark.parametrize("encoding", ("utf-16", "utf-16-le", "utf-16-be",
                                      "utf-32"))
def test_a_wide_encoding_is_named(tmp_path, encoding):
    put(tmp_path, "server.c", content=OURS.decode().encode(encoding))
    assert found(tmp_path) == "server.c is saved as " \
        f"{encoding[:6].upper()}: save it as UTF-8" or "utf-32" in encoding
    assert "save it as UTF-8" in found(tmp_path)


def test_a_student_s_own_check_names_it_too(tmp_path):
    put(tmp_path, "server.c", content=OURS.decode().encode("utf-16"))
    score = grade(tmp_path, FIRST)
    assert score.points == 0 and score.trouble.endswith(
        "server.c is saved as UTF-16: save it as UTF-8")


def test_a_compiler_s_words_about_a_source_are_printable(tmp_path):
    put(tmp_path, "server.c", content=b'#error "\x1b]0;gone\x07"\n')
    assert "\x1b" not in grade(tmp_path, FIRST).trouble
    assert "\\x1b" in grade(tmp_path, FIRST).trouble


def test_a_tree_without_end_is_looked_at_in_part(tmp_path):
    put(tmp_path, f"{FIRST}/server.c")
    deep = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=deep)
        below = os.open("d", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(deep)
    assert found(tmp_path) == OURS.decode()
    with download(tmp_path) as entries:
        assert [entry.bad for entry in entries] == ["", "it lies too deep"]
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True, timeout=60)


def test_what_breaks_us_is_the_student_s_trouble(tmp_path, monkeypatch):
    def breaks(*_: object) -> None:
        raise RecursionError("too clever")
    put(tmp_path, "server.c")
    monkeypatch.setattr("lab.classroom.tree._walk", breaks)
    assert "can't be looked into (RecursionError" in found(tmp_path)


@pytest.mark.parametrize("kind", ("FIFO", "folder", "large", "link"))
def test_what_is_no_source_is_not_waited_for(tmp_path, kind):
    place = tmp_path / FIRST / "server.c"
    place.parent.mkdir()
    if kind == "FIFO":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    elif kind == "link":
        place.symlink_to("/etc/passwd")
    else:
        place.write_bytes(b"/" * ((1 << 20) + 1))
    said = found(tmp_path)
    assert said.startswith("server.c ") or kind == "folder" and \
        said == "there is no server.c: nothing was handed in"


@pytest.mark.parametrize("what", ("", FIRST, f"{FIRST}/server.c"))
def test_a_link_is_not_followed(tmp_path, what):
    honest = put(tmp_path / "honest", f"{FIRST}/server.c")
    cheat = tmp_path / "cheat" / what
    cheat.parent.mkdir(parents=True, exist_ok=True)
    cheat.symlink_to(honest / what)
    said = found(tmp_path / "cheat")
    assert "symbolic link, which is not followed" in said


# --- archives --------------------------------------------------------------

INSIDE = {f"{FIRST}/server.c": OURS, "__MACOSX/._server.c": OTHER}
TAR = tarred((f"{FIRST}/server.c", OURS), (f"{FIRST}/notes", b"x"))


GOOD = {
    "work.zip": zipped(INSIDE), "WORK.ZIP": zipped(INSIDE),
    "nested.zip": zipped({"deep/work.zip": zipped(INSIDE)}),
    "tar-in.zip": zipped({"work.tar.gz": gzip.compress(TAR)}),
    "w.tar": TAR, "w.TGZ": gzip.compress(TAR),
    "w.tar.bz2": bz2.compress(TAR), "w.tar.xz": lzma.compress(TAR),
    "really-a-tar.zip": TAR}


@pytest.mark.parametrize("name", GOOD)
def test_an_archive_is_as_good_as_what_is_in_it(tmp_path, name):
    put(tmp_path, f"ann/{name}", content=GOOD[name])
    assert found(tmp_path / "ann") == OURS.decode()
    put(tmp_path, name, content=GOOD[name])
    assert found(tmp_path / name) == OURS.decode()


def test_a_file_whose_name_ends_in_a_backslash_is_not_passed_over(tmp_path):
    """Without content it is a folder of an archive that Windows made."""
    put(tmp_path, "work.zip", content=zipped({
        "folder\\": b"", f"{FIRST}\\server.c\\": OURS}))
    assert found(tmp_path) == OURS.decode()


def test_an_archive_beside_the_same_file_is_no_rival(tmp_path):
    put(tmp_path, f"{FIRST}/server.c")
    put(tmp_path, "work.zip", content=zipped(INSIDE))
    assert found(tmp_path) == OURS.decode()
    put(tmp_path, f"{FIRST}/server.c", content=OTHER)
    assert found(tmp_path) == ("which file is server.c? These differ: "
                               f"`{FIRST}/server.c`, "
                               f"`work.zip/{FIRST}/server.c`")


def a_link(kind: bytes) -> bytes:
    """Return a tar archive with a link, or a device, called server.c."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        info = tarfile.TarInfo("server.c")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    return data.getvalue()


def a_zipped_link() -> bytes:
    """Return a zip archive in which server.c is a symbolic link."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        info = zipfile.ZipInfo("server.c")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return data.getvalue()


def lying() -> bytes:
    """Return a zip archive that says it is small, and is not."""
    data = zipped({"server.c": b"\0" * (80 << 20)})
    size = (80 << 20).to_bytes(4, "little")
    assert data.count(size) == 2
    return data.replace(size, (100).to_bytes(4, "little"))


def sparse() -> bytes:
    """Return a tar archive with a file that says it has a terabyte."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w",
                      format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("server.c")
        info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0",
                            "GNU.sparse.name": "server.c",
                            "GNU.sparse.realsize": str(1 << 40)}
        body = b"1\n0\n1\n".ljust(512, b"\0") + b"x"
        info.size = len(body)
        archive.addfile(info, io.BytesIO(body))
    return data.getvalue()


ZEROS = b"\0" * (80 << 20)
MANY = {f"{number}.c": b"" for number in range(5001)}
HOSTILE = {  # how it is called, what is in it, why it is not unpacked
    "a symbolic link": ("w.tar", lambda: a_link(tarfile.SYMTYPE),
                        "it is a link"),
    "a hard link": ("w.tar", lambda: a_link(tarfile.LNKTYPE), "it is a link"),
    "a link in a zip": ("w.zip", a_zipped_link, "it is a link"),
    "a device": ("w.tar", lambda: a_link(tarfile.CHRTYPE),
                 "it is no plain file"),
    "a FIFO": ("w.tar", lambda: a_link(tarfile.FIFOTYPE),
               "it is no plain file"),
    "a sparse file": ("w.tar", sparse, "it is no plain file"),
    "dots": ("w.zip", lambda: zipped({"../server.c": OURS}), "has .. in it"),
    "dots within": ("w.tar", lambda: tarred(("a/../../server.c", OURS)),
                    "has .. in it"),
    "an absolute name": ("w.tar", lambda: tarred(("/server.c", OURS)),
                         "is absolute"),
    "a drive": ("w.zip", lambda: zipped({"c:\\server.c": OURS}),
                "is absolute"),
    "many members": ("w.zip", lambda: zipped(MANY), "more than 5,000 members"),
    "many members in a tar": (
        "w.tgz", lambda: gzip.compress(tarred(*MANY.items())),
        "more than 5,000 members"),
    "a bomb": ("w.zip", lambda: zipped({"server.c": ZEROS}),
               "more than 16 MiB"),
    "a bomb that lies": ("w.zip", lying, "damaged"),
    "a bomb in gzip": ("w.tgz", lambda: gzip.compress(ZEROS),
                       "more than 16 MiB"),
    "a bomb in xz": ("w.tar.xz", lambda: lzma.compress(ZEROS),
                     "more than 16 MiB"),
    "names that clash": (
        "w.zip", lambda: zipped({"server.c": OURS, "Server.c": OTHER}),
        "one where case does not count"),
    "too many boxes": ("w.zip", lambda: zipped({"a.zip": zipped(
        {"b.zip": zipped({"server.c": OURS})})}),
        "in an archive in an archive"),
    "no zip": ("w.zip", lambda: b"PK\3\4 no zip at all",
               "damaged, or no archive"),
    "cut off": ("w.tgz", lambda: gzip.compress(TAR)[:-20],
                "damaged, or no archive"),
    "empty": ("w.tar", lambda: b"", "damaged, or no archive")}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_archive_is_refused_with_the_reason(tmp_path, how):
    name, data, why = HOSTILE[how]
    put(tmp_path, name, content=data())
    said = found(tmp_path)
    assert said.startswith("there is no server.c; found: ") and why in said


def test_archives_without_end_are_not_all_looked_into(tmp_path):
    boxes = {f"{n}.zip": zipped({"x.c": b"x"}) for n in range(30)}
    put(tmp_path, "many.zip", content=zipped(boxes))
    handed_in = tree(tmp_path)
    assert handed_in.archives == 31
    assert sum("more than 10 archives" in why
               for why in handed_in.troubles) == 21


def test_what_is_kept_of_archives_is_bounded(tmp_path):
    large = {f"{n}.c": os.urandom(1 << 20) for n in range(20)}
    for name in ("a.zip", "b.zip", "c.zip"):
        put(tmp_path, name, content=zipped(large))
    assert tree(tmp_path).kept <= 33 << 20
