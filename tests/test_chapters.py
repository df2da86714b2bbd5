"""What each stage does, judged from sockets that are the test's own."""

from __future__ import annotations

import random
import re
import shutil
import socket
import time
from pathlib import Path

import pytest

from lab import kernel, peer, program
from lab.sandbox import Process, Sandbox

SIZES = (0, 1, 29, 30, 31, 60, 4096, 300_000, 3_000_000)
SERVERS = ("01", "02", "03", "04 rd", "04 wr", "04 rdwr")
HALF_CLOSING = ("03", "04 wr")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all",
              "-g")


def chapters(*names: str):
    """Parametrize by chapter, and let --chapter choose."""
    return pytest.mark.parametrize("name", [
        pytest.param(name, marks=pytest.mark.chapter(name[:2]))
        for name in names])


each_size = pytest.mark.parametrize("size", SIZES)


def content(size: int) -> bytes:
    """Return random bytes, NULs among them; the size is the seed."""
    return random.Random(size).randbytes(size)


class Offer:
    """A chapter's server, started with a file of its own."""

    def __init__(self, room: Sandbox, folder: Path, name: str, data: bytes,
                 flags: tuple[str, ...] = ()) -> None:
        file = folder / "original"
        file.write_bytes(data)
        number, *extra = name.split()
        self.process: Process = room.start(
            [program.build(program.chapter(number) / "server.c", flags),
             "127.0.0.1", 0, file, *extra])
        self.port = kernel.listening(self.process)

    def said(self) -> str:
        """Return what it printed after the line that it listens."""
        first, rest = self.process.stdout.decode().split("\n", 1)
        assert first == f"listening on 127.0.0.1 {self.port}"
        return rest


def fetch(room: Sandbox, number: str, port: int, copy: Path,
          flags: tuple[str, ...] = ()) -> Process:
    """Start a chapter's client."""
    return room.start([program.build(program.chapter(number) / "client.c",
                                     flags), "127.0.0.1", port, copy])


# --- each server, met by a client that is ours -----------------------------

@chapters("01", "04 rd", "04 rdwr")
@each_size
def test_the_file_arrives_and_the_thanks_meet_a_reset(
        room, tmp_path, name, size):
    offer = Offer(room, tmp_path, name, content(size))
    with peer.dial(room, offer.port) as conn:
        assert peer.hear(conn) == peer.Heard(content(size), peer.EOF)
        conn.sendall(b"Thank you")
        assert peer.was_reset(conn)
    assert str(offer.process.wait()) == "exit 1"
    assert offer.said() == ""


@chapters("01")
def test_a_read_after_close_fails_with_bad_file_descriptor(
        room, tmp_path, name):
    offer = Offer(room, tmp_path, name, b"file")
    with peer.dial(room, offer.port):
        assert str(offer.process.wait()) == "exit 1"
    assert offer.process.stderr == \
        b"server: read from client: Bad file descriptor\n"


@chapters("04 rd", "04 rdwr")
def test_the_servers_own_reading_ends_at_once(room, tmp_path, name):
    """The client says nothing, and has not closed: the EOF is not its own."""
    offer = Offer(room, tmp_path, name, b"file")
    with peer.dial(room, offer.port):
        assert str(offer.process.wait()) == "exit 1"
    assert offer.process.stderr == b"server: read from client: no thanks\n"


@pytest.mark.chapter("04")
@pytest.mark.parametrize("hows,accepted", [
    ((socket.SHUT_RD,), True), ((socket.SHUT_WR,), True),
    ((socket.SHUT_RDWR,), False),
    ((socket.SHUT_RD, socket.SHUT_WR), False),
    ((socket.SHUT_WR, socket.SHUT_RD), False)])
def test_both_halves_refuse_what_neither_does_alone(room, hows, accepted):
    listener, port = peer.listen(room)
    with listener, peer.dial(room, port) as theirs, \
            peer.accept(listener) as ours:
        for how in hows:
            ours.shutdown(how)
        theirs.sendall(b"Thank you")
        if accepted:
            assert ours.recv(30) == b"Thank you"
        assert peer.was_reset(theirs, 0 if accepted else peer.BOUND) \
            != accepted


@pytest.mark.chapter("04")
def test_who_shuts_down_once_more_than_both_is_not_connected(room):
    listener, port = peer.listen(room)
    with listener, peer.dial(room, port) as theirs, \
            peer.accept(listener) as ours:
        ours.shutdown(socket.SHUT_RDWR)
        assert peer.hear(theirs).end == peer.EOF
        theirs.shutdown(socket.SHUT_RDWR)
        bound = time.monotonic() + peer.BOUND  # until its FIN has arrived
        with pytest.raises(OSError, match="not connected"):
            while time.monotonic() < bound:
                theirs.shutdown(socket.SHUT_RDWR)


