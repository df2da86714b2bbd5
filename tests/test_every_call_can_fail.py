"""Chapter 05, and what stands on it: short counts, signals, peers that vanish.

Each program is met by a peer in the test's own hands, which sees what came and
how it ended; then by faults, at every call that it makes.
"""

from __future__ import annotations

import os
import select
import socket
from contextlib import closing, suppress
from pathlib import Path

import pytest

from checkers import SANITIZERS, valgrind
from expectations import both_done, differs, message, said, sentence
from faulty import KINDS, sweep
from lab import kernel, program
from lab.calls import Fault
from lab.chapters import serving_one
from lab.meeting import EOF, Heard, Program
from lab.meeting.behaviours import drip
from lab.meeting.pair import Pair, PairMeeting
from parameters import chapters, content, each_side, each_size, seeds
from test_command_lines import each_full

NUMBERS = serving_one("05")
FILE = b"To be sent.\n"

each_chapter = chapters(*NUMBERS)


# --- every size ------------------------------------------------------------

@each_chapter
@each_size
def test_the_server_sends_all_of_it_and_hears_the_thanks(pair, size):
    data = content(size)
    server = pair.serve(data)
    with closing(pair.dial_server()) as client:
        heard = client.hear()
        assert not differs(heard.data, pair.pair.header(size) + data)
        assert heard.end == EOF
        client.say(pair.pair.thanks(size))
        client.half_close()
        assert str(server.ends()) == "exit 0", server.stderr
        assert not client.was_reset()
    assert said(server) == message(pair.pair.thanks(size))
    assert server.stderr == ""


@each_chapter
@each_size
def test_the_client_stores_all_of_it_and_thanks_after_eof(pair, size):
    data = content(size)
    client, server = pair.answer()
    with closing(server):
        server.say(pair.pair.header(size) + data)
        assert client.until(lambda: not kernel.unread(client.pid,
                                                      *server.ports))
        assert client.stdout == ""  # it keeps silent until EOF
        server.half_close()
        assert server.hear() == Heard(pair.pair.thanks(size), EOF)
        assert str(client.ends()) == "exit 0", client.stderr
    assert client.stdout == "Received file data\n"
    assert client.stderr == ""
    assert not differs(pair.copy.read_bytes(), data)


@each_chapter
@each_size
def test_the_pair_moves_all_of_it(pair, size):
    data = content(size)
    server = pair.serve(data)
    both_done(pair, server, pair.fetch(pair.port), data)


# --- the thanks ------------------------------------------------------------

@each_chapter
def test_thanks_in_single_bytes_are_heard(pair):
    server = pair.serve(FILE)
    with closing(pair.dial_server()) as client:
        assert client.hear().end == EOF
        client.no_delay()
        for byte in pair.pair.thanks(len(FILE)):
            assert drip(pair, client, bytes([byte]), 1)
        client.half_close()
        assert str(server.ends()) == "exit 0", server.stderr
    assert said(server) == message(pair.pair.thanks(len(FILE)))


@each_chapter
@pytest.mark.parametrize("tail, kept", ((b"", b""), (b"\0", b""),
                                        (b"\0\0", b"\0")))
def test_one_trailing_nul_is_dropped_and_no_more(pair, tail, kept):
    server = pair.serve(FILE)
    thanks = pair.pair.thanks(len(FILE))
    with closing(pair.dial_server()) as client:
        client.hear()
        client.say(thanks + tail)
        client.half_close()
        server.ends()
    if tail and pair.pair.announces:  # it isn't the receipt then
        assert sentence(server).endswith(f"no receipt for {len(FILE)} bytes\n")
    else:
        assert str(server.exit) == "exit 0", server.stderr
        assert said(server) == (
            message(thanks)[:-1] + kept.decode() + "\n")


@chapters("05", "06")
@pytest.mark.parametrize("size, nul", ((1, b""), (30, b""), (31, b""),
                                       (1024, b""), (1023, b"\0")))
