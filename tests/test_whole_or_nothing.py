"""Chapter 07: no thanks for half a file, no half file under the final name.

The pair is met by peers that lie about lengths and receipts, by files that
change while they are sent, by signals, and by kill -9 at random moments.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import shutil
import signal
import stat
import struct
import subprocess
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterator, Optional

import pytest

from expectations import differs, said, sentence
import plain_sockets
from lab import chapters, kernel, program
from lab.calls import CallLog, Fault
from lab.meeting import EOF, RESET, Heard, Peer, Program
from lab.meeting.pair import AMPLE, Pair, PairMeeting
from lab.sandbox import Process, Sandbox
from test_every_call_can_fail import seeds

pytestmark = pytest.mark.chapter("07")

FILE = b"To be sent.\n"
OLD = b"the old one"


@pytest.fixture
def number() -> str:
    """What `pair` is to play."""
    return "07"


EDITIONS = [pytest.param(n, marks=pytest.mark.chapter(n))
            for n in chapters.editions("client.c", "07")]


@pytest.fixture(params=EDITIONS)
def client_of(request, pair) -> PairMeeting:
    """The chapter's client, and those that were made of it."""
    pair.pair = replace(pair.pair, folder=program.chapter(request.param))
    return pair


@pytest.fixture(params=[
    *EDITIONS, pytest.param("solution", marks=pytest.mark.answers)])
def either(request, pair) -> PairMeeting:
    """These clients, and the one that solves exercise 05."""
    folder = program.ROOT / "solutions" / "05-receipt" \
        if request.param == "solution" else program.chapter(request.param)
    pair.pair = replace(pair.pair, folder=folder)
    return pair


def reason(program_: Program) -> str:
    """Wait for status 1 and one sentence; return it without the name."""
    return sentence(program_)[len(program_.name) + 2:-1]


def taken(client: Program, server: Peer) -> None:
    """Wait until the client has read all that it was sent."""
    assert client.until(
        lambda: not server.under_way() and
        kernel.unread(client.pid, *server.ports) == 0), client.stderr


def as_it_was(pair: PairMeeting, old: Optional[bytes]) -> None:
    """Check that there is the old file, or none, and nothing beside it."""
    assert (pair.copy.read_bytes() if pair.copy.exists() else None) == old
    assert set(os.listdir(pair.files)) - {"original"} == (
        set() if old is None else {"copy"})


def refused(pair: PairMeeting, words: bytes, end: str = EOF) -> str:
    """Be a server that says `words`; return why the client refuses them.

    Without an old file and with one, which must stay as it was.
    """
    told = []
    for old in (None, OLD):
        if old:
            pair.copy.write_bytes(old)
            pair.copy.chmod(0o640)
        client, server = pair.answer()
        with closing(server):
            server.say(words)
            if end == EOF:
                server.half_close()
            else:
                taken(client, server)
                server.reset()
            told.append(reason(client))
            if end == EOF:
                assert server.hear().data == b"", "it was thanked for"
        assert client.stdout == ""
        as_it_was(pair, old)
    assert stat.S_IMODE(pair.copy.stat().st_mode) == 0o640
    assert told[0] == told[1]
    return told[0]


# --- lengths ---------------------------------------------------------------

NINES = b"9223372036854775807"  # the most that an intmax_t holds