@chapters("02")
@each_size
def test_the_file_crosses_but_its_end_never_comes(room, tmp_path, name, size):
    offer = Offer(room, tmp_path, name, content(size))
    with peer.dial(room, offer.port) as conn:
        heard = b""
        while len(heard) < size:
            heard += conn.recv(1 << 16)
        assert heard == content(size)
        proof = offer.process.until(lambda: kernel.stuck([offer.process]))
        assert [waiting.call for waiting in proof] == ["read"]
        conn.setblocking(False)
        with pytest.raises(BlockingIOError):
            conn.recv(1)
    assert str(offer.process.wait()) == "exit 1"  # the EOF of our close


@chapters(*HALF_CLOSING)
@each_size
def test_the_server_half_closes_and_hears_the_thanks(
        room, tmp_path, name, size):
    offer = Offer(room, tmp_path, name, content(size))
    with peer.dial(room, offer.port) as conn:
        assert peer.hear(conn) == peer.Heard(content(size), peer.EOF)
        conn.sendall(b"Thank you")
        assert str(offer.process.wait()) == "exit 0"
        assert not peer.was_reset(conn, bound=0)
    assert offer.said() == "Message from client: Thank you\n"
    assert offer.process.stderr == b""


@chapters(*HALF_CLOSING)
def test_one_trailing_nul_is_dropped(room, tmp_path, name):
    """The textbook's client sends ten bytes."""
    offer = Offer(room, tmp_path, name, b"file")
    with peer.dial(room, offer.port) as conn:
        peer.hear(conn)
        conn.sendall(b"Thank you\0")
        assert str(offer.process.wait()) == "exit 0"
    assert offer.said() == "Message from client: Thank you\n"


@chapters("02", *HALF_CLOSING)
def test_an_eof_in_place_of_the_thanks_is_no_thanks(room, tmp_path, name):
    offer = Offer(room, tmp_path, name, b"file")
    with peer.dial(room, offer.port) as conn:
        conn.shutdown(socket.SHUT_WR)
        assert str(offer.process.wait()) == "exit 1"
    assert offer.process.stderr == b"server: read from client: no thanks\n"
    assert offer.said() == ""


@chapters("02", *HALF_CLOSING)
def test_a_reset_in_place_of_the_thanks_is_not_taken_for_an_eof(
        room, tmp_path, name):
    offer = Offer(room, tmp_path, name, b"file")
    conn = peer.dial(room, offer.port)
    while not conn.recv(4, socket.MSG_PEEK):
        pass
    proof = offer.process.until(lambda: kernel.asleep(offer.process.pid))
    assert proof
    conn.close()  # with the file unread: a reset
    assert str(offer.process.wait()) == "exit 1"
    assert offer.process.stderr == \
        b"server: read from client: Connection reset by peer\n"


# --- the client, met by a server that is ours ------------------------------

@chapters("01")
@each_size
def test_the_client_takes_all_and_thanks_after_eof(room, tmp_path, name, size):
    listener, port = peer.listen(room)
    copy = tmp_path / "copy"
    client = fetch(room, name, port, copy)
    with listener, peer.accept(listener) as conn:
        conn.sendall(content(size))
        assert client.until(lambda: kernel.asleep(client.pid))
        assert client.stdout == b""  # it keeps silent until EOF
        conn.shutdown(socket.SHUT_WR)
        assert peer.hear(conn) == peer.Heard(b"Thank you", peer.EOF)
        assert str(client.wait()) == "exit 0"
    assert client.stdout == b"Received file data\n"
    assert copy.read_bytes() == content(size)


@chapters("01")
def test_the_client_does_not_take_a_reset_for_the_end(room, tmp_path, name):
    listener, port = peer.listen(room)
    client = fetch(room, name, port, tmp_path / "copy")
    with listener, peer.accept(listener) as conn:
        conn.sendall(b"half a")
        assert client.until(lambda: kernel.asleep(client.pid))
        peer.no_linger(conn)
    assert str(client.wait()) == "exit 1"
    assert client.stderr == \
        b"client: read from server: Connection reset by peer\n"
    assert client.stdout == b""
    assert (tmp_path / "copy").read_bytes() == b"half a"


@pytest.mark.parametrize("number", [
    pytest.param(n, marks=pytest.mark.chapter(n)) for n in ("02", "03", "04")])
def test_the_client_stays_the_same_to_the_byte(number):
    first, this = (program.chapter(n) / "client.c" for n in ("01", number))
    assert this.read_bytes() == first.read_bytes()


# --- both of them ----------------------------------------------------------