def test_thanks_of_up_to_1024_bytes_are_heard_whole(pair, size, nul):
    thanks = b"Thanks! " * 128
    server = pair.serve(FILE)
    with closing(pair.dial_server()) as client:
        client.hear()
        client.say(thanks[:size] + nul)
        client.half_close()
        assert str(server.ends()) == "exit 0", server.stderr
    heard = said(server).partition("Message from client: ")[2]
    assert not differs(heard.encode(), thanks[:size] + b"\n")


@each_chapter
@pytest.mark.parametrize("size", (1025, 1_000_000))
def test_longer_thanks_are_refused_with_a_sentence(pair, size):
    server = pair.serve(FILE)
    with closing(pair.dial_server()) as client:
        client.hear()
        client.say(b"T" * size)
        client.half_close()
        assert sentence(server) == \
            "server: read from client: thanks of more than 1024 bytes\n"
    assert said(server) == ""


# --- three ways to end, three sentences ------------------------------------

@each_chapter
def test_the_server_tells_a_reset_from_an_eof_and_from_silence(
        pair, number):
    told = []
    for end in ("EOF", "reset", "silence"):
        server = pair.serve(FILE, seconds=0.5 if end == "silence" else None)
        with closing(pair.dial_server()) as client:
            assert client.hear().end == EOF
            if end == "EOF":
                client.half_close()
            elif end == "reset":
                client.reset()
            if end != "silence" or pair.pair.patient:
                told.append(sentence(server))
            else:
                proof = server.until(lambda s=server: kernel.stuck([s]))
                assert [how.call for how in proof] == ["read"]
                told.append(server.stderr)
        assert said(server) == ""
    silence = "server: gave up after 0.5 seconds: the end of the thanks had " \
              "not come\n" if number >= "06" else ""
    assert told == ["server: read from client: no thanks\n",
                    "server: read from client: Connection reset by peer\n",
                    silence]


@each_chapter
def test_the_client_tells_a_reset_from_an_eof_and_from_silence(pair, number):
    told = []
    for end in ("EOF", "reset", "silence"):
        pair.copy.unlink(missing_ok=True)
        client, server = pair.answer(
            seconds=0.5 if end == "silence" else None)
        with closing(server):
            server.say(pair.pair.header(len(FILE)) + FILE[:6])
            assert client.until(lambda c=client, s=server: not s.under_way()
                                and kernel.unread(c.pid, *s.ports) == 0)
            if end == "EOF":
                server.half_close()
            elif end == "reset":
                server.reset()
            if end == "EOF" and not pair.pair.announces:
                assert str(client.ends()) == "exit 0"  # who could know?
                told.append("")
            elif end != "silence" or pair.pair.patient:
                told.append(sentence(client))
                assert client.stdout == ""
            else:
                proof = client.until(lambda c=client: kernel.stuck([c]))
                assert [how.call for how in proof] == ["read"]
                told.append(client.stderr)
        if pair.pair.announces:
            assert not pair.copy.exists() and not pair.left_over()
        else:
            assert pair.copy.read_bytes() == FILE[:6]
    eof, silence = {
        "05": ("", ""),
        "06": ("", "client: gave up after 0.5 seconds: no EOF after 6 bytes"
                   "\n"),
        "07": ("client: read from server: EOF after 6 of 12 bytes\n",
               "client: gave up after 0.5 seconds: no EOF after 6 of 12 bytes"
               "\n")}[min(number, "07")]
    assert told == [eof, "client: read from server: Connection reset by peer"
                    "\n", silence]


# --- peers that vanish -----------------------------------------------------

@each_chapter
def test_a_client_that_vanishes_does_not_kill_the_server(pair):
    """It had half-closed: writing to it is then EPIPE, and SIGPIPE."""
    server = pair.serve(content(3_000_000))
    client = pair.dial_server()
    client.half_close()
    assert server.until(lambda: any(c.state == "CLOSE_WAIT" for c in
                                    kernel.connections(server.pid)))
    client.reset()
    assert sentence(server) in (
        "server: write to client: Broken pipe\n",
        "server: write to client: Connection reset by peer\n")