LENGTHS = {
    "missing": (b"", "length from server: missing"),
    "cut short": (b"12", "length from server: cut short"),
    "empty": (b"\n" + FILE, "length from server: empty"),
    "negative": (b"-12\n" + FILE, "length from server: negative"),
    "minus nothing": (b"-0\n", "length from server: negative"),
    "a word": (b"twelve\n" + FILE, "length from server: not digits"),
    "digits and more": (b"12x\n" + FILE, "length from server: not digits"),
    "a space before": (b" 12\n" + FILE, "length from server: not digits"),
    "a space after": (b"12 \n" + FILE, "length from server: not digits"),
    "a plus": (b"+12\n" + FILE, "length from server: not digits"),
    "hexadecimal": (b"0xc\n" + FILE, "length from server: not digits"),
    "a fraction": (b"12.0\n" + FILE, "length from server: not digits"),
    "a carriage return": (b"12\r\n" + FILE, "length from server: not digits"),
    "a NUL": (b"12\0\n" + FILE, "length from server: not digits"),
    "no length, a file": (FILE, "length from server: not digits"),
    "a file of one line": (b"x" * 1000, "length from server: not digits"),
    "20 digits": (b"9" * 20 + b"\n" + FILE, "length from server: too long"),
    "1000 digits": (b"1" * 1000 + b"\n" + FILE,
                    "length from server: too long"),
    "one too many": (b"9223372036854775808\n" + FILE,
                     "length from server: too long"),
    "the most there is": (NINES + b"\n" + FILE, "read from server: EOF after "
                          "12 of 9223372036854775807 bytes"),
    "larger by one": (b"13\n" + FILE, "read from server: EOF after 12 of 13 "
                      "bytes"),
    "larger than nothing": (b"1\n", "read from server: EOF after 0 of 1 "
                            "bytes"),
    "smaller by one": (b"11\n" + FILE, "read from server: more than 11 bytes "
                       "came"),
    "none, but a file": (b"0\n" + FILE, "read from server: more than 0 bytes "
                         "came"),
    "much smaller": (b"100000\n" + bytes(300_000), "read from server: more "
                     "than 100000 bytes came"),
    "much larger": (b"300001\n" + bytes(300_000), "read from server: EOF "
                    "after 300000 of 300001 bytes"),
}


@pytest.mark.parametrize("words, why", LENGTHS.values(), ids=LENGTHS.keys())
def test_a_length_that_is_wrong_has_its_sentence(client_of, words, why):
    assert refused(client_of, words) == why


def test_a_reset_may_come_before_the_client_has_seen_that_it_is_connected(
        pair):
    client, server = pair.answer()
    server.reset()
    assert reason(client) in (
        f"connect 127.0.0.1 {pair.port}: Connection reset by peer",
        "read from server: Connection reset by peer")
    as_it_was(pair, None)


@pytest.mark.parametrize("words", (b"1", b"12\n", b"12\n" + FILE[:6],
                                   b"12\n" + FILE))
def test_a_reset_is_no_end_of_a_file(client_of, words):
    """Not even where all of it has come: the EOF has not."""
    assert refused(client_of, words, end="reset") == \
        "read from server: Connection reset by peer"


# --- receipts --------------------------------------------------------------

RECEIPTS = {
    "none": (b"", "no thanks"),
    "without a length": (b"Thank you\n", "no receipt for 12 bytes"),
    "one byte less": (b"Thank you 11\n", "no receipt for 12 bytes"),
    "one byte more": (b"Thank you 13\n", "no receipt for 12 bytes"),
    "without its newline": (b"Thank you 12", "no receipt for 12 bytes"),
    "more after it": (b"Thank you 12\nGo on\n", "no receipt for 12 bytes"),
    "twice": (b"Thank you 12\n" * 2, "no receipt for 12 bytes"),
    "the beginning of the number": (b"Thank you 1\n",
                                    "no receipt for 12 bytes"),
    "a zero before": (b"Thank you 012\n", "no receipt for 12 bytes"),
    "a minus": (b"Thank you -12\n", "no receipt for 12 bytes"),
    "a space more": (b"Thank you  12\n", "no receipt for 12 bytes"),
    "a small letter": (b"thank you 12\n", "no receipt for 12 bytes"),
    "a NUL within": (b"Thank you 12\0\n", "no receipt for 12 bytes"),
    "a NUL after": (b"Thank you 12\n\0", "no receipt for 12 bytes"),
    "two NULs after": (b"Thank you 12\n\0\0", "no receipt for 12 bytes"),
    "a carriage return": (b"Thank you 12\r\n", "no receipt for 12 bytes"),
    "01's thanks": (b"Thank you", "no receipt for 12 bytes"),
    "a refusal": (b"No\n", "no receipt for 12 bytes"),
    "binary": (bytes(range(256)), "no receipt for 12 bytes"),
    "without end": (b"Thank you 12\n" * 1000,
                    "thanks of more than 1024 bytes"),
}