@chapters("01", "03", "04 rd", "04 wr", "04 rdwr")
@each_size
def test_the_pair_ends_as_its_chapter_says(room, tmp_path, name, size):
    offer = Offer(room, tmp_path, name, content(size))
    copy = tmp_path / "copy"
    client = fetch(room, name[:2], offer.port, copy)
    assert str(client.wait()) == "exit 0"
    assert client.stdout == b"Received file data\n"
    heard = name in HALF_CLOSING
    assert str(offer.process.wait()) == ("exit 0" if heard else "exit 1")
    assert offer.said() == ("Message from client: Thank you\n" if heard
                            else "")
    assert copy.read_bytes() == content(size)


@chapters("02")
@each_size
def test_the_pair_of_02_is_stuck_for_ever(room, tmp_path, name, size):
    offer = Offer(room, tmp_path, name, content(size))
    client = fetch(room, name, offer.port, tmp_path / "copy")
    proof = kernel.settle([offer.process, client])
    assert [waiting.call for waiting in proof] == ["read", "read"]
    assert client.stdout == b""
    assert (tmp_path / "copy").read_bytes() == content(size)


@chapters(*SERVERS)
def test_both_programs_are_clean_under_the_sanitizers(room, tmp_path, name):
    offer = Offer(room, tmp_path, name, content(4096), SANITIZERS)
    client = fetch(room, name[:2], offer.port, tmp_path / "copy", SANITIZERS)
    proof = kernel.settle([offer.process, client])
    assert bool(proof) == (name == "02")
    for process in (offer.process, client):
        assert b"ERROR" not in process.stderr, process.stderr
        assert b"runtime error" not in process.stderr, process.stderr
        if not proof:
            assert process.exit.status in (0, 1)


@chapters(*(folder.name[:2] for folder in program.chapters()))
def test_the_sources_keep_within_the_bounds_of_a_page(name):
    for source in program.chapter(name).glob("*.c"):
        text = source.read_text()
        assert 60 <= text.count("\n") <= 200, source
        assert max(map(len, text.splitlines())) <= 80, source
        for body in re.findall(r"^\{\n(.*?)^\}", text, re.M | re.S):
            assert body.count("\n") <= 40, body  # a function, in one screen


# --- other people's clients ------------------------------------------------

SILENT = "exec 3<>/dev/tcp/127.0.0.1/$1; cat <&3 >copy; " \
         "printf 'Thank you' >&3"
GUESTS = {
    "nc": "printf 'Thank you' | nc -N 127.0.0.1 $1 >copy",
    "ncat": "printf 'Thank you' | ncat 127.0.0.1 $1 >copy",
    "socat": "printf 'Thank you' | socat -t 20 - TCP4:127.0.0.1:$1 >copy",
    "bash": SILENT,
}


def guest(room: Sandbox, folder: Path, tool: str, port: int) -> Process:
    """Start another tool as the client, or skip where there is none."""
    if not shutil.which(tool):
        pytest.skip(f"no {tool} here")
    shell = "bash" if tool == "bash" else "sh"
    return room.start([shell, "-c", GUESTS[tool], shell, port], cwd=folder)


@pytest.fixture(scope="module")
def nc_half_closes() -> bool:
    """Whether the nc that is here is one that knows -N."""
    with Sandbox() as room:
        help_ = room.start(["sh", "-c", "nc -h 2>&1"])
        help_.wait()
        return b"-N" in help_.stdout


@chapters(*HALF_CLOSING)
@pytest.mark.parametrize("tool", GUESTS)
def test_the_thanks_of_other_tools_are_heard(
        room, tmp_path, name, tool, nc_half_closes):
    if tool == "nc" and shutil.which("nc") and not nc_half_closes:
        pytest.skip("this nc has no -N")
    offer = Offer(room, tmp_path, name, content(300_000))
    client = guest(room, tmp_path, tool, offer.port)
    assert str(client.wait()) == "exit 0", client.stderr
    assert str(offer.process.wait()) == "exit 0", offer.process.stderr
    assert offer.said() == "Message from client: Thank you\n"
    assert (tmp_path / "copy").read_bytes() == content(300_000)


@chapters("01")
def test_a_shell_that_speaks_last_gets_the_file_and_is_not_heard(
        room, tmp_path, name):
    offer = Offer(room, tmp_path, name, content(300_000))
    client = guest(room, tmp_path, "bash", offer.port)
    assert str(client.wait()) == "exit 0", client.stderr
    assert str(offer.process.wait()) == "exit 1"
    assert offer.said() == ""
    assert (tmp_path / "copy").read_bytes() == content(300_000)


@chapters("02")
def test_a_shell_that_speaks_last_waits_as_long_as_the_server(
        room, tmp_path, name):
    offer = Offer(room, tmp_path, name, content(4096))
    client = guest(room, tmp_path, "bash", offer.port)
    copy = tmp_path / "copy"
    assert client.until(lambda: copy.exists()
                        and copy.read_bytes() == content(4096))
    assert offer.process.until(lambda: kernel.stuck([offer.process]))
    assert client.exit is None
