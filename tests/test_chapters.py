"""What each stage does, judged from sockets that are the test's own."""

from __future__ import annotations

import fcntl
import os
import re
import select
import shutil
import socket
import struct
import termios
import time
from pathlib import Path
from typing import Callable

import pytest

from checkers import SANITIZERS
import plain_sockets
from lab import kernel, program
from lab.meeting import peer
from lab.chapters import ways
from lab.meeting import EOF, Peer, Program
from lab.meeting.pair import Pair, PairMeeting
from lab.sandbox import Sandbox
from parameters import content, each_size

DRAWN = 4096  # of larger files no calls are kept: there are too many
SERVERS = ("01", "02", "03", "04 rd", "04 wr", "04 rdwr")
HALF_CLOSING = ("03", "04 wr")
THANKED = "Message from client: Thank you\n"


def chapters(*names: str):
    """Parametrize by chapter, and let --chapter choose."""
    return pytest.mark.parametrize("name", [
        pytest.param(name, marks=pytest.mark.chapter(name[:2]))
        for name in names])


@pytest.fixture
def stage(meet, tmp_path) -> Callable[..., PairMeeting]:
    """Makes the meeting of a chapter, or of a way of it: stage("04 rd")."""
    def make(name: str, size: int = 0, **how: object) -> PairMeeting:
        number, _, asked = name.partition(" ")
        way = next(way for way in ways(program.chapter(number))
                   if way.name == asked)
        return meet(PairMeeting, Pair.of(number, way), tmp_path,
                    recorded=size <= DRAWN, **how)
    return make


def differs(expected: str, happened: str) -> str:
    """Say so in the words of make check."""
    return f"expected  {expected}\nhappened  {happened}"


def said(server: Program) -> str:
    """Return what a server printed after the line that it listens."""
    first, _, rest = server.stdout.partition("\n")
    assert re.fullmatch(r"listening on 127\.0\.0\.1 \d+", first)
    return rest


def how(name: str, status: str, printed: str, complained: str) -> str:
    """Say how a program ended, and what it had said."""
    def quoted(text: str) -> str:
        once = text.count("\n") == 1 and text.endswith("\n")
        return f'"{text[:-1]}"' if once else repr(text)
    words = [f"{name}: {status}",
             f"printed {quoted(printed)}" if printed else "printed nothing"]
    return ", ".join(words + [f"complained {quoted(complained)}"]
                     if complained else words)


def ends(played: Program, status: str, prints: str, complains: str = ""
         ) -> None:
    """Fail unless a program ends so, and has printed this and no more."""
    played.ends()
    out = said(played) if played.name == "server" else played.stdout
    seen = (str(played.exit or played.hang), out, played.stderr)
    assert seen == (status, prints, complains), differs(
        how(played.name, status, prints, complains), how(played.name, *seen))


def hears(conn: Peer, data: bytes, end: str) -> None:
    """Fail unless these bytes come to us, and then this end."""
    heard = conn.hear()
    same = "" if data.startswith(heard.data) else " that are the wrong ones"
    assert (heard.data, heard.end) == (data, end), differs(
        f"{len(data):,} bytes come to us, then {end}",
        f"{len(heard.data):,} bytes{same} came, then {heard.end}")


# --- each server, met by a client that is ours -----------------------------

@chapters("01", "04 rd", "04 rdwr")
@each_size
def test_the_file_arrives_and_the_thanks_meet_a_reset(stage, name, size):
    meeting = stage(name, size)
    server = meeting.serve(content(size))
    conn = meeting.dial_server()
    hears(conn, content(size), EOF)
    conn.say(b"Thank you")
    assert peer.was_reset(conn.conn), differs(
        "the thanks are answered with a RST", "they are not")
    server.ends()
    assert (str(server.exit), said(server)) == ("exit 1", "")


@chapters("01")
def test_a_read_after_close_fails_with_bad_file_descriptor(stage, name):
    meeting = stage(name)
    server = meeting.serve(b"file")
    meeting.dial_server()
    ends(server, "exit 1", "",
         "server: read from client: Bad file descriptor\n")


