"""Chapter 10: a process for each client, and who holds what.

The experiments of the notes are made here too: their servers are the chapter's
own, changed by the same edits.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable

import pytest

from lab import kernel, program
from lab.calls import Fault
from lab.kernel import DidNotListen
from lab.meeting import EOF, NOTHING, Heard, Peer, Program
from lab.meeting.pair import SAMPLE, Pair, PairMeeting
from lab.verdicts import large
from checkers import SANITIZERS, valgrind

pytestmark = pytest.mark.chapter("10")

FOLDER = program.chapter("10")
CHILDREN = 64
LATE = 0.5  # seconds that it may take longer on a busy machine
LARGE = large(4_000_000)  # no kernel holds as much


@pytest.fixture
def number() -> str:
    """What `pair` is to play."""
    return "10"


def thank(it: PairMeeting, peer: Peer, content: bytes = SAMPLE) -> None:
    """Take the file as a polite client does."""
    whole = it.pair.header(len(content)) + content
    assert peer.hear() == Heard(whole, EOF)
    peer.say(it.pair.thanks(len(content)))
    peer.half_close()


def begun(it: PairMeeting, peer: Peer, content: bytes = SAMPLE) -> None:
    """Wait until the first bytes come: its child is there."""
    first = it.pair.header(len(content))
    assert peer.hear(len(first)).data == first


def alone(server: Program) -> bool:
    """Whether a server has no child, not even one that nobody waited for."""
    return not kernel.children(server.pid)


def stops(server: Program) -> None:
    """Tell a server to stop, and check that it does, by itself."""
    server.signal(signal.SIGTERM)
    assert str(server.ends()) == "exit 0", server.hang or server.stderr


def named(peer: Peer) -> str:
    """Return how a server's lines name a client."""
    return f"server: 127.0.0.1 {peer.ports[1]}: "


def child_of(server: Program) -> int:
    """Return the number of a server's one child."""
    child, = kernel.children(server.pid)
    return child


# --- each client has a process of its own -----------------------------------

def test_a_silent_client_holds_up_nobody(pair):
    server = pair.serve(SAMPLE)
    silent = [pair.dial_server() for _ in range(3)]
    for _ in range(3):
        peer = pair.dial_server()
        thank(pair, peer)
    assert server.until(lambda: server.stdout.count("Thank you 12\n") == 3)
    for peer in silent:
        thank(pair, peer)
    stops(server)
    assert server.stdout.count("Message from client: Thank you 12\n") == 6
    assert server.stderr == ""


def test_two_clients_at_once_each_get_the_whole_file(pair):
    """Copies of one descriptor would share one offset."""
    server = pair.serve(LARGE)
    first, second = pair.dial_server(), pair.dial_server()
    begun(pair, first, LARGE)
    thank(pair, second, LARGE)
    assert first.hear() == Heard(LARGE, EOF)
    first.close()
    stops(server)


@pytest.mark.timed
def test_each_client_has_a_clock_of_its_own(pair):
    patience, clients = 0.8, []
    server = pair.serve(SAMPLE, seconds=patience)
    for _ in range(2):
        before = time.monotonic()
        client = pair.dial_server()
        clients.append((client, before, time.monotonic()))
        pair.let_rest_until(before + patience / 2)
        server.process.poll(patience / 2)
    told = "gave up after 0.8 seconds: the end of the thanks had not come\n"
    pair.let_rest_until(before + 60)
    waited = kernel.waited(os.getpid())  # for a processor, so far
    for client, earliest, latest in clients:  # when its clock can have begun
        assert server.until(lambda: named(client) + told in server.stderr)
        assert earliest + patience <= time.monotonic()
        ours = kernel.waited(os.getpid()) - waited
        assert time.monotonic() <= latest + patience + LATE + ours
    assert server.until(lambda: alone(server))


def test_each_way_to_fail_names_the_client_and_ends_nothing_else(pair):
    server = pair.serve(SAMPLE)
    told = []
    for words, why in ((b"", "read from client: no thanks"),
                       (b"Thank you", "read from client: no receipt for 12 "
                        "bytes"),
                       (b"x" * 2000, "read from client: thanks of more than "
                        "1024 bytes")):
        peer = pair.dial_server()
        peer.hear()
        peer.say(words)
        peer.half_close()
        told.append(f"{named(peer)}{why}\n")
        assert server.until(lambda: server.stderr == "".join(told)), \
            server.stderr
    peer = pair.dial_server()
    begun(pair, peer)
    peer.reset()
    told.append(named(peer))
    assert server.until(lambda: server.stderr.startswith("".join(told)))
    pair.original.unlink()
    peer = pair.dial_server()
    assert peer.hear() == Heard(b"", EOF)
    assert server.until(lambda: server.stderr.endswith(
        f"{named(peer)}open original: No such file or directory\n"))
    pair.original.write_bytes(SAMPLE)
    thank(pair, pair.dial_server())
    stops(server)


