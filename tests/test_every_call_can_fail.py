"""Chapter 05, and what stands on it: short counts, signals, peers that vanish.

Each program is met by a peer in the test's own hands, which sees what came and
how it ended; then by faults, at every call that it makes.
"""

from __future__ import annotations

import errno
import os
import re
import select
import socket
from contextlib import closing, suppress
from pathlib import Path
from typing import Iterator

import pytest

from expectations import differs, said, sentence
import plain_sockets
from lab import kernel, program
from lab.meeting import peer
from lab.calls import CallLog, Fault
from lab.chapters import serving_one
from lab.meeting import EOF, NOTHING, RESET, Heard, Program
from lab.meeting.behaviours import drip
from lab.meeting.pair import Pair, PairMeeting
from lab.sandbox import Sandbox
from test_chapters import SANITIZERS, content, each_size, valgrind
from test_command_lines import each_full

NUMBERS = serving_one("05")
FILE = b"To be sent.\n"


def chapters(*numbers: str):
    """Parametrize by chapter, and let --chapter choose."""
    return pytest.mark.parametrize("number", [
        pytest.param(n, marks=pytest.mark.chapter(n)) for n in numbers])


def seeds(short: int, long: int):
    """Parametrize by seed; more of them under --soak."""
    return pytest.mark.parametrize("seed", [
        pytest.param(n, marks=[] if n < short else
                     pytest.mark.soak(only=True)) for n in range(long)])


each_chapter = chapters(*NUMBERS)
each_side = pytest.mark.parametrize("side", ("server", "client"))


def message(thanks: bytes) -> str:
    """Return what a server prints that has heard the thanks."""
    return f"Message from client: {thanks.decode().rstrip()}\n"


def both_done(pair: PairMeeting, server: Program, client: Program,
              data: bytes) -> None:
    """Check that a pair has done all it should."""
    for process in (client, server):
        ended = process.ends()
        assert str(ended) == "exit 0", f"{process.name}: {process.stderr!r}"
        assert process.stderr == ""
    assert client.stdout == "Received file data\n"
    assert said(server) == message(pair.pair.thanks(len(data)))
    assert not differs(pair.copy.read_bytes(), data)
    assert not pair.left_over()


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


# --- names and addresses ---------------------------------------------------

@each_chapter
@pytest.mark.parametrize("host", ("::1", "localhost"))
def test_the_pair_meets_by_ipv6_and_by_name(pair, host):
    server = pair.serve(FILE, host=host)
    line = server.until(lambda: server.stdout)
    assert line == f"listening on {host} {pair.port}\n"
    both_done(pair, server, pair.fetch(pair.port, host=host), FILE)


@each_chapter
def test_a_server_on_one_address_listens_on_that_alone(pair):
    server = pair.serve(FILE, host="::1")
    with pair.room.socket() as someone:
        with pytest.raises(ConnectionRefusedError):
            someone.connect(("127.0.0.1", pair.port))
    with pair.room.socket(socket.AF_INET6) as client:
        client.settimeout(peer.BOUND)
        client.connect(("::1", pair.port))
        assert plain_sockets.hear(client).end == EOF
        client.sendall(pair.pair.thanks(len(FILE)))
    assert str(server.ends()) == "exit 0", server.stderr


TWO = "::1 two.example\n127.0.0.1 two.example\n"
WITH_HOSTS = ["unshare", "-Urm", "sh", "-c",
              'mount --bind hosts /etc/hosts && exec "$@"', "sh"]


@pytest.mark.namespaces
@each_chapter
def test_every_address_of_a_name_is_tried(pair):
    (pair.files / "hosts").write_text(TWO)
    for host in ("127.0.0.1", "::1"):
        pair.copy.unlink(missing_ok=True)
        server = pair.serve(FILE, host=host)
        client = pair.fetch(pair.port, host="two.example", before=WITH_HOSTS)
        both_done(pair, server, client, FILE)


