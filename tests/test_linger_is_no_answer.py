"""Chapter 09: what close says of a connection, beside what arrived.

The table in the notes is measured here, row by row. Its last column is what
the client's own socket has found.
"""

from __future__ import annotations

import errno
import re
import select
import signal
import socket

import pytest

import plain_sockets
from lab import chapters, program
from lab.meeting import peer
from lab.calls import Fault
from lab.meeting import EOF, RESET, Meeting, Peer, Program
from lab.meeting.pair import Pair, PairMeeting
from lab.verdicts import large
from checkers import SANITIZERS, valgrind

pytestmark = pytest.mark.chapter("09")

NOTES = program.chapter("09") / "README.md"
LINGER = 2.0  # seconds, in the chapter's server
BUSY = 1.0  # seconds that a busy machine may add to what takes no time
FULL = 10_000_000  # bytes: no kernel takes as many for who reads nothing
TCP_USER_TIMEOUT = 18  # linux/tcp.h; Python names it from 3.10 on


def way(word: str) -> chapters.Way:
    """Return one of the chapter's ways."""
    return next(way for way in chapters.ways(program.chapter("09"))
                if way.name == word)


@pytest.fixture
def number() -> str:
    """What `pair` is to play."""
    return "09"


@pytest.fixture
def stage(meet, tmp_path):
    """Makes a meeting with the server run in one way."""
    def make(word: str, **more: object) -> PairMeeting:
        return meet(PairMeeting, Pair.of("09", way(word)), tmp_path, **more)
    return make


def dial(it: PairMeeting, server: Program) -> Peer:
    """Be the client, connected before the server does anything.

    With `zero` its reset could come first otherwise.
    """
    server.signal(signal.SIGSTOP)
    ours = it.dial_server()
    server.signal(signal.SIGCONT)
    return ours


def told(server: Program) -> tuple[str, float]:
    """Wait for the end; return what close said, and after how long."""
    assert str(server.ends()) == "exit 0", server.hang or server.stderr
    match = re.search(r"^close returned (-?\d+) after (\d+\.\d{3}) seconds$",
                      server.stdout, re.M)
    assert match, server.stdout
    return match[1], float(match[2])


# --- the table ---------------------------------------------------------------

def table() -> list[list[str]]:
    """Return the table's rows, without its head, as plain words."""
    rows = re.findall(r"^\| (`(?:off|on|zero)` \|.*) \|$", NOTES.read_text(),
                      re.M)
    return [[cell.strip(" `") for cell in row.split("|")] for row in rows]


def met(it: PairMeeting, client: str, size: int) -> tuple[str, float, str]:
    """Be a client; return what close said, after how long, what arrived."""
    whole = it.pair.header(size) + large(size)
    server = it.serve(large(size))
    ours = dial(it, server)
    came, end = b"", ""
    if client == "reads at once":
        came, end = ours.hear().data, EOF
        said = told(server)
    elif client == "dies, having read nothing":
        it.rest()
        ours.reset()
        said = told(server)
    else:
        said = told(server)
        if client == "reads later":
            heard = ours.hear()
            came, end = heard.data, heard.end
    assert whole.startswith(came)
    return (*said, "all" if (came, end) == (whole, EOF)
            else "a part" if end == RESET and came else "nothing")


NOBODY = "never calls accept"


@pytest.mark.timed
@pytest.mark.parametrize(
    "row", [row for row in table() if row[1] != NOBODY],
    ids=lambda row: ", ".join(row[:3]))
def test_what_close_says_and_what_arrives_are_what_the_notes_say(stage, row):
    word, client, size, close, after, arrived = row
    said = met(stage(word), client, int(size.replace(",", "")))
    assert (said[0], said[2]) == (close, arrived)
    if after == "2.0 s":
        assert LINGER <= said[1] < LINGER + BUSY
    else:
        assert after.endswith(" s") or after == "when it died"
        assert said[1] < LINGER


def test_the_table_has_all_words_and_close_never_says_anything_but_0():
    rows = table()
    assert len(rows) >= 8 and {row[0] for row in rows} == {"off", "on", "zero"}
    assert {row[3] for row in rows} == {"0"}
    assert {row[5] for row in rows} == {"all", "a part", "nothing"}