@chapters("04 rd", "04 rdwr")
def test_the_servers_own_reading_ends_at_once(stage, name):
    """The client says nothing, and has not closed: the EOF is not its own."""
    meeting = stage(name)
    server = meeting.serve(b"file")
    meeting.dial_server()
    ends(server, "exit 1", "", "server: read from client: no thanks\n")


@pytest.mark.chapter("04")
@pytest.mark.parametrize("hows,accepted", [
    ((socket.SHUT_RD,), True), ((socket.SHUT_WR,), True),
    ((socket.SHUT_RDWR,), False),
    ((socket.SHUT_RD, socket.SHUT_WR), False),
    ((socket.SHUT_WR, socket.SHUT_RD), False)])
def test_both_halves_refuse_what_neither_does_alone(room, hows, accepted):
    listener, port = plain_sockets.listen(room)
    with listener, plain_sockets.dial(room, port) as theirs, \
            plain_sockets.accept(listener) as ours:
        for how in hows:
            ours.shutdown(how)
        theirs.sendall(b"Thank you")
        if accepted:
            assert ours.recv(30) == b"Thank you"
        assert peer.was_reset(theirs, 0 if accepted else peer.BOUND) \
            != accepted


@pytest.mark.chapter("04")
def test_who_shuts_down_once_more_than_both_is_not_connected(room):
    listener, port = plain_sockets.listen(room)
    with listener, plain_sockets.dial(room, port) as theirs, \
            plain_sockets.accept(listener) as ours:
        ours.shutdown(socket.SHUT_RDWR)
        assert plain_sockets.hear(theirs).end == peer.EOF
        theirs.shutdown(socket.SHUT_RDWR)
        bound = time.monotonic() + peer.BOUND  # until its FIN has arrived
        with pytest.raises(OSError, match="not connected"):
            while time.monotonic() < bound:
                theirs.shutdown(socket.SHUT_RDWR)


@pytest.mark.chapter("03")
def test_each_end_passes_through_the_states_of_the_picture(room):
    """FIN_WAIT_1 and LAST_ACK last for as long as an ACK is on its way."""
    never, held = os.pipe()
    inside = room.start(["cat"], stdin=never)  # its tables are the room's

    def states() -> list[str]:
        rows = Path(f"/proc/{inside.pid}/net/tcp").read_text()
        fields = [line.split() for line in rows.splitlines()[1:]]
        found = {int(f[1][-4:], 16): kernel.STATES[int(f[3], 16)]
                 for f in fields if port in (int(f[1][-4:], 16),
                                             int(f[2][-4:], 16))
                 and kernel.STATES[int(f[3], 16)] != "LISTEN"}
        return [found.get(theirs, ""), found.get(port, "")]

    def becomes(*expected: str) -> None:
        bound = time.monotonic() + peer.BOUND
        while states() != list(expected):
            assert time.monotonic() < bound, (states(), expected)

    listener, port = plain_sockets.listen(room)
    with listener, plain_sockets.dial(room, port) as client:
        theirs = client.getsockname()[1]
        with plain_sockets.accept(listener) as server:
            becomes("ESTABLISHED", "ESTABLISHED")
            server.shutdown(socket.SHUT_WR)
            becomes("CLOSE_WAIT", "FIN_WAIT2")
            client.close()
            becomes("", "TIME_WAIT")
    os.close(held)
    os.close(never)


@pytest.mark.chapter("03")
def test_shutdown_returns_0_with_the_file_still_in_our_queue(room):
    listener, port = plain_sockets.listen(room)
    with listener, plain_sockets.dial(room, port) as client, \
            plain_sockets.accept(listener) as server:
        server.setblocking(False)
        sent = 0
        while select.select([], [server], [], 0)[1]:
            sent += server.send(bytes(1 << 16))
        assert server.shutdown(socket.SHUT_WR) is None
        queued = fcntl.ioctl(server, termios.TIOCOUTQ, bytes(4))
        assert struct.unpack("i", queued)[0] > 0
        heard = plain_sockets.hear(client)
        assert (len(heard.data), heard.end) == (sent, EOF)