def lines_of(clients: int, words: bytes) -> list[str]:
    """Let so many clients say the same; return what each write printed.

    Standard output and error are a socket on which a write is a packet.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(60)
    built = program.build(FOLDER / "server.c")
    with ours, theirs, subprocess.Popen(
            [built, "127.0.0.1", "0", "server.c"], cwd=FOLDER, stdout=theirs,
            stderr=theirs, text=True) as server:
        try:
            written = [ours.recv(4096).decode()]
            port = int(written[0].split()[-1])
            dialled = [socket.create_connection(("127.0.0.1", port), 60)
                       for _ in range(clients)]
            for conn in dialled:
                conn.sendall(words)
                conn.shutdown(socket.SHUT_WR)
            for _ in dialled:
                written.append(ours.recv(4096).decode())
            for conn in dialled:
                conn.close()
        finally:
            server.terminate()
    return written[1:]


def test_a_line_is_written_with_one_call():
    size = (FOLDER / "server.c").stat().st_size
    said = lines_of(20, b"Thank you %d\n" % size)
    assert said == [f"Message from client: Thank you {size}\n"] * 20
    for line in lines_of(20, b"no"):
        assert re.fullmatch(r"server: 127\.0\.0\.1 \d+: read from client: no "
                            rf"receipt for {size} bytes\n", line)


# --- nothing stays behind ---------------------------------------------------

def memory(pid: int) -> int:
    """Return how much of a program is in memory, in kB (proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^RssAnon:\s+(\d+)", status, re.M)[1])


def descriptors(pid: int) -> list[str]:
    """Return the descriptors that a process holds."""
    return sorted(os.listdir(f"/proc/{pid}/fd"))


def test_500_clients_leave_no_zombie_no_descriptor_and_no_memory(pair):
    server = pair.serve(SAMPLE)

    def serve_one() -> None:
        peer = pair.dial_server()
        thank(pair, peer)
        peer.close()
    serve_one()
    assert server.until(lambda: alone(server))
    before = memory(server.pid), descriptors(server.pid)
    for _ in range(500):
        serve_one()
    assert server.until(lambda: alone(server))
    assert descriptors(server.pid) == before[1]
    assert memory(server.pid) <= before[0] + 64
    stops(server)
    assert server.stderr == ""
    assert server.stdout.count("Message from client: Thank you 12\n") == 501


def test_64_clients_at_once_are_served_and_the_next_one_waits(pair):
    server = pair.serve(SAMPLE)
    peers = [pair.dial_server() for _ in range(CHILDREN)]
    for peer in peers:
        begun(pair, peer)
    assert len(kernel.children(server.pid)) == CHILDREN
    last = pair.dial_server()
    assert server.until(lambda: kernel.backlog(server.pid, pair.port) == 1)
    pair.rest()
    assert kernel.backlog(server.pid, pair.port) == 1
    assert len(kernel.children(server.pid)) == CHILDREN
    peers[30].close()
    thank(pair, last)
    for peer in peers:
        peer.close()
    assert server.until(lambda: alone(server))
    thank(pair, pair.dial_server())
    stops(server)


@pytest.mark.parametrize("number", (signal.SIGKILL, signal.SIGSEGV))
def test_the_others_never_notice_a_child_that_is_killed(meet, tmp_path,
                                                        number):
    it = meet(PairMeeting, Pair.of("10"), tmp_path)
    server = it.serve(LARGE)
    first = it.dial_server()
    begun(it, first, LARGE)
    child = child_of(server)
    second = it.dial_server()
    begun(it, second, LARGE)
    os.kill(child, number)
    assert server.until(lambda: server.stderr), server.hang
    assert server.stderr == f"{named(first)}killed by signal {number}\n"
    heard = first.hear()
    assert heard.end == EOF and len(heard.data) < len(LARGE)
    assert second.hear() == Heard(LARGE, EOF)
    second.say(it.pair.thanks(len(LARGE)))
    second.half_close()
    thank(it, it.dial_server(), LARGE)
    stops(server)


# --- told to stop -----------------------------------------------------------

@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT))
def test_a_server_that_is_told_to_stop_ends_what_has_begun(meet, tmp_path,
                                                           number):
    it = meet(PairMeeting, Pair.of("10"), tmp_path)
    server = it.serve(LARGE)
    peer = it.dial_server()
    begun(it, peer, LARGE)
    server.signal(number)
    assert server.until(lambda: server.port() is None)
    with pytest.raises(ConnectionRefusedError):
        it.dial_server()
    os.kill(child_of(server), number)  # a terminal's Ctrl-C comes to it too
    assert peer.hear() == Heard(LARGE, EOF)
    peer.say(it.pair.thanks(len(LARGE)))
    peer.half_close()
    assert str(server.ends()) == "exit 0", server.hang
    assert "Thank you 4000000\n" in server.stdout and not server.stderr