# --- nobody -----------------------------------------------------------------

def test_the_kernel_says_that_all_is_well_where_nobody_reads(meet):
    nobody = meet(Meeting).start(
        [program.build(program.chapter("09") / "nobody.c", SANITIZERS)],
        env={"ASAN_OPTIONS": "verify_asan_link_order=0"})
    assert str(nobody.ends()) == "exit 0", nobody.stderr
    lines = nobody.stdout.splitlines()
    close = re.fullmatch(r"SO_LINGER 2 s: close returned 0 after ([\d.]+) s",
                         lines[0])
    queue = re.fullmatch(r"SIOCOUTQ: 0 bytes left after ([\d.]+) s", lines[1])
    assert close and float(close[1]) < LINGER
    assert ["on", NOBODY, "12", "0", "0.041 s", "nothing"] in table()
    assert queue and float(queue[1]) < LINGER
    assert lines[2:] == ["TCP_USER_TIMEOUT 0.5 s: no trouble after 2.5 s",
                         "SO_KEEPALIVE 1 s: no trouble after 2.5 s"]


@pytest.mark.timed
def test_a_user_timeout_ends_who_is_merely_slow(room):
    """Its kernel lives, and answers; only its program does not read yet."""
    listener, port = plain_sockets.listen(room)
    with listener, plain_sockets.dial(room, port) as ours, \
            plain_sockets.accept(listener):
        ours.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 500)
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                ours.send(bytes(1 << 16))
        trouble = select.poll()
        trouble.register(ours, 0)
        assert trouble.poll(peer.BOUND * 1000)
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == \
            errno.ETIMEDOUT


# --- the server -------------------------------------------------------------

@pytest.mark.parametrize("words", (
    ("127.0.0.1", 0, "/etc/passwd"), ("127.0.0.1", 0, "/etc/passwd", "5"),
    ("127.0.0.1", 0, "/etc/passwd", "ON"), ("on",), (),
    ("127.0.0.1", 0, "/etc/passwd", "5", "on", "on")))
def test_a_wrong_command_line_is_answered_with_the_usage(pair, words):
    server = pair.start([pair.pair.build("server"), *words])
    assert str(server.ends()) == "exit 2"
    assert server.stderr == \
        "usage: server HOST PORT FILE [SECONDS] off|on|zero\n"


@pytest.mark.parametrize("word", ("off", "on", "zero"))
@pytest.mark.parametrize("watched", ("sanitizers", "valgrind"))
def test_the_server_is_clean_under(stage, word, watched):
    it = stage(word, flags=SANITIZERS if watched == "sanitizers" else ())
    server = it.serve(large(300_000),
                      before=valgrind() if watched == "valgrind" else ())
    dial(it, server).hear()
    told(server)
    assert server.stderr == ""


@pytest.mark.parametrize("kind", ("EINTR", "short"))
@pytest.mark.parametrize("seed", range(3))
def test_calls_that_do_less_than_asked_change_nothing(stage, kind, seed):
    it = stage("on")
    content = large(300_000)
    server = it.serve(content, fault=Fault(kind, percent=30, seed=seed))
    heard = it.dial_server().hear()
    assert told(server)[0] in ("0", "-1")  # after EINTR it is gone as well
    assert (heard.data, heard.end) == (it.pair.header(300_000) + content, EOF)
    assert server.log.struck()


@pytest.mark.timed
def test_a_client_that_never_reads_is_given_up_before_close_is_asked(stage):
    it = stage("on")
    server = it.serve(bytes(FULL), seconds=0.3)
    ours = it.dial_server()
    assert str(server.ends()) == "exit 1", server.hang
    assert re.fullmatch(r"server: gave up after 0\.3 seconds: only \d+ bytes "
                        r"of original sent\n", server.stderr)
    assert "close" not in server.stdout
    ours.close()


def test_the_client_stays_the_same_to_the_byte():
    before, this = (program.chapter(n) / "client.c" for n in ("08", "09"))
    assert this.read_bytes() == before.read_bytes()