@pytest.mark.chapter("02")
def test_two_writers_with_full_queues_wait_for_each_other(room, tmp_path):
    """The second deadlock: there is something in every queue, at each end."""
    (tmp_path / "big").write_bytes(bytes(30_000_000))
    server = room.start([program.build(program.chapter("02") / "server.c"),
                         "127.0.0.1", 0, tmp_path / "big"])

    def full() -> bool:
        if select.select([], [conn], [], 0)[1]:
            conn.send(bytes(1 << 16))
            return False
        ours = struct.unpack("i", fcntl.ioctl(conn, termios.FIONREAD,
                                              bytes(4)))[0]
        return any(c.unsent and c.unread and ours
                   for c in kernel.connections(server.pid))

    with plain_sockets.dial(room, kernel.listening(server)) as conn:
        conn.setblocking(False)
        assert server.until(full)
    assert str(server.wait()) == "exit 1"  # our close, with input unread


@pytest.mark.proofs
@chapters("02")
@each_size
def test_the_file_crosses_but_its_end_never_comes(stage, name, size):
    meeting = stage(name, size)
    server = meeting.serve(content(size))
    conn = meeting.dial_server()
    heard = conn.hear()
    assert (heard.data, heard.end) == (content(size), peer.NOTHING)
    assert server.asleep and server.asleep.call == "read", server.exit
    conn.close()
    assert str(server.process.wait()) == "exit 1"  # the EOF of our close


@chapters(*HALF_CLOSING)
@each_size
def test_the_server_half_closes_and_hears_the_thanks(stage, name, size):
    meeting = stage(name, size)
    server = meeting.serve(content(size))
    conn = meeting.dial_server()
    hears(conn, content(size), EOF)
    conn.say(b"Thank you")
    ends(server, "exit 0", THANKED)
    assert not conn.was_reset()


@chapters(*HALF_CLOSING)
def test_one_trailing_nul_is_dropped(stage, name):
    """The textbook's client sends ten bytes."""
    meeting = stage(name)
    server = meeting.serve(b"file")
    conn = meeting.dial_server()
    hears(conn, b"file", EOF)
    conn.say(b"Thank you\0")
    ends(server, "exit 0", THANKED)


@chapters("02", *HALF_CLOSING)
def test_an_eof_in_place_of_the_thanks_is_no_thanks(stage, name):
    meeting = stage(name)
    server = meeting.serve(b"file")
    meeting.dial_server().half_close()
    ends(server, "exit 1", "", "server: read from client: no thanks\n")


@chapters("02", *HALF_CLOSING)
def test_a_reset_in_place_of_the_thanks_is_not_taken_for_an_eof(stage, name):
    meeting = stage(name)
    server = meeting.serve(b"file")
    conn = meeting.dial_server()
    conn.waits_for_input()
    meeting.rest()
    conn.close()  # with the file unread: a reset
    ends(server, "exit 1", "",
         "server: read from client: Connection reset by peer\n")


# --- the client, met by a server that is ours ------------------------------

@chapters("01")
@each_size
def test_the_client_takes_all_and_thanks_after_eof(stage, name, size):
    meeting = stage(name, size)
    client, conn = meeting.answer()
    conn.say(content(size))
    meeting.until_read(conn)
    assert client.stdout == ""  # it keeps silent until EOF
    conn.half_close()
    hears(conn, b"Thank you", EOF)
    ends(client, "exit 0", "Received file data\n")
    assert meeting.copy.read_bytes() == content(size)


@chapters("01")
def test_the_client_does_not_take_a_reset_for_the_end(stage, name):
    meeting = stage(name)
    client, conn = meeting.answer()
    conn.say(b"half a")
    meeting.until_read(conn)
    conn.reset()
    ends(client, "exit 1", "",
         "client: read from server: Connection reset by peer\n")
    assert meeting.copy.read_bytes() == b"half a"


@pytest.mark.parametrize("number", [
    pytest.param(n, marks=pytest.mark.chapter(n)) for n in ("02", "03", "04")])
def test_the_client_stays_the_same_to_the_byte(number):
    first, this = (program.chapter(n) / "client.c" for n in ("01", number))
    assert this.read_bytes() == first.read_bytes()


# --- both of them ----------------------------------------------------------

