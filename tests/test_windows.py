"""Chapter 15's programs are built for Windows, and run under Wine.

Wine is not Windows. Judged here is what holds on both, as far as documents
tell; what is Wine's own stands apart, at the end.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
from pathlib import Path

import pytest

import plain_sockets
from lab import kernel, program, wine
from lab.meeting import peer
from lab.sandbox import Process, Sandbox
from lab.wine import Wine
from parameters import BAD_PORTS, SIZES, content
from test_command_lines import sentence

pytestmark = pytest.mark.chapter("15")
needs_wine = pytest.mark.skipif(bool(wine.missing()), reason=wine.missing())

FOLDER = program.chapter("15")
NAIVE, HALF_CLOSE, CLIENT = "naive-server", "server", "client"

each_size = pytest.mark.parametrize(
    "size", sorted({*SIZES, 1023, 1024, 1025}))
each_side = pytest.mark.parametrize("side", ("server", "client"))


@pytest.fixture
def windows(room):
    """Wine in the test's own sandbox."""
    with Wine(room) as made:
        yield made


def exe(name: str) -> Path:
    """Return one of the chapter's programs."""
    return program.build(FOLDER / f"{name}.c")


class Offer:
    """A server of the chapter, started with a file of its own."""

    def __init__(self, windows: Wine, name: str, folder: Path,
                 data: bytes) -> None:
        file = folder / "original"
        file.write_bytes(data)
        self.process: Process = windows.start([exe(name), "127.0.0.1", 0,
                                               file])
        self.port = kernel.listening(self.process)

    def ends(self) -> str:
        """Return how it ended and all that it said, but that it listens."""
        ended = self.process.wait()
        first, rest = self.process.stdout.decode().split("\n", 1)
        assert first == f"listening on 127.0.0.1 {self.port}"
        return f"{ended}: {rest}{self.process.stderr.decode()}"


# No words: Wine 8 has none for most of Winsock's errors, Windows for all.
LOST = r"exit 1: server: read from client: .* \(10038\)\n"
HEARD = "exit 0: Message from client: Thank you\n"


# --- each program, met by a peer that is ours ------------------------------

@needs_wine
@each_size
def test_the_naive_server_delivers_the_file_and_loses_the_thanks(
        room, windows, tmp_path, size):
    offer = Offer(windows, NAIVE, tmp_path, content(size))
    with plain_sockets.dial(room, offer.port) as conn:
        assert plain_sockets.hear(conn) == peer.Heard(content(size), peer.EOF)
        conn.sendall(b"Thank you")
        assert peer.was_reset(conn)
    assert re.fullmatch(LOST, offer.ends())


@needs_wine
@each_size
def test_the_server_half_closes_and_hears_the_thanks(
        room, windows, tmp_path, size):
    offer = Offer(windows, HALF_CLOSE, tmp_path, content(size))
    with plain_sockets.dial(room, offer.port) as conn:
        assert plain_sockets.hear(conn) == peer.Heard(content(size), peer.EOF)
        conn.sendall(b"Thank you")
        conn.shutdown(socket.SHUT_WR)
        assert offer.ends() == HEARD
        assert not peer.was_reset(conn, bound=0)


@needs_wine
@pytest.mark.parametrize("name", (NAIVE, HALF_CLOSE))
def test_a_second_client_is_refused_at_once(room, windows, tmp_path, name):
    offer = Offer(windows, name, tmp_path, content(1 << 24))
    with plain_sockets.dial(room, offer.port) as first:
        assert first.recv(1)
        with pytest.raises(ConnectionRefusedError):
            plain_sockets.dial(room, offer.port)


@needs_wine
def test_the_server_takes_thanks_in_pieces_and_drops_one_nul(
        room, windows, tmp_path):
    offer = Offer(windows, HALF_CLOSE, tmp_path, b"file")
    with plain_sockets.dial(room, offer.port) as conn:
        plain_sockets.hear(conn)
        for byte in b"Thank you\0":
            conn.sendall(bytes([byte]))
        conn.shutdown(socket.SHUT_WR)
        assert offer.ends() == HEARD


@needs_wine
@pytest.mark.parametrize("said,sentence_", [
    (b"", "no thanks"), (b"x" * 1025, "more than 1024 bytes")],
    ids=("silence", "too much"))
def test_what_is_no_thanks_is_trouble(room, windows, tmp_path, said,
                                      sentence_):
    offer = Offer(windows, HALF_CLOSE, tmp_path, b"file")
    with plain_sockets.dial(room, offer.port) as conn:
        plain_sockets.hear(conn)
        conn.sendall(said)
        conn.shutdown(socket.SHUT_WR)
        assert offer.ends() == f"exit 1: server: read from client: " \
                               f"{sentence_}\n"


