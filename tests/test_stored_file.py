"""Chapter 07: what a client puts on the disk, under which name, for whom."""

from __future__ import annotations

import os
import random
import signal
import stat
import struct
import subprocess
from contextlib import closing

import pytest

from expectations import differs
from lab.calls import Fault
from lab.meeting import EOF, Heard
from lab.meeting.pair import Pair, PairMeeting
from lab.sandbox import Sandbox
from storing import FILE, OLD, as_it_was, finish, half_way, reason, taken

pytestmark = pytest.mark.chapter("07")


@pytest.fixture
def number() -> str:
    """What `pair` is to play."""
    return "07"


# --- the file under its final name -----------------------------------------

def test_the_old_file_stays_until_the_new_one_is_whole(client_of):
    data = random.Random(1).randbytes(300_000)
    client_of.copy.write_bytes(OLD)
    client, server = client_of.answer()
    with closing(server):
        for words in (b"300000\n", data[:1], data[1:200_000], data[200_000:]):
            server.say(words)
            taken(client, server)
            assert client_of.copy.read_bytes() == OLD
        assert len(client_of.left_over()) == 1  # under way, beside the target
        server.half_close()
        assert server.hear() == Heard(b"Thank you 300000\n", EOF)
        assert not differs(client_of.copy.read_bytes(), data)
        assert str(client.ends()) == "exit 0", client.stderr
    as_it_was(client_of, data)


@pytest.mark.parametrize("mode", (0o600, 0o640, 0o644, 0o664, 0o755, 0o777))
def test_the_mode_of_the_old_file_is_kept(pair, mode):
    pair.copy.write_bytes(OLD)
    pair.copy.chmod(mode)
    fetched(pair, before=["sh", "-c", 'umask 077; exec "$@"', "sh"])
    assert stat.S_IMODE(pair.copy.stat().st_mode) == mode


@pytest.mark.parametrize("mask, mode", (("022", 0o644), ("027", 0o640),
                                        ("077", 0o600), ("000", 0o666)))
def test_a_new_file_has_the_mode_that_the_umask_leaves(pair, mask, mode):
    fetched(pair, before=["sh", "-c", f'umask {mask}; exec "$@"', "sh"])
    assert stat.S_IMODE(pair.copy.stat().st_mode) == mode


def fetched(pair: PairMeeting, file: object = None, before: tuple = ()
            ) -> None:
    """Have the client fetch FILE, and check that it did."""
    client, server = pair.answer(file, before=before)
    with closing(server):
        server.say(b"12\n" + FILE)
        taken(client, server)
        assert len(pair.left_over()) == 1  # beside the target, while it comes
        server.half_close()
        assert server.hear() == Heard(b"Thank you 12\n", EOF)
        assert str(client.ends()) == "exit 0", client.stderr
    as_it_was(pair, FILE)


def test_a_name_without_a_folder_is_in_the_current_one(pair):
    fetched(pair, "copy")


def test_a_name_may_be_as_long_as_names_may_be(pair):
    """The temporary name must not be made of it."""
    name = "n" * 255
    client, server = pair.answer(name)
    with closing(server):
        server.say(b"12\n" + FILE)
        server.half_close()
        assert str(client.ends()) == "exit 0", client.stderr
    assert (pair.files / name).read_bytes() == FILE


BAD_OUTPUTS = {
    "in a folder that is not there": ("no/copy",
                                      "No such file or directory"),
    "in a folder that is a file": ("copy/copy", "Not a directory"),
    "a folder": (".", "not a regular file"),
    "a folder, with a slash": ("folder/", "no name for a file"),
    "a new folder": ("new/", "no name for a file"),
    "nothing": ("", "no name for a file"),
    "a link": ("link", "not a regular file"),
    "a link to nothing": ("dangling", "not a regular file"),
    "a FIFO": ("fifo", "not a regular file"),
    "a device": ("/dev/null", "not a regular file"),
    "a path without end": ("p/" * 5000 + "p", "File name too long"),
    "a name without end": ("n" * 300, "File name too long"),
}


@pytest.mark.parametrize("file, why", BAD_OUTPUTS.values(),
                         ids=BAD_OUTPUTS.keys())