@chapters("01", "03", "04 rd", "04 wr", "04 rdwr")
@each_size
def test_the_pair_ends_as_its_chapter_says(stage, name, size):
    meeting = stage(name, size)
    server = meeting.serve(content(size))
    client = meeting.fetch()
    meeting.settle()
    meeting.pair_outcome(server, client)
    ends(client, "exit 0", "Received file data\n")
    heard = name in HALF_CLOSING
    expected = ("exit 0", THANKED) if heard else ("exit 1", "")
    seen = (str(server.exit or server.hang), said(server))
    assert seen == expected, differs(
        how("server", *expected, ""), how("server", *seen, server.stderr))
    assert meeting.copy.read_bytes() == content(size)


@pytest.mark.proofs
@chapters("02")
@each_size
def test_the_pair_of_02_is_stuck_for_ever(stage, name, size):
    meeting = stage(name, size)
    server = meeting.serve(content(size))
    client = meeting.fetch()
    assert not meeting.settle()
    for stuck in (server, client):
        assert stuck.asleep and stuck.asleep.call == "read"
    assert client.stdout == ""
    assert meeting.copy.read_bytes() == content(size)


@chapters(*SERVERS)
def test_both_programs_are_clean_under_the_sanitizers(stage, name):
    meeting = stage(name, flags=SANITIZERS)
    played = meeting.serve(content(4096)), meeting.fetch()
    assert not meeting.settle() or name != "02"
    for one in played:
        assert "ERROR" not in one.stderr, one.stderr
        assert "runtime error" not in one.stderr, one.stderr
        if one.exit:
            assert one.exit.status in (0, 1)


LINES = {"12": 250, "13": 315, "14": 405}  # of programs that are one loop


@chapters(*(folder.name[:2] for folder in program.chapters()))
def test_the_sources_keep_within_the_bounds_of_a_page(name):
    most = LINES.get(name, 200)
    for source in program.chapter(name).glob("*.c"):
        text = source.read_text()
        assert 60 <= text.count("\n") <= most, source
        assert max(map(len, text.splitlines())) <= 80, source
        for body in re.findall(r"^\{\n(.*?)^\}", text, re.M | re.S):
            assert body.count("\n") <= 40, body  # a function, in one screen


# --- other people's clients ------------------------------------------------

SILENT = "exec 3<>/dev/tcp/127.0.0.1/$1; cat <&3 3<&- >copy; " \
         "printf 'Thank you' >&3"
GUESTS = {
    "nc": "printf 'Thank you' | nc -N 127.0.0.1 $1 >copy",
    "ncat": "printf 'Thank you' | ncat 127.0.0.1 $1 >copy",
    "socat": "printf 'Thank you' | socat -t 20 - TCP4:127.0.0.1:$1 >copy",
    "bash": SILENT,
}


def guest(meeting: PairMeeting, tool: str) -> Program:
    """Start another tool as the client, or skip where there is none."""
    if not shutil.which(tool):
        pytest.skip(f"no {tool} here")
    shell = "bash" if tool == "bash" else "sh"
    return meeting.start([shell, "-c", GUESTS[tool], shell, meeting.port],
                         cwd=meeting.files)


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
        stage, name, tool, nc_half_closes):
    if tool == "nc" and shutil.which("nc") and not nc_half_closes:
        pytest.skip("this nc has no -N")
    meeting = stage(name, 300_000)
    server = meeting.serve(content(300_000))
    client = guest(meeting, tool)
    client.ends()
    ends(server, "exit 0", THANKED)
    assert str(client.exit) == "exit 0", client.hang or client.stderr
    assert meeting.copy.read_bytes() == content(300_000)


@chapters("01")
def test_a_shell_that_speaks_last_gets_the_file_and_is_not_heard(stage, name):
    meeting = stage(name, 300_000)
    server = meeting.serve(content(300_000))
    client = guest(meeting, "bash")
    client.ends()
    assert str(client.exit) == "exit 0", client.hang or client.stderr
    ends(server, "exit 1", "",
         "server: read from client: Bad file descriptor\n")
    assert meeting.copy.read_bytes() == content(300_000)


@pytest.mark.proofs
@chapters("02")
def test_a_shell_that_speaks_last_waits_as_long_as_the_server(stage, name):
    meeting = stage(name, 300_000)
    server = meeting.serve(content(4096))
    client = guest(meeting, "bash")
    assert client.until(lambda: meeting.copy.exists()
                        and meeting.copy.read_bytes() == content(4096))
    assert server.until(lambda: kernel.stuck([server.process]))
    assert client.runs()