@needs_wine
def test_the_client_keeps_silent_until_eof(room, windows, tmp_path):
    listener, port = plain_sockets.listen(room)
    copy = tmp_path / "copy"
    client = windows.start([exe(CLIENT), "127.0.0.1", port, copy])
    with listener, plain_sockets.accept(listener) as conn:
        theirs = conn.getpeername()[1]
        conn.sendall(content(4096))
        assert client.until(
            lambda: kernel.unread(client.pid, theirs, port) == 0)
        assert client.stdout == b""
        conn.setblocking(False)
        with pytest.raises(BlockingIOError):
            conn.recv(1)
        conn.settimeout(peer.BOUND)
        conn.shutdown(socket.SHUT_WR)
        assert plain_sockets.hear(conn) == peer.Heard(b"Thank you", peer.EOF)
        assert str(client.wait()) == "exit 0"
    assert client.stdout == b"Received file data\n"
    assert copy.read_bytes() == content(4096)


@needs_wine
def test_a_reset_in_place_of_the_thanks_is_trouble(room, windows, tmp_path):
    offer = Offer(windows, HALF_CLOSE, tmp_path, b"file")
    with plain_sockets.dial(room, offer.port) as conn:
        while not conn.recv(4, socket.MSG_PEEK):
            pass  # close with the file unread: a reset
    # Wine tells of it only a recv that waits already, see resets.c.
    assert re.fullmatch(r"exit 1: server: read from client: "
                        r"(.* \(10054\)|no thanks)\n", offer.ends())


TAKES_NOTHING = """
#include <winsock2.h>

static int WINAPI
nothing(SOCKET s, const char *bytes, int size, int flags)
{
    (void)s, (void)bytes, (void)size, (void)flags;
    return 0;
}

int(WINAPI *__wrap___imp_send)(SOCKET, const char *, int, int) = nothing;
"""


@needs_wine
@pytest.mark.parametrize("name", (NAIVE, HALF_CLOSE, CLIENT))
def test_a_send_that_takes_nothing_is_not_made_for_ever(
        room, windows, tmp_path, name):
    source = tmp_path / "send.c"
    source.write_text(TAKES_NOTHING)
    made = program.build(FOLDER / f"{name}.c",
                         (str(source), "-Wl,--wrap=__imp_send"))
    if name == CLIENT:
        listener, port = plain_sockets.listen(room)
        process = windows.start([made, "127.0.0.1", port, tmp_path / "copy"])
        with listener, plain_sockets.accept(listener) as conn:
            conn.shutdown(socket.SHUT_WR)
            assert plain_sockets.hear(conn).data == b""
        whom = "server"
    else:
        process = windows.start([made, "127.0.0.1", 0, program.__file__])
        with plain_sockets.dial(room, kernel.listening(process)) as conn:
            assert plain_sockets.hear(conn).data == b""
        whom = "client"
    assert str(process.wait()) == "exit 1"
    assert process.stderr.decode().endswith(
        f": write to {whom}: nothing was taken\n")


def fetch_half(room: Sandbox, windows: Wine, copy: Path) -> str:
    """Let a client read half a file, then a reset; return what it says."""
    listener, port = plain_sockets.listen(room)
    client = windows.start([exe(CLIENT), "127.0.0.1", port, copy])
    with listener, plain_sockets.accept(listener) as conn:
        conn.sendall(b"half a")
        theirs = conn.getpeername()[1]
        assert client.until(
            lambda: kernel.unread(client.pid, theirs, port) == 0)
        peer.no_linger(conn)
    assert str(client.wait()) == "exit 1"
    assert copy.read_bytes() == b"half a"
    return client.stderr.decode()


@needs_wine
def test_the_client_does_not_take_a_reset_for_the_end(room, windows, tmp_path):
    """Under Wine it may have to, if its recv comes late: hence five tries."""
    said = [fetch_half(room, windows, tmp_path / f"copy{n}") for n in range(5)]
    assert any(re.fullmatch(r"client: read from server: .* \(10054\)\n", text)
               for text in said)


# --- both ends are programs ------------------------------------------------

@needs_wine
def test_a_restart_at_once_finds_the_port_free(windows, tmp_path):
    """Wine's doing, see the notes: the old connection is in TIME_WAIT."""
    port = 0
    for _ in range(2):
        server = windows.start([exe(HALF_CLOSE), "127.0.0.1", port,
                                program.__file__])
        port = kernel.listening(server)
        client = windows.start([exe(CLIENT), "127.0.0.1", port,
                                tmp_path / "copy"])
        assert str(client.wait()) == str(server.wait()) == "exit 0"
        assert f":{port:04X} " in Path(
            f"/proc/{server.holder}/net/tcp").read_text()