@pytest.mark.namespaces
@each_chapter
def test_a_server_does_not_settle_beside_another_one(pair):
    """Its clients would be given the other one's file."""
    (pair.files / "hosts").write_text(TWO)
    with pair.room.socket(socket.AF_INET6) as taken:
        taken.bind(("::1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with suppress(kernel.DidNotListen):
            pair.serve(FILE, host="two.example", port=port,
                        before=WITH_HOSTS)
        assert sentence(pair.programs[-1]) == \
            f"server: bind two.example {port}: Address already in use\n"


@pytest.mark.namespaces
@each_chapter
@pytest.mark.parametrize("fault", (
    Fault("EADDRNOTAVAIL", at=1, calls=("bind",)),
    Fault("EAFNOSUPPORT", at=1, calls=("socket",))), ids=lambda f: f.kind)
def test_a_server_goes_on_where_its_machine_has_no_such_address(pair, fault):
    (pair.files / "hosts").write_text(TWO)
    shell = WITH_HOSTS[:-2] + [
        'mount --bind hosts /etc/hosts && LD_PRELOAD=$PRELOAD exec "$@"', "sh"]
    log = CallLog(fault)
    env = {**log.env, "PRELOAD": log.env["LD_PRELOAD"]}
    del env["LD_PRELOAD"]  # not into the shell
    server = pair.room.start(
        [*shell, *words(pair, "server", "two.example",
                        file=program.__file__)], cwd=pair.files, env=env)
    port = kernel.listening(server)
    assert log.struck() == list(fault.calls)
    with plain_sockets.dial(pair.room, port):  # at 127.0.0.1, the second
        pass


@each_chapter
@pytest.mark.parametrize("why", ("EPROTO", "EHOSTUNREACH"))
def test_a_client_that_was_lost_before_it_was_accepted_is_passed_over(
        pair, why):
    server = pair.serve(FILE, fault=Fault(why, at=1, calls=("accept",)))
    both_done(pair, server, pair.fetch(pair.port), FILE)
    assert server.log.struck() == ["accept"]


@each_chapter
def test_a_second_client_is_refused_at_once(pair):
    pair.serve(FILE)
    with closing(pair.dial_server()) as first:
        assert first.hear().end == EOF
        with pytest.raises(ConnectionRefusedError):
            pair.dial_server()


@pytest.mark.namespaces
@each_chapter
def test_when_no_address_of_a_name_answers_the_last_error_is_told(pair):
    (pair.files / "hosts").write_text(TWO)
    with pair.room.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        client = pair.fetch(port, host="two.example", before=WITH_HOSTS)
        assert sentence(client) == \
            f"client: connect two.example {port}: Connection refused\n"
    assert not pair.copy.exists()


def time_wait(room: Sandbox, port: int) -> bool:
    """Whether the server's end of a connection is in TIME_WAIT."""
    table = room.start(["cat", "/proc/net/tcp"])
    table.wait()
    return any(row.split()[3] == "06" and row.split()[1].endswith(
        f":{port:04X}") for row in table.stdout.decode().splitlines()[1:])


@each_chapter
def test_the_server_can_start_again_at_once_on_the_same_port(pair):
    both_done(pair, pair.serve(FILE), pair.fetch(pair.port), FILE)
    assert time_wait(pair.room, pair.port)
    with pair.room.socket() as plain:
        with pytest.raises(OSError) as caught:
            plain.bind(("127.0.0.1", pair.port))
        assert caught.value.errno == errno.EADDRINUSE
    port = pair.port
    pair.copy.unlink()
    server = pair.serve(FILE, port=port)
    assert pair.port == port
    both_done(pair, server, pair.fetch(port), FILE)


# --- the command line ------------------------------------------------------

def words(pair: PairMeeting, side: str, host: object = "127.0.0.1",
          port: object = 0, file: object = "/dev/null") -> list[object]:
    """Return a command line that would do, with some words changed."""
    return [program.build(pair.pair.folder / f"{side}.c"), host, port, file]


@each_chapter
@each_side
def test_a_wrong_command_line_is_a_sentence_and_2(pair, side):
    argv = words(pair, side)
    usage = f"usage: {side} HOST PORT FILE" + (
        " [SECONDS]\n" if pair.pair.patient else "\n")
    for count in (1, 2, 3, 6):
        process = pair.start([*argv, 5, "more"][:count])
        assert str(process.ends()) == "exit 2"
        assert process.stderr == usage
    for port in ("http5", "65536", "-1", "", "50 00", "9" * 20, "+80", "0x50",
                 "80 ", " 80", "1e3"):
        process = pair.start(words(pair, side, port=port))
        assert sentence(process, 2) == \
            f"{side}: port '{port}': not a number from 0 to 65535\n"
        assert process.stdout == ""


@each_chapter
@each_side
def test_a_host_without_an_address_is_trouble(pair, side):
    for host in ("127.0.0.1.1", "256.0.0.1", "", "::1::", "[::1]"):
        process = pair.start(words(pair, side, host=host))
        assert sentence(process).startswith(f"{side}: host '{host}': ")
        assert process.stdout == ""


@each_chapter
def test_trouble_with_a_servers_file_or_address_is_told(pair):
    for file, why in ((pair.files / "no", "No such file or directory"),
                      (pair.files, "Is a directory")):
        process = pair.start(words(pair, "server", file=file))
        assert sentence(process) == f"server: open {file}: {why}\n"
    pair.original.write_bytes(FILE)
    with pair.room.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = pair.start(words(pair, "server", port=port,
                                        file=pair.original))
        assert sentence(process) == \
            f"server: bind 127.0.0.1 {port}: Address already in use\n"
    process = pair.start(words(pair, "server", host="192.0.2.1",
                                    file=pair.original))
    assert sentence(process) == \
        "server: bind 192.0.2.1 0: Cannot assign requested address\n"


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
    pair = PairMeeting(Pair.of(number), tmp_path, room,
                          SANITIZERS)
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

HARMLESS = ("short", "EINTR")
KINDS = (*HARMLESS, "ENOSPC", "EIO", "EAGAIN", "nothing")
RUNS = 40  # in one sandbox: each leaves descriptors until it closes


def ends(pair: PairMeeting, process: Program, fault: Fault) -> None:
    """Check that a program ends by itself, while its peer holds on."""
    pair.settle([process])
    assert process.exit, f"{process.name} of {pair.pair.name}, {fault} " \
        f"(struck {process.log.struck()}): hangs ({process.hang}), " \
        f"said {process.stderr!r}"


def heard_by(pair: PairMeeting, server: Program, fault: Fault
             ) -> tuple[Heard, bool]:
    """Be a polite client; return what came, and whether all thanks went."""
    try:
        client = pair.dial_server()
    except ConnectionError:
        return Heard(b"", RESET), False
    with closing(client):
        heard = client.hear()
        thanks = pair.pair.thanks(len(pair.original.read_bytes()))
        thanked = heard.end == EOF and client.say(thanks) == len(thanks)
        if heard.end == EOF:  # it speaks and hangs up no sooner
            client.half_close()
        ends(pair, server, fault)
        return heard, thanked


def judge(pair: PairMeeting, process: Program, fault: Fault, seen: object,
          succeeded: bool) -> None:
    """Check how a program ended that had a call fail."""
    ends(pair, process, fault)
    what = f"{process.name} of {pair.pair.name}, {fault} (struck " \
           f"{process.log.struck()}): {process.exit}, " \
           f"stdout {process.stdout!r}, stderr {process.stderr!r}, {seen}"
    struck = process.log.struck()
    harm = struck and fault.kind not in HARMLESS
    if fault.kind == "EAGAIN" and pair.pair.patient and \
            struck[:1] in (["read"], ["write"]):  # a socket's is made again
        harm = process.exit.status != 0
    assert "gave up" not in process.stderr, what
    assert process.exit.status == (1 if harm else 0), what
    if process.exit.status == 0:
        assert succeeded and process.stderr == "", what
    else:
        told = rf"{process.name}: [^\n:]+: [^\n]+\n"
        assert re.fullmatch(told, process.stderr), what


def strike_server(pair: PairMeeting, fault: Fault, data: bytes) -> None:
    """Have a call of the server fail, be its client, and judge."""
    heard, thanked = Heard(b"", NOTHING), False
    try:
        server = pair.serve(data, fault=fault)
    except kernel.DidNotListen:
        server = pair.programs[-1]
    else:
        heard, thanked = heard_by(pair, server, fault)
    whole = pair.pair.header(len(data)) + data
    wrong = differs(heard.data, whole)
    expected = message(pair.pair.thanks(len(data)))
    judge(pair, server, fault, f"the client: {heard.end}, {wrong or 'whole'}",
          not wrong and thanked and said(server) == expected)
    if wrong:
        assert whole.startswith(heard.data), wrong


def strike_client(pair: PairMeeting, fault: Fault, data: bytes) -> None:
    """Have a call of the client fail, be its server, and judge."""
    old = b"the old one" if pair.pair.announces else None
    if old is None:
        pair.copy.unlink(missing_ok=True)
    else:
        pair.copy.write_bytes(old)
    client, server = pair.answer(fault=fault)
    heard = Heard(b"", NOTHING)
    if server:
        with closing(server):
            server.say(pair.pair.header(len(data)) + data)
            server.half_close()
            heard = server.hear()
            ends(pair, client, fault)
    stored = pair.copy.read_bytes() if pair.copy.exists() else None
    seen = f"the server heard {heard}, FILE is " + (
        "whole" if stored == data else "as it was" if stored == old else
        differs(stored or b"", data))
    judge(pair, client, fault, seen, stored == data and
          heard == Heard(pair.pair.thanks(len(data)), EOF) and
          client.stdout == "Received file data\n")
    if heard.data:
        assert stored == data, f"{fault}: half a file was thanked for: {seen}"
    if pair.pair.announces:
        assert stored in (old, data) and not pair.left_over(), \
            f"{fault}: {seen}, beside it lies {pair.left_over()}"


def rooms() -> Iterator[Sandbox]:
    """Give sandboxes, each for RUNS runs."""
    while True:
        with Sandbox() as room:
            for _ in range(RUNS):
                yield room


def sweep(folder: Path, number: str, side: str, kind: str, data: bytes,
          flags: tuple[str, ...] = ()) -> list[str]:
    """Have call 1 fail, then call 2, and so on to the last; judge each run.

    Returns the names of the calls, in the order in which they were struck.
    """
    struck: list[str] = []
    strike = strike_server if side == "server" else strike_client
    with closing(rooms()) as given:
        for at, room in enumerate(given, 1):
            with PairMeeting(Pair.of(number), folder, room, flags) as pair:
                strike(pair, Fault(kind, at=at), data)
                now = pair.programs[-1].log.struck()
            if not now:
                return struck
            struck += now
    raise AssertionError("there is always another room")


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