def test_an_output_that_cannot_be_replaced_is_trouble(pair, file, why):
    pair.copy.write_bytes(OLD)
    (pair.files / "folder").mkdir()
    (pair.files / "link").symlink_to("copy")
    (pair.files / "dangling").symlink_to("nothing")
    os.mkfifo(pair.files / "fifo")
    before = sorted(os.listdir(pair.files))
    client, server = pair.answer(file)
    with closing(server):
        server.say(b"12\n" + FILE)
        server.half_close()
        told = reason(client)
        assert told.startswith("open ") and told.endswith(f": {why}"), told
        assert server.hear().data == b""
    assert pair.copy.read_bytes() == OLD
    assert sorted(os.listdir(pair.files)) == before
    assert (pair.files / "link").is_symlink()


# --- the folder, and what happens in it meanwhile --------------------------

# Whoever has no number in a user namespace has no rights beyond his own, and
# is the owner of his files all the same (user_namespaces(7)).
NO_RIGHTS = ["unshare", "-U"]
UMASK_0 = ["sh", "-c", 'umask 0; exec "$@"', "sh"]


def test_nobody_else_may_read_a_file_that_is_not_whole(either):
    client, server = half_way(either, before=UMASK_0)
    part, = either.files.iterdir()
    assert part.name.startswith(".")  # nor does a * find it
    assert stat.S_IMODE(part.stat().st_mode) == 0o600
    assert finish(client, server) == ""
    assert stat.S_IMODE(either.copy.stat().st_mode) == 0o666
    as_it_was(either, FILE)


@pytest.mark.parametrize("end", ("well", "early"))
def test_the_folder_may_have_another_name_by_then(either, end):
    folder = either.files / "folder"
    folder.mkdir()
    client, server = half_way(either, "folder/copy")
    moved = folder.rename(either.files / "moved")
    if end == "well":
        assert finish(client, server) == ""
        assert (moved / "copy").read_bytes() == FILE
    else:
        server.close()
        assert reason(client).endswith("EOF after 6 of 12 bytes")
    assert os.listdir(moved) == (["copy"] if end == "well" else [])


def test_a_signal_finds_the_file_in_a_folder_with_another_name(pair):
    folder = pair.files / "folder"
    folder.mkdir()
    client, server = half_way(pair, "folder/copy")
    moved = folder.rename(pair.files / "moved")
    client.signal(signal.SIGTERM)
    assert str(client.ends()) == "killed by SIGTERM"
    server.close()
    assert not os.listdir(moved)


def test_a_path_may_be_as_long_as_paths_may_be(either):
    client, server = half_way(either, "./" * 2044 + "copy")
    assert finish(client, server) == ""
    as_it_was(either, FILE)


APPEARS = {
    "a FIFO": os.mkfifo,
    "a folder": os.mkdir,
    "a link": lambda path: os.symlink("elsewhere", path),
}


@pytest.mark.parametrize("make", APPEARS.values(), ids=APPEARS.keys())
@pytest.mark.parametrize("old", (None, OLD), ids=("new", "old"))
def test_what_takes_its_name_meanwhile_is_not_replaced(either, make, old):
    if old:
        either.copy.write_bytes(old)
    client, server = half_way(either)
    either.copy.unlink(missing_ok=True)
    make(either.copy)
    kind = stat.S_IFMT(either.copy.lstat().st_mode)
    assert finish(client, server, 1) == \
        "open copy: not a regular file"
    assert os.listdir(either.files) == ["copy"]
    assert stat.S_IFMT(either.copy.lstat().st_mode) == kind


def test_what_takes_its_name_while_it_is_synced_is_not_replaced(pair):
    """A client looks for the last time just before the rename."""
    client, server = half_way(pair, fault=Fault("slow", at=1,
                                                calls=("fsync",)))
    with closing(server):
        server.say(FILE[6:])
        server.half_close()
        assert client.until(client.log.struck)
        os.mkfifo(pair.copy)
        assert reason(client) == "open copy: not a regular file"
    assert os.listdir(pair.files) == ["copy"]
    assert stat.S_ISFIFO(pair.copy.lstat().st_mode)