def meet(windows: Wine, server: str, client: str, folder: Path,
         data: bytes) -> str:
    """Let two programs meet; "posix" is chapter 03's. Return how both end."""
    if server == "posix":
        file = folder / "original"
        file.write_bytes(data)
        serving = windows.room.start([program.build(
            program.chapter("03") / "server.c"), "127.0.0.1", 0, file])
        port = kernel.listening(serving)
    else:
        offer = Offer(windows, server, folder, data)
        port = offer.port
    copy = folder / "copy"
    words = ["127.0.0.1", port, copy]
    fetching = windows.room.start([program.build(
        program.chapter("03") / "client.c"), *words]) if client == "posix" \
        else windows.start([exe(client), *words])
    assert str(fetching.wait()) == "exit 0", fetching.stderr
    assert fetching.stdout == b"Received file data\n"
    assert copy.read_bytes() == data
    if server != "posix":
        return offer.ends()
    return f"{serving.wait()}: {serving.stdout.decode().split(chr(10), 1)[1]}"


@needs_wine
@each_size
def test_the_pair_loses_the_thanks_and_the_client_does_not_know(
        windows, tmp_path, size):
    assert re.fullmatch(LOST, meet(windows, NAIVE, CLIENT, tmp_path,
                                   content(size)))


@needs_wine
@each_size
def test_the_pair_that_half_closes_loses_nothing(windows, tmp_path, size):
    assert meet(windows, HALF_CLOSE, CLIENT, tmp_path, content(size)) == HEARD


# Text mode would turn the line ends, and take 0x1a for the end of the file.
TRAPS = b"one\r\ntwo\nthree\r\x1afour\0five\r\n\x1a"


@needs_wine
@pytest.mark.parametrize("server,client", [
    (HALF_CLOSE, "posix"), ("posix", CLIENT), (HALF_CLOSE, CLIENT)])
@pytest.mark.parametrize("data", (b"", TRAPS, content(300_000)),
                         ids=("nothing", "text mode's traps", "300,000"))
def test_the_wire_does_not_tell_winsock_from_posix(
        windows, tmp_path, server, client, data):
    assert meet(windows, server, client, tmp_path, data) == HEARD


@needs_wine
def test_a_posix_client_is_not_heard_by_the_naive_server(windows, tmp_path):
    assert re.fullmatch(LOST, meet(windows, NAIVE, "posix", tmp_path,
                                   b"file"))


# --- command lines ---------------------------------------------------------

def words(side: str, host: object = "127.0.0.1", port: object = 0,
          file: object = program.__file__) -> list[object]:
    """Return a command line that would do, with some words changed."""
    return [exe(side), host, port, file]


@needs_wine
@pytest.mark.parametrize("name", (NAIVE, HALF_CLOSE, CLIENT))
def test_too_few_or_too_many_words_are_answered_with_the_usage(windows, name):
    side = "client" if name == CLIENT else "server"
    argv = words(name)
    for line in (argv[:1], argv[:2], argv[:3], [*argv, "more"]):
        said = sentence(windows, line, 2)
        assert said == f"usage: {side} HOST PORT FILE\n"


@needs_wine
@each_side
def test_a_port_that_is_no_number_up_to_65535_is_refused(windows, side):
    for port in BAD_PORTS:
        said = sentence(windows, words(side, port=port), 2)
        assert said == f"{side}: port '{port}': " \
                       "not a number from 0 to 65535\n"


@needs_wine
@each_side
def test_a_host_that_is_no_address_is_trouble(windows, side):
    for host in ("no.such.host", "127.0.0.1.1", "256.0.0.1", "", "::1"):
        said = sentence(windows, words(side, host=host), 1)
        assert said == f"{side}: host '{host}': not an IPv4 address\n"


@needs_wine
def test_a_file_that_cannot_be_read_is_known_before_listening(
        windows, tmp_path):
    said = sentence(windows, words("server", file=tmp_path / "no"), 1)
    assert re.fullmatch(r"server: open \S+no: No such file or directory\n",
                        said)
    said = sentence(windows, words("server", file=tmp_path), 1)
    assert re.fullmatch(r"server: open \S+: Permission denied\n", said)


@needs_wine
def test_an_address_that_cannot_be_bound_is_trouble(room, windows):
    with room.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = sentence(windows, words("server", port=port), 1)
    assert re.fullmatch(rf"server: bind 127\.0\.0\.1 {port}: .* \(10048\)\n",
                        said)
    said = sentence(windows, words("server", host="192.0.2.1"), 1)
    assert re.fullmatch(r"server: bind 192\.0\.2\.1 0: .* \(10049\)\n", said)


@needs_wine
def test_a_refused_connection_is_trouble_and_leaves_no_file(
        room, windows, tmp_path):
    file = tmp_path / "copy"
    with room.socket() as bound:  # bound, so nobody's; not listening
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        said = sentence(windows, words("client", port=port, file=file), 1)
    assert re.fullmatch(rf"client: connect 127\.0\.0\.1 {port}: "
                        r".* \(10061\)\n", said)
    assert not file.exists()