@pytest.mark.parametrize("thanks, why", RECEIPTS.values(), ids=RECEIPTS.keys())
def test_a_receipt_that_is_wrong_has_its_sentence(pair, thanks, why):
    server = pair.serve(FILE)
    with closing(pair.dial_server()) as client:
        assert client.hear() == Heard(b"12\n" + FILE, EOF)
        client.say(thanks)
        client.half_close()
        assert reason(server) == f"read from client: {why}"
    assert said(server) == ""


def test_a_receipt_may_come_before_the_file_was_read(pair):
    """It is as good as the word of who gives it, whenever that is."""
    server = pair.serve(FILE)
    with closing(pair.dial_server()) as client:
        client.say(b"Thank you 12\n")
        client.half_close()
        assert client.hear() == Heard(b"12\n" + FILE, EOF)
        assert str(server.ends()) == "exit 0", server.stderr
    assert said(server) == "Message from client: Thank you 12\n"


def test_a_right_receipt_that_is_reset_is_none(pair):
    server = pair.serve(FILE)
    client = pair.dial_server()
    client.hear()
    client.say(b"Thank you 12\n")
    assert server.until(lambda: kernel.unread(server.pid, *client.ports) == 0)
    client.reset()
    assert reason(server) == "read from client: Connection reset by peer"
    assert said(server) == ""


# --- files that change while they are sent ---------------------------------

LONG = 16_000_000  # bytes: more than kernels hold for a client that waits


def position(server: Program, file: Path) -> int:
    """Return how far a program has read a file (proc(5), fdinfo)."""
    for entry in Path(f"/proc/{server.pid}/fd").iterdir():
        if os.readlink(entry) == str(file):
            info = Path(f"/proc/{server.pid}/fdinfo/{entry.name}").read_text()
            return int(re.search(r"pos:\s+(\d+)", info)[1])
    raise AssertionError(f"{server.name} has not opened {file}")


def held(pair: PairMeeting) -> tuple[Program, Peer, bytes]:
    """Hold a server in the middle of a file; return what it is to send."""
    data = random.Random(LONG).randbytes(1 << 20) * 16
    data = data[:LONG]
    server = pair.serve(data)
    client = pair.dial_server()
    assert server.until(lambda: kernel.unread(
        server.pid, *reversed(client.ports)))
    assert position(server, pair.original) < LONG
    return server, client, b"%d\n" % LONG + data


@pytest.mark.parametrize("more", (1, 100_000))
def test_a_file_that_grows_while_it_is_sent_is_not_sent_whole(pair, more):
    server, client, whole = held(pair)
    with closing(client):
        with pair.original.open("ab") as file:
            file.write(bytes(more))
        heard = client.hear()
        assert reason(server) == \
            f"read original: it grew beyond {LONG} bytes"
    assert whole.startswith(heard.data) and len(heard.data) < len(whole)
    assert heard.end == RESET
    assert said(server) == ""


@pytest.mark.parametrize("data, more", (
    (b"", b"x"), (FILE, b"x"), (b"", bytes(100_000))),
    ids=("empty", "one byte more", "empty, and large"))
def test_a_file_whose_size_is_a_lie_ends_in_a_reset(pair, data, more):
    """A FIN would say that what was announced is all there is."""
    server = pair.serve(data)
    with pair.original.open("ab") as file:
        file.write(more)
    client = pair.fetch(pair.port)
    assert reason(server) == \
        f"read original: it grew beyond {len(data)} bytes"
    assert reason(client).endswith(": Connection reset by peer")
    as_it_was(pair, None)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="no procfs")
def test_a_file_of_proc_is_not_called_empty(pair):
    server = pair.start(
        [program.build(pair.pair.folder / "server.c"), "127.0.0.1", 0,
         "/proc/version", AMPLE], name="server")
    client = pair.fetch(server.listens())
    assert reason(server) == "read /proc/version: it grew beyond 0 bytes"
    assert reason(client).endswith(": Connection reset by peer")
    as_it_was(pair, None)