@pytest.mark.namespaces
def test_a_mount_point_is_told_before_the_file_comes(pair):
    """As a container has them: rename(2) can't replace one (EBUSY)."""
    pair.copy.write_bytes(b"below")
    (pair.files / "over").write_bytes(OLD)
    client, server = pair.answer(before=[
        "unshare", "-Urm", "sh", "-c",
        'mount --bind over copy && exec "$@"', "sh"])
    with closing(server):
        server.say(b"12\n")
        assert reason(client) == \
            "open copy: a mount point, so it can't be replaced"
    assert pair.copy.read_bytes() == b"below"
    assert sorted(os.listdir(pair.files)) == ["copy", "over"]
    assert (pair.files / "over").read_bytes() == OLD


@pytest.fixture
def append_only():
    """Return a function that makes a file or a folder append-only.

    It may be written to, and not be renamed (FS_IOC_SETFLAGS(2const)).
    """
    marked = []

    def mark(path):
        try:
            subprocess.run(["chattr", "+a", path], check=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("no chattr here, or not on this disk")
        marked.append(path)

    yield mark
    for path in marked:
        subprocess.run(["chattr", "-a", path], check=True)


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes such files")
def test_an_append_only_file_is_told_before_the_file_comes(tmp_path,
                                                           append_only):
    with Sandbox(private=False) as room:
        pair = PairMeeting(Pair.of("07"), tmp_path, room)
        pair.copy.write_bytes(OLD)
        append_only(pair.copy)
        client, server = pair.answer()
        with closing(server):
            server.say(b"12\n")
            assert reason(client) == \
                "open copy: append-only, so it can't be replaced"
    as_it_was(pair, OLD)


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes such files")
@pytest.mark.parametrize("there", (False, True))
def test_an_append_only_folder_is_told_before_the_file_comes(
        tmp_path, append_only, there):
    """A part that was made in it could not even be removed."""
    with Sandbox(private=False) as room:
        pair = PairMeeting(Pair.of("07"), tmp_path, room)
        if there:
            pair.copy.write_bytes(OLD)
        append_only(pair.files)
        client, server = pair.answer()
        with closing(server):
            server.say(b"12\n")
            assert reason(client) == "open copy: in an append-only folder, " \
                "where nothing can be renamed"
    assert os.listdir(pair.files) == ["copy"] * there


@pytest.mark.namespaces
def test_a_folder_that_cannot_be_read_will_do(pair):
    folder = pair.files / "folder"
    folder.mkdir()
    folder.chmod(0o300)
    try:
        client, server = half_way(pair, "folder/copy", before=NO_RIGHTS)
        assert finish(client, server) == ""
    finally:
        folder.chmod(0o700)  # so that an ordinary user can remove it
    assert (folder / "copy").read_bytes() == FILE


@pytest.mark.namespaces
def test_a_folder_without_room_for_two_names_is_told_before_the_file_comes(
        pair):
    folder = pair.files / "folder"
    folder.mkdir()
    (folder / "copy").write_bytes(OLD)
    folder.chmod(0o500)
    try:
        client, server = pair.answer("folder/copy", before=NO_RIGHTS)
        with closing(server):
            server.say(b"12\n")
            assert reason(client) == \
                "create a file beside folder/copy: Permission denied"
    finally:
        folder.chmod(0o700)
    assert (folder / "copy").read_bytes() == OLD


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("whose", ("ours", "theirs"))
def test_somebodys_file_in_a_sticky_folder_is_told_before_the_file_comes(
        tmp_path, whose):
    """We could write it, but not rename over it (unlink(2), EPERM)."""
    tmp_path.chmod(0o1777)
    copy = tmp_path / "copy"
    copy.write_bytes(OLD)
    copy.chmod(0o666)
    os.chown(tmp_path, 2, 2)
    os.chown(copy, 3 if whose == "ours" else 4, 4)
    with Sandbox(private=False) as room:
        pair = PairMeeting(Pair.of("07"), tmp_path, room)
        client, server = pair.answer("copy", before=[
            "setpriv", "--reuid=3", "--regid=3", "--clear-groups"])
        with closing(server):
            server.say(b"12\n")
            if whose == "theirs":
                assert reason(client) == \
                    "open copy: somebody else's file, in a sticky folder"
            else:
                taken(client, server)
                server.say(FILE)
                server.half_close()
                assert server.hear().data == b"Thank you 12\n"
    as_it_was(pair, OLD if whose == "theirs" else FILE)


@pytest.mark.parametrize("why", ("EINVAL", "EBADF", "EIO"))
def test_a_folder_that_cannot_be_synced_is_no_trouble(pair, why):
    """But one that can be, and fails, is."""
    client, server = half_way(pair, fault=Fault(why, at=2, calls=("fsync",)))
    told = finish(client, server, 1 if why == "EIO" else 0)
    assert pair.programs[-1].log.struck() == ["fsync"]
    assert told == ("" if why != "EIO" else
                    "fsync folder of copy: Input/output error")
    as_it_was(pair, FILE)


# --- owners ----------------------------------------------------------------

@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_owner_and_group_of_the_old_file_are_kept(tmp_path):
    with Sandbox(private=False) as room:
        pair = PairMeeting(Pair.of("07"), tmp_path, room)
        pair.copy.write_bytes(OLD)
        os.chown(pair.copy, 3, 4)
        pair.copy.chmod(0o640)
        client, server = half_way(pair)
        assert finish(client, server) == ""
    made = pair.copy.stat()
    assert (made.st_uid, made.st_gid) == (3, 4)
    assert stat.S_IMODE(made.st_mode) == 0o640


@pytest.mark.parametrize("lost, old, new", (
    ("owner", 0o640, 0o640), ("owner", 0o664, 0o664),
    pytest.param("owner", 0o466, 0o444, marks=pytest.mark.skipif(
        os.getuid() != 0, reason="only root writes to such a file")),
    ("owner", 0o646, 0o646), ("group", 0o640, 0o600), ("group", 0o664, 0o644),
    ("group", 0o604, 0o600), ("group", 0o666, 0o666), ("group", 0o755, 0o755)))
def test_who_could_not_read_the_old_file_cannot_read_the_new(
        pair, lost, old, new):
    """Where the file can't be given its old owner, or its old group."""
    pair.copy.write_bytes(OLD)
    pair.copy.chmod(old)
    client, server = half_way(pair, fault=Fault(
        "EPERM", at=1 if lost == "owner" else 2, calls=("fchown",)))
    assert finish(client, server) == ""
    assert pair.programs[-1].log.struck() == ["fchown"]
    assert stat.S_IMODE(pair.copy.stat().st_mode) == new
    as_it_was(pair, FILE)


def test_two_clients_with_one_target_leave_a_whole_file(client_of):
    files = [random.Random(n).randbytes(300_000) for n in range(2)]
    meetings = [client_of.answer() for _ in files]
    for (client, server), data in zip(meetings, files):
        server.say(b"300000\n" + data[:200_000])
        taken(client, server)
    assert len(client_of.left_over()) == 2
    for (client, server), data in zip(meetings, files):
        server.say(data[200_000:])
        server.half_close()
        assert str(client.ends()) == "exit 0", client.stderr
        assert not differs(client_of.copy.read_bytes(), data)
        server.close()
    as_it_was(client_of, files[1])


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="not Linux")
def test_an_acl_does_not_become_a_mode_that_opens_more(pair):
    """The group's bits are then a bound for all entries (acl(5), the mask)."""
    pair.copy.write_bytes(OLD)
    entries = ((1, 6, -1), (2, 6, 1234), (4, 0, -1), (16, 6, -1), (32, 4, -1))
    try:  # user rw, user 1234 rw, group nothing, mask rw, others r
        os.setxattr(pair.copy, "system.posix_acl_access", struct.pack(
            "<I", 2) + b"".join(struct.pack("<HHi", *e) for e in entries))
    except OSError as error:
        pytest.skip(f"no ACLs on this disk: {error}")
    assert stat.S_IMODE(pair.copy.stat().st_mode) == 0o664
    client, server = half_way(pair)
    assert finish(client, server) == ""
    assert stat.S_IMODE(pair.copy.stat().st_mode) == 0o600