@needs_wine
def test_an_output_that_cannot_be_stored_is_trouble(room, windows, tmp_path):
    listener, port = plain_sockets.listen(room)
    with listener:
        for file in (tmp_path / "no" / "copy", tmp_path):
            said = sentence(windows, words("client", port=port, file=file), 1)
            assert said.startswith(f"client: open {file}: ")
    offer = Offer(windows, HALF_CLOSE, tmp_path, b"file")
    said = sentence(windows, words("client", port=offer.port,
                                   file="/dev/full"), 1)
    assert said == "client: write /dev/full: No space left on device\n"


@needs_wine
@each_side
def test_an_output_that_nobody_can_take_is_not_a_success(
        room, windows, tmp_path, side):
    """Its program is a shell's child: only a shell gives it a full disk."""
    shell = ["sh", "-c", 'exec wine "$@" >/dev/full', "sh"]
    if side == "server":
        argv = words("server")
    else:
        argv = words("client", port=Offer(windows, HALF_CLOSE, tmp_path,
                                          b"file").port, file=os.devnull)
    process = room.start([*shell, *argv], env=windows.env)
    assert str(process.wait()) == "exit 1"
    assert process.stderr == (f"{side}: standard output: "
                              "No space left on device\n").encode()


# --- numbers ---------------------------------------------------------------

@needs_wine
def test_each_mistake_has_its_number(windows):
    process = windows.start([exe("numbers")])
    assert str(process.wait()) == "exit 0", process.stderr
    assert re.findall(r"^(.*?)  +(\d+)  (\w+) ", process.stdout.decode(),
                      re.M) == [
        ("shutdown, not connected", "10057", "WSAENOTCONN"),
        ("send after SD_SEND", "10058", "WSAESHUTDOWN"),
        ("recv after closesocket", "10038", "WSAENOTSOCK"),
        ("socket after WSACleanup", "10093", "WSANOTINITIALISED")]


@needs_wine
def test_wine_does_not_reset_as_windows_is_documented_to(windows):
    """Where both end in -1 (10054) the notes have to say so."""
    process = windows.start([exe("resets")])
    assert str(process.wait()) == "exit 0", process.stderr
    assert process.stdout.decode().splitlines() == [
        "the other end sent a byte, then a reset:",
        "  recv = 1", "  recv = 0",
        "the other end has called shutdown(SD_RECEIVE):",
        "  send to it = 1", "  recv from it = 1"]


# --- what it takes ---------------------------------------------------------

@pytest.fixture
def would_make(make, tmp_path):
    """Says what make would do where nothing is built, without MinGW."""
    shutil.copy(program.ROOT / "Makefile", tmp_path)
    shutil.copytree(program.CHAPTERS, tmp_path / "chapters",
                    ignore=shutil.ignore_patterns("server", "client", "*.exe"))
    return lambda target: make("-n", "MINGW=no-such-gcc", target, at=tmp_path)


def test_without_the_cross_compiler_make_says_in_one_line_what_to_install(
        would_make):
    done = would_make("15")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "install gcc-mingw-w64-x86-64" in done.stderr


def test_without_the_cross_compiler_the_other_chapters_are_built(would_make):
    done = would_make("all")
    assert done.returncode == 0, done.stderr
    assert "03-half-close/server" in done.stdout
    assert ".exe" not in done.stdout


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(program.NotInstalled, match="gcc-mingw-w64-x86-64"):
        program.cross_compiler()
    monkeypatch.setattr(wine, "LOADERS", ("no-such-wine",))
    with pytest.raises(program.NotInstalled, match="install wine64"):
        wine.loader()


# --- Wine in sandboxes -----------------------------------------------------

@needs_wine
def test_two_rooms_are_two_computers(tmp_path):
    """With one wineserver between them the second port would be taken."""
    with Sandbox() as one, Sandbox() as other, Wine(one) as first, \
            Wine(other) as second:
        if not one.private:
            pytest.skip(f"no network namespaces: {one.why_not}")
        offer = Offer(first, HALF_CLOSE, tmp_path, b"file")
        same = second.start([exe(HALF_CLOSE), "127.0.0.1", offer.port,
                             tmp_path / "original"])
        assert kernel.listening(same) == offer.port


@needs_wine
def test_nothing_is_left_of_a_computer_but_its_sandbox(tmp_path):
    with Sandbox() as room, Wine(room) as windows:
        offer = Offer(windows, HALF_CLOSE, tmp_path, b"file")
        prefix = Path(windows.env["WINEPREFIX"])
        assert prefix.is_dir()
        assert program.scratch() in prefix.parents
    assert not prefix.parent.exists()
    for pid in (offer.process.pid, offer.process.holder):
        assert not os.path.exists(f"/proc/{pid}")