def test_a_file_that_cannot_be_read_to_its_end_ends_in_a_reset(pair):
    """All that was announced has come, but for the EOF."""
    server = pair.serve(FILE, fault=Fault("EIO", at=2, calls=("read",)))
    client = pair.fetch(pair.port)
    assert reason(server) == "read original: Input/output error"
    assert reason(client).endswith(": Connection reset by peer")
    as_it_was(pair, None)


@pytest.mark.parametrize("left", (0, LONG - 1))
def test_a_file_that_shrinks_while_it_is_sent_is_not_called_whole(pair, left):
    server, client, whole = held(pair)
    with closing(client):
        os.truncate(pair.original, left)
        heard = client.hear().data
        told = reason(server)
    came = len(heard) - len(b"%d\n" % LONG)
    assert told == f"read original: it shrank to {came} of {LONG} bytes"
    assert whole.startswith(heard) and came < LONG
    assert said(server) == ""


@pytest.mark.parametrize("size", (LONG - 1, LONG + 1))
def test_a_client_does_not_take_a_file_that_changed(pair, size):
    """The real client, slowed down so that the file changes under way."""
    data = random.Random(size).randbytes(1 << 20) * 16
    server = pair.serve(data[:LONG])
    client = pair.fetch(pair.port)
    client.signal(signal.SIGSTOP)
    os.truncate(pair.original, size)
    client.signal(signal.SIGCONT)
    told = [p.ends() and (str(p.exit), p.stderr) for p in (server, client)]
    if pair.copy.exists():  # it was read before it changed
        assert pair.copy.stat().st_size == LONG, told
        assert [how for how, _ in told] == ["exit 0", "exit 0"], told
    else:
        assert [how for how, _ in told] == ["exit 1", "exit 1"], told
        as_it_was(pair, None)


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

# Whoever has no number in a user namespace has no rights beyond his own, and is
# the owner of his files all the same (user_namespaces(7)).
NO_RIGHTS = ["unshare", "-U"]
UMASK_0 = ["sh", "-c", 'umask 0; exec "$@"', "sh"]


def half_way(pair: PairMeeting, file: object = None, **more: object
             ) -> tuple[Program, Peer]:
    """Start a client, and let it have half of FILE."""
    client, server = pair.answer(file, **more)
    assert server, client.stderr
    server.say(b"12\n" + FILE[:6])
    taken(client, server)
    return client, server


def finish(client: Program, server: Peer, status: int = 0) -> str:
    """Let a client have the rest; return what it said against it."""
    with closing(server):
        server.say(FILE[6:])
        server.half_close()
        heard = server.hear().data
    assert str(client.ends()) == f"exit {status}", client.stderr
    assert heard == (b"" if status else b"Thank you 12\n")
    return reason(client) if status else client.stderr


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
                "so nothing can be renamed to it"
    assert os.listdir(pair.files) == ["copy"] * there


@pytest.mark.namespaces
def test_a_folder_that_cannot_be_read_will_do(pair):
    folder = pair.files / "folder"
    folder.mkdir()
    folder.chmod(0o300)
    client, server = half_way(pair, "folder/copy", before=NO_RIGHTS)
    assert finish(client, server) == ""
    folder.chmod(0o700)  # else only root can clear up
    assert (folder / "copy").read_bytes() == FILE
    folder.chmod(0o700)  # so that an ordinary user can remove it


@pytest.mark.namespaces
def test_a_folder_without_room_for_two_names_is_told_before_the_file_comes(
        pair):
    folder = pair.files / "folder"
    folder.mkdir()
    (folder / "copy").write_bytes(OLD)
    folder.chmod(0o500)
    client, server = pair.answer("folder/copy", before=NO_RIGHTS)
    with closing(server):
        server.say(b"12\n")
        assert reason(client) == \
            "create a file beside folder/copy: Permission denied"
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


# --- deaths that the client lives to see -----------------------------------