def speaks_on_stdout(client: Program) -> bool:
    """Whether a program sleeps in a call whose first argument is 1."""
    words = Path(f"/proc/{client.pid}/syscall").read_text().split()
    return words[1:2] == ["0x1"]


@each_chapter
def test_a_server_that_vanishes_before_the_thanks_does_not_kill_the_client(
        pair):
    """It is held between EOF and thanks by a standard output that is full."""
    fifo = pair.files / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    try:
        while True:
            try:
                os.write(reader, bytes(4096))
            except BlockingIOError:
                break
        client, server = pair.answer(
            before=["sh", "-c", 'exec "$@" >fifo', "sh"])
        server.say(pair.pair.header(len(FILE)) + FILE)
        server.half_close()
        assert client.until(lambda: speaks_on_stdout(client))
        server.reset()
        while client.poll(0) is None:
            try:
                os.read(reader, 4096)
            except BlockingIOError:
                break
        assert sentence(client) in (
            "client: write to server: Broken pipe\n",
            "client: write to server: Connection reset by peer\n")
    finally:
        os.close(reader)
    assert pair.copy.read_bytes() == FILE


@each_chapter
def test_a_refused_connection_is_a_sentence_and_creates_no_file(pair):
    for family, host in ((socket.AF_INET, "127.0.0.1"),
                         (socket.AF_INET6, "::1")):
        with pair.room.socket(family) as bound:  # nobody's, not listening
            bound.bind((host, 0))
            port = bound.getsockname()[1]
            told = sentence(pair.fetch(port, host=host))
        assert told == f"client: connect {host} {port}: Connection refused\n"
        assert os.listdir(pair.files) == []


# --- disks and outputs that are full ---------------------------------------

@each_chapter
def test_a_file_that_may_not_grow_is_trouble_and_no_success(pair):
    """RLIMIT_FSIZE, whose signal kills who doesn't look at its errors."""
    data = content(300_000)
    client, server = pair.answer(
        before=["sh", "-c", 'ulimit -f 8; exec "$@"', "sh"])
    with closing(server):
        server.say(pair.pair.header(len(data)) + data)
        server.half_close()
        assert sentence(client) == \
            "client: write copy: File too large\n"
        assert server.hear().data == b""
    assert client.stdout == ""
    assert not pair.left_over()
    assert pair.copy.exists() != pair.pair.announces


@chapters("05", "06")
def test_a_full_device_is_trouble_and_no_success(pair):
    client, server = pair.answer(file="/dev/full")
    with closing(server):
        server.say(FILE)
        server.half_close()
        assert sentence(client) == \
            "client: write /dev/full: No space left on device\n"
        assert server.hear().data == b""


@each_chapter
@each_full
def test_words_that_nobody_can_take_are_not_a_success(pair, full):
    with suppress(kernel.DidNotListen):  # or its port is seen before it ends
        pair.serve(FILE, before=full)
    why = "standard output: No space left on device\n"
    assert sentence(pair.programs[-1]) == f"server: {why}"
    client, server = pair.answer(before=full)
    with closing(server):
        server.say(pair.pair.header(len(FILE)) + FILE)
        server.half_close()
        assert server.hear().data == b""
    assert sentence(client) == f"client: {why}"
    assert pair.copy.read_bytes() == FILE