@pytest.mark.timed
def test_a_silent_client_keeps_a_stopping_server_for_its_patience(pair):
    patience = 0.8
    server = pair.serve(SAMPLE, seconds=patience)
    peer = pair.dial_server()
    dialled = time.monotonic()
    begun(pair, peer)
    server.signal(signal.SIGTERM)
    assert server.ends_by(dialled + patience + LATE), server.hang
    assert str(server.exit) == "exit 0"
    assert server.stderr == named(peer) + \
        "gave up after 0.8 seconds: the end of the thanks had not come\n"


def test_a_child_goes_on_when_its_server_is_killed(pair):
    """And holds nothing that a new server needs."""
    server = pair.serve(LARGE)
    peer = pair.dial_server()
    begun(pair, peer, LARGE)
    server.signal(signal.SIGKILL)
    assert str(server.ends()) == "killed by SIGKILL"
    port = pair.port
    again = pair.serve(LARGE, port=port)
    assert peer.hear() == Heard(LARGE, EOF)
    peer.say(pair.pair.thanks(len(LARGE)))
    peer.half_close()
    assert pair.until(lambda: "Thank you 4000000\n" in server.stdout)
    thank(pair, pair.dial_server(), LARGE)
    stops(again)


# --- calls that fail --------------------------------------------------------

@pytest.mark.parametrize("call, why", [
    ("fork", "Resource temporarily unavailable"),
    ("accept", "accept a client: Operation not permitted")])
def test_a_server_that_can_start_nobody_rests_and_goes_on(pair, call, why):
    kind = "EAGAIN" if call == "fork" else "EPERM"
    server = pair.serve(SAMPLE, fault=Fault(kind, at=1, calls=(call,)))
    peer = pair.dial_server()
    if call == "fork":
        assert peer.hear() == Heard(b"", EOF)
        peer = pair.dial_server()
    thank(pair, peer)
    stops(server)
    assert server.stderr.endswith(f"{why}\n")
    assert server.stderr.count("\n") == 1 and server.log.struck()


@pytest.mark.parametrize("kind", ("EINTR", "short"))
@pytest.mark.parametrize("at", range(1, 9))
def test_calls_that_do_less_than_asked_change_nothing(pair, kind, at):
    server = pair.serve(SAMPLE, fault=Fault(kind, at=at))
    for _ in range(3):
        thank(pair, pair.dial_server())
    stops(server)
    assert server.stderr == "" and server.stdout.count("Thank you 12") == 3


@pytest.mark.parametrize("watched", ("sanitizers", "valgrind"))
def test_the_server_and_its_children_are_clean_under(meet, tmp_path, watched):
    it = meet(PairMeeting, Pair.of("10"), tmp_path,
              flags=SANITIZERS if watched == "sanitizers" else ())
    server = it.serve(SAMPLE,
                      before=valgrind() if watched == "valgrind" else ())
    silent = it.dial_server()
    silent.hear()
    thank(it, it.dial_server())
    silent.half_close()
    stops(server)
    assert server.stderr == f"{named(silent)}read from client: no thanks\n"


# --- the experiments of the notes -------------------------------------------

ONLY_CLOSES = (r"    if \(shutdown\(conn.*\n.*\n.*to client.*\n", ""), \
    (r"    hear_thanks\(.*\n", "")
KEEPS = (r"    close\(conn\); /\* or no close.*\n", "")
PROGRAM_OF_A_CHILD = (r"(    nonblocking\(conn\);\n)",
                      r'    system("sleep 600 &");\n\1')
CLOSED_AT_EXEC = (r'    system\("sleep 600 &"\);', "    fcntl(conn, F_SETFD, "
                  'FD_CLOEXEC);\n    system("sleep 600 &");'), \
    (r"(#include <errno.h>)", r"\1\n#include <fcntl.h>")