@pytest.mark.parametrize("name", ("SIGTERM", "SIGINT", "SIGQUIT",
                                  "SIGHUP"))
@pytest.mark.parametrize("old", (None, OLD), ids=("new", "old"))
def test_a_client_that_is_told_to_stop_leaves_nothing_behind(
        client_of, name, old):
    number = getattr(signal, name)
    if old:
        client_of.copy.write_bytes(old)
    client, server = client_of.answer()
    with closing(server):
        server.say(b"12\n" + FILE)
        taken(client, server)
        assert len(client_of.left_over()) == 1
        client.signal(number)
        assert str(client.ends()) == f"killed by {name}"
        assert server.hear().data == b""
    as_it_was(client_of, old)


def test_a_client_under_nohup_goes_on(pair):
    client, server = pair.answer(
        before=["sh", "-c", 'trap "" HUP; exec "$@"', "sh"])
    with closing(server):
        server.say(b"12\n" + FILE[:6])
        taken(client, server)
        client.signal(signal.SIGHUP)
        server.say(FILE[6:])
        server.half_close()
        assert server.hear() == Heard(b"Thank you 12\n", EOF)
        assert str(client.ends()) == "exit 0", client.stderr
    as_it_was(pair, FILE)


def fetching(pair: PairMeeting, log: CallLog, shell: str = 'exec "$@"'
             ) -> tuple[Process, bytes]:
    """Be a server that has all of FILE; return the client, and what it said.

    The client runs as the last words of `shell` have it.
    """
    listener, port = plain_sockets.listen(pair.room)
    env = dict(log.env)
    env["PRELOAD"] = env.pop("LD_PRELOAD")  # it is not for the shell
    with listener:
        client = pair.room.start(
            ["sh", "-c", shell.replace("exec", "LD_PRELOAD=$PRELOAD exec"),
             "sh", program.build(pair.pair.folder / "client.c"), "127.0.0.1",
             port, pair.copy, AMPLE], name="client", env=env)
        listener.setblocking(False)

        def accepted() -> Optional[Peer]:
            try:
                return Peer(listener.accept()[0],
                            lambda: client.poll(0) is None)
            except OSError:
                return None
        server = client.until(accepted)
    if not server:
        return client, b""
    with closing(server):
        server.say(b"12\n" + FILE)
        server.half_close()
        heard = server.hear().data
    client.wait()
    return client, heard


def calls_of(log_of: Callable[[int], CallLog]) -> Iterator[CallLog]:
    """Give a log that strikes call 1, then 2, and so on to the last."""
    for at in itertools.count(1):
        log = log_of(at)
        yield log
        if not log.struck():
            assert at > 20
            return


@pytest.mark.parametrize("old", (None, OLD), ids=("new", "old"))
def test_a_signal_at_any_call_leaves_nothing_behind(client_of, old):
    for log in calls_of(lambda at: CallLog(Fault("SIGTERM", at=at))):
        client_of.copy.unlink(missing_ok=True)
        if old:
            client_of.copy.write_bytes(old)
        client, heard = fetching(client_of, log)
        ended = str(client.exit or client.ends())
        if log.struck():
            assert ended == "killed by SIGTERM", log.struck()
        else:
            assert (ended, heard) == ("exit 0", b"Thank you 12\n")
        now = client_of.copy.read_bytes() if client_of.copy.exists() else None
        assert now in (old, FILE) and (not heard or now == FILE), log.struck()
        assert not client_of.left_over(), log.struck()


def test_a_signal_removes_no_file_that_was_there_before(room, tmp_path):
    """One of the name that a client tries first, and does not get."""
    pair = PairMeeting(Pair.of("07"), tmp_path, room)
    log = CallLog(Fault("SIGTERM", at=1, calls=("openat",)))
    client, _ = fetching(
        pair, log, 'echo >"${4%/*}/.half-close.$$-0"; exec "$@"')
    assert str(client.exit or client.ends()) == "killed by SIGTERM"
    assert log.struck() == ["openat"]
    assert [name.rpartition("-")[2] for name in os.listdir(tmp_path)] == ["0"]