@each_chapter
@pytest.mark.parametrize("line_by_line", ("", "stdbuf -oL "))
def test_a_message_that_nobody_can_take_is_not_a_success(pair, line_by_line):
    """Who reads standard output goes once the server has said the rest."""
    os.mkfifo(pair.files / "fifo")
    reader = os.open(pair.files / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    server = pair.serve(FILE, before=[
        "sh", "-c", f'exec {line_by_line}"$@" >fifo', "sh"])
    assert server.until(lambda: select.select([reader], [], [], 0)[0])
    os.close(reader)
    with closing(pair.dial_server()) as client:
        client.hear()
        client.say(pair.pair.thanks(len(FILE)))
        client.half_close()
        assert sentence(server) == "server: standard output: Broken pipe\n"


@each_chapter
@pytest.mark.parametrize("closed", (1, 2))
def test_a_client_without_an_output_does_not_say_its_words_to_the_server(
        pair, closed):
    """The connection would have that number, and take what is printed."""
    client, server = pair.answer(
        before=["sh", "-c", f'exec "$@" {closed}>&-', "sh"])
    assert server is None, "it connected"
    assert str(client.ends()) == "exit 1", client.stderr
    assert os.listdir(pair.files) == []
    assert client.stderr == ("client: standard output or error: "
                             "Bad file descriptor\n" if closed == 1 else "")


# --- other systems ---------------------------------------------------------

XSI = ("SIGXFSZ", "S_ISVTX", "libgen.h")  # as POSIX's pages mark them


@pytest.mark.parametrize("source", sorted(program.CHAPTERS.glob("*/*.c")),
                         ids=lambda p: f"{p.parent.name}/{p.name}")
def test_what_posix_has_as_an_extension_is_asked_for(source):
    """FreeBSD hides it otherwise, Linux does not; _GNU_SOURCE is Linux's."""
    text = source.read_text()
    if any(word in text for word in XSI):
        assert "\n#define _XOPEN_SOURCE 700" in text \
            or "\n#define _GNU_SOURCE" in text


# --- programs that watch programs ------------------------------------------

@each_chapter
@pytest.mark.parametrize("size", (0, 4096, 300_000))
def test_both_programs_are_clean_under_the_sanitizers(
        room, tmp_path, number, size):
    pair = PairMeeting(Pair.of(number), tmp_path, room, SANITIZERS)
    data = content(size)
    server = pair.serve(data)
    both_done(pair, server, pair.fetch(pair.port), data)


@each_chapter
def test_both_programs_are_clean_under_valgrind(pair):
    before = valgrind()
    data = content(4096)
    server = pair.serve(data, before=before)
    both_done(pair, server, pair.fetch(pair.port, before=before), data)


# --- faults at every call --------------------------------------------------

MEETS = {  # some of the calls that a sweep must have met
    "short": {"server": ("read", "write"), "client": ("read", "write")},
    "EINTR": {"server": ("accept", "read", "write", "close"),
              "client": ("connect", "read", "write", "close")},
    "ENOSPC": {"server": ("open",), "client": ("open", "write", "close")},
    "EIO": {"server": ("open", "fstat", "socket", "setsockopt", "bind",
                       "listen", "getsockname", "accept", "read", "write",
                       "shutdown", "close"),
            "client": ("socket", "connect", "open", "read", "write", "close")},
    "nothing": {"server": ("write",), "client": ("write",)},
}
MEETS["EAGAIN"] = MEETS["EIO"]


@pytest.mark.soak
@each_chapter
@each_side
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_at_any_call_is_survived_or_told(
        tmp_path, number, side, kind, soak):
    """Never a hang, a crash, or a success that isn't one."""
    size = {False: (100, 70_000), True: (1500, 1_000_000)}[soak]
    met = sweep(tmp_path, number, side, kind, content(size[number >= "07"]),
                SANITIZERS if soak else ())
    waits_in_poll = kind == "EINTR" and number not in ("01", "02", "03", "05")
    for call in ("poll", "close") if waits_in_poll else MEETS[kind][side]:
        assert call in met, met


@pytest.mark.chapter("07")
def test_the_file_is_on_the_disk_before_it_has_its_name(tmp_path):
    """And the name is before the thanks: a fault there takes them away."""
    met = sweep(tmp_path, "07", "client", "ENOSPC", FILE)
    assert met == ["open", "openat", "write", "fsync", "close", "renameat",
                   "fsync", "close"]


@pytest.mark.soak
@each_chapter
@seeds(2, 50)
def test_a_pair_whose_calls_are_cut_short_and_interrupted_does_its_work(
        pair, seed):
    data = content(3000 if not pair.pair.announces else 300_000)
    for kind, percent in (("short", 50), ("EINTR", 30)):
        fault = Fault(kind, percent=percent, seed=seed)
        pair.copy.unlink(missing_ok=True)
        server = pair.serve(data, fault=fault)
        client = pair.fetch(pair.port, fault=fault)
        both_done(pair, server, client, data)