PROGRAM_OF_THE_SERVER = (r"(    nonblocking\(listener\);)",
                         r'    system("sleep 600 &");\n\1')
NO_SHUTDOWN = (r"    if \(shutdown\(listener(.*\n)+?.*the listener.*\n", "")
ONE_FILE = (r"    close\(open_file\(argv\[3\], &size\)\);",
            "    shared = open_file(argv[3], &length);"), \
    (r"open_file\(path, &size\); ", "(size = length, shared); "), \
    (r"(static void\nannounce)", r"static intmax_t length;\n"
     r"static int shared;\n\n\1")
NOT_FLUSHED = (r"(    nonblocking\(listener\);)", r'    printf("ready ");\n\1')


@pytest.fixture
def changed(meet, tmp_path, changed_folder) -> Callable[..., PairMeeting]:
    """Makes a meeting with the chapter's server, changed by edits."""
    def make(*edits: tuple[str, str]) -> PairMeeting:
        folder = changed_folder(FOLDER, *edits)
        return meet(PairMeeting, Pair("changed", "10", folder),
                    tmp_path / "files")
    return make


@pytest.mark.parametrize("edits, end", [
    (ONLY_CLOSES, EOF), ((*ONLY_CLOSES, KEEPS), NOTHING), ((), EOF),
    ((KEEPS,), EOF), ((*ONLY_CLOSES, PROGRAM_OF_A_CHILD), NOTHING),
    ((PROGRAM_OF_A_CHILD,), EOF),
    ((*ONLY_CLOSES, PROGRAM_OF_A_CHILD, *CLOSED_AT_EXEC), EOF)])
def test_who_has_a_copy_keeps_close_from_ending_but_not_shutdown(
        changed, edits, end):
    it = changed(*edits)
    server = it.serve(SAMPLE)
    peer = it.dial_server()
    whole = it.pair.header(len(SAMPLE)) + SAMPLE
    assert peer.hear(len(whole)).data == whole
    if end == NOTHING:
        assert server.until(lambda: alone(server))
        assert kernel.state(server.pid, *reversed(peer.ports)) \
            == "ESTABLISHED" and not peer.has_input()
    else:
        assert peer.hear() == Heard(b"", EOF)


def started_again(it: PairMeeting, server: Program, number: int) -> bool:
    """Whether a server can be started again once a signal has ended one."""
    server.signal(number)
    assert server.ends(), server.hang
    try:
        it.serve(SAMPLE, port=it.port)
    except DidNotListen:
        assert "Address already in use" in it.programs[-1].stderr
        return False
    return True


@pytest.mark.parametrize("edits, number, free", [
    ((), signal.SIGTERM, True), ((), signal.SIGKILL, False),
    ((NO_SHUTDOWN,), signal.SIGTERM, False)])
def test_a_program_that_the_server_started_holds_its_port(changed, edits,
                                                          number, free):
    it = changed(PROGRAM_OF_THE_SERVER, *edits)
    server = it.serve(SAMPLE)
    thank(it, it.dial_server())  # by now it has started the program
    assert started_again(it, server, number) == free


def test_a_file_that_is_opened_before_the_fork_goes_out_in_parts(changed):
    it = changed(*ONE_FILE)
    it.serve(LARGE)
    first, second = it.dial_server(), it.dial_server()
    begun(it, first, LARGE)
    begun(it, second, LARGE)
    both = len(second.hear().data), len(first.hear().data)
    assert max(both) < len(LARGE), both


def test_what_was_not_flushed_before_the_fork_is_printed_by_each(changed):
    it = changed(NOT_FLUSHED)
    server = it.serve(SAMPLE)
    for _ in range(3):
        thank(it, it.dial_server())
    stops(server)
    assert server.stdout.count("ready ") == 4


# --- what changed -----------------------------------------------------------

def test_the_client_stays_the_same_to_the_byte():
    before, this = (program.chapter(n) / "client.c" for n in ("08", "10"))
    assert this.read_bytes() == before.read_bytes()


def test_the_conversation_stays_the_same_to_the_letter():
    """Opening the file and draining have moved to common/."""
    before, this = ((program.chapter(n) / "server.c").read_text()
                    for n in ("08", "10"))
    for begin, end in (("static void\nannounce", "/*\n * Read and discard"),
                       ("static void\nhear_thanks", "int\nmain")):
        assert before[before.index(begin):before.index(end)] in this