def test_a_hangup_at_any_call_under_nohup_changes_nothing(room, tmp_path):
    pair = PairMeeting(Pair.of("07"), tmp_path, room)
    for log in calls_of(lambda at: CallLog(Fault("SIGHUP", at=at))):
        client, heard = fetching(pair, log, 'trap "" HUP; exec "$@"')
        assert str(client.exit) == "exit 0", (log.struck(), client.stderr)
        assert heard == b"Thank you 12\n"


@pytest.mark.namespaces
def test_the_first_process_of_a_container_ends_as_well(pair):
    """A signal that it sends itself is not delivered (pid_namespaces(7))."""
    client, server = half_way(pair, before=["unshare", "-Urpf"])
    child, = Path(f"/proc/{client.pid}/task/{client.pid}/children"
                  ).read_text().split()
    os.kill(int(child), signal.SIGTERM)
    with closing(server):
        server.say(FILE[6:])
        server.half_close()
        assert server.hear().data == b""
    assert str(client.ends()) == f"exit {128 + signal.SIGTERM}"
    as_it_was(pair, None)


@pytest.mark.parametrize("old", (None, OLD), ids=("new", "old"))
def test_a_file_that_is_on_the_disk_too_late_is_not_stored(either, old):
    """fsync(2) can't be cut short. What it ends with is looked at after it."""
    if old:
        either.copy.write_bytes(old)
    client, server = half_way(either, seconds=0.5,
                              fault=Fault("slow", at=1, calls=("fsync",)))
    assert finish(client, server, 1) == \
        "gave up after 0.5 seconds: the file is not on the disk yet"
    assert client.log.struck() == ["fsync"]
    as_it_was(either, old)


# --- deaths at any moment --------------------------------------------------

class Encounter:
    """A pair that meets over a file which a seed decides."""

    def __init__(self, room: Sandbox, files: Path, seed: int) -> None:
        chance = random.Random(seed)
        size = chance.choice((0, 1, chance.randrange(100_000),
                              chance.randrange(3_000_000), 3_000_000))
        self.data = chance.randbytes(size)
        self.old = chance.choice((None, OLD))
        self.victims = chance.choice((("server",), ("client",),
                                      ("server", "client")))
        self.share = chance.random() * chance.choice((0.3, 1.1))
        self.pair = PairMeeting(Pair.of("07"), files, room)

    def begin(self) -> None:
        """Start both."""
        self.pair.copy.unlink(missing_ok=True)
        if self.old is not None:
            self.pair.copy.write_bytes(self.old)
        self.server = self.pair.serve(self.data)
        self.client = self.pair.fetch(self.pair.port)

    def takes(self) -> float:
        """Return in how many seconds the two are done if nobody dies."""
        self.begin()
        began = time.monotonic()
        assert str(self.client.ends()) == "exit 0", self.client.stderr
        assert str(self.server.ends()) == "exit 0", self.server.stderr
        return time.monotonic() - began

    def struck(self, number: int, after: float) -> None:
        """Send the victims a signal `after` seconds; let both end."""
        self.begin()
        self.client.poll(after)
        for name in self.victims:
            getattr(self, name).signal(number)
        self.pair.settle()
        for process in (self.server, self.client):
            assert process.exit or process.asleep, self.told(after)
        if self.server.exit is None:  # it waits for a client, as it should
            assert self.server.asleep.call == "accept", self.told(after)
            assert self.client.exit.signal == number, self.told(after)

    def told(self, after: float) -> str:
        """Say what was seen."""
        return f"{' and '.join(self.victims)} struck after {after:.6f} s, " \
            f"{len(self.data)} bytes, {'an' if self.old else 'no'} old file; "\
            f"server {self.server.exit}, {self.server.stderr!r}; client " \
            f"{self.client.exit}, {self.client.stderr!r}; left over " \
            f"{self.pair.left_over()}"

    def judge(self, after: float) -> None:
        """Check that nothing half is called whole."""
        what = self.told(after)
        stored = self.pair.copy.read_bytes() if self.pair.copy.exists() \
            else None
        whole = stored == self.data
        assert whole or stored == self.old, \
            f"{what}: a wrong file: {differs(stored or b'', self.data)}"
        ends = {p: p.exit for p in (self.server, self.client) if p.exit}
        receipt = f"Message from client: Thank you {len(self.data)}\n"
        if said(self.server) or str(self.server.exit) == "exit 0":
            assert said(self.server) == receipt and whole, what
        if self.client.stdout or str(self.client.exit) == "exit 0":
            assert whole, what
        for process, ended in ends.items():
            if ended.signal is not None:
                assert process.name in self.victims, what
            elif ended.status != 0:
                assert ended.status == 1, what
                assert process.stderr.count("\n") == 1, what


@pytest.mark.soak
@seeds(20, 300)
def test_killed_at_any_moment_nothing_half_is_called_whole(
        room, tmp_path, seed):
    pair = Encounter(room, tmp_path, seed)
    after = pair.share * pair.takes()
    pair.struck(signal.SIGKILL, after)
    pair.judge(after)
    if "client" not in pair.victims:
        assert not pair.pair.left_over(), pair.told(after)


@pytest.mark.soak
@seeds(5, 100)
def test_told_to_stop_at_any_moment_the_client_leaves_nothing_behind(
        room, tmp_path, seed):
    pair = Encounter(room, tmp_path, seed)
    pair.victims = ("client",)
    after = pair.share * pair.takes()
    pair.struck(random.Random(seed).choice(
        (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)),
        after)
    pair.judge(after)
    assert not pair.pair.left_over(), pair.told(after)


# --- files that no 32 bits can count ---------------------------------------

BEYOND = (1 << 32) + 1_000_001
HOURS = 300  # seconds: as good as for ever


@pytest.fixture
def wide():
    """A folder with room for such a file, which goes with the test."""
    with tempfile.TemporaryDirectory(dir=program.scratch()) as name:
        free = shutil.disk_usage(name).free
        if free < BEYOND + (1 << 30):
            pytest.skip(f"{free >> 20} MiB free, 5200 needed")
        yield Path(name)


@pytest.mark.soak(only=True)
def test_a_file_beyond_4_gib_arrives_whole(room, wide):
    pair = PairMeeting(Pair.of("07"), wide, room)
    server = pair.serve(b"", seconds=HOURS)  # only to see that 0 is 0
    assert str(pair.fetch(pair.port, seconds=HOURS).ends()) == "exit 0"
    assert str(server.ends()) == "exit 0", server.stderr
    tail = random.Random(4).randbytes(1_000_000)
    with pair.original.open("wb") as file:  # sparse
        file.seek(BEYOND - len(tail))
        file.write(tail)
    server = room.start([program.build(pair.pair.folder / "server.c"),
                         "127.0.0.1", 0, pair.original, HOURS], name="server")
    client = pair.fetch(server.listens(), seconds=HOURS)
    assert str(client.poll(HOURS)) == "exit 0", client.stderr
    assert str(server.ends()) == "exit 0", server.stderr
    assert said(server) == f"Message from client: Thank you {BEYOND}\n"
    assert pair.copy.stat().st_size == BEYOND
    with pair.copy.open("rb") as file:
        assert file.read(1 << 20) == bytes(1 << 20)
        file.seek(BEYOND - len(tail))
        assert not differs(file.read(), tail)


@pytest.mark.soak(only=True)
def test_a_file_beyond_4_gib_that_lacks_a_byte_is_refused(room, wide):
    """What is left of its length in 32 bits would be met by its beginning."""
    pair = PairMeeting(Pair.of("07"), wide, room)
    client, server = pair.answer(seconds=HOURS)
    with closing(server):
        server.say(b"%d\n" % BEYOND + bytes(BEYOND - (1 << 32)))
        server.half_close()
        assert reason(client) == \
            f"read from server: EOF after 1000001 of {BEYOND} bytes"
        assert server.hear().data == b""
    as_it_was(pair, None)
