"""Chapter 06, and what stands on it: one deadline for a whole conversation.

Each program is met by a peer that never speaks, never reads, drips, or is cut
off. It must give up on time, and say what was still owed.
"""

from __future__ import annotations

import os
import random
import re
import select
import socket
import time
from contextlib import closing, contextmanager
from typing import Iterator, Optional

import pytest

from expectations import differs, said
import plain_sockets
from lab import kernel, program, scenario
from lab.meeting import peer
from lab.chapters import serving_one
from lab.meeting import EOF, Heard, Peer, Program
from lab.meeting.pair import AMPLE, Pair, PairMeeting
from parameters import chapters, each_side

NUMBERS = serving_one("06")
PATIENCE = 0.3  # seconds that a program is given where it must give up
LATE = 0.5  # seconds that it may take longer on a busy machine
FILE = b"To be sent.\n"
LARGE = random.Random(6).randbytes(3_000_000)
HUGE = random.Random(7).randbytes(1_000_000) * 16  # no kernel holds as much

each_chapter = chapters(*NUMBERS)


class Clock:
    """When a program's own clock can have begun: at `first`, or at `last`."""

    def __init__(self) -> None:
        self.first = self.last = time.monotonic()
        self._waited = kernel.waited(os.getpid())

    def started(self) -> None:
        """Say that by now it has begun."""
        self.last = time.monotonic()

    def gave_up(self, process: Program, patience: float = PATIENCE) -> str:
        """Check that a program gives up on time; return what it said.

        What we wait for a processor ourselves is not the program's lateness.
        """
        ended = process.poll(patience + 5)
        now = time.monotonic()
        late = LATE + kernel.waited(os.getpid()) - self._waited
        told = process.stderr
        what = f"{process.name}: {ended}, {now - self.first:.3f} to " \
               f"{now - self.last:.3f} s, patience {patience}, said {told!r}"
        assert str(ended) == "exit 1", what
        assert now - self.first >= patience, f"too early: {what}"
        assert now - self.last <= patience + late, f"too late: {what}"
        began = f"{process.name}: gave up after {patience:g} seconds: "
        assert told.startswith(began) and told.count("\n") == 1, what
        return told[len(began):-1]


def dialled(pair: PairMeeting, content: bytes, patience: float = PATIENCE
            ) -> tuple[Program, Peer, Clock]:
    """Start a server, and connect to it."""
    server = pair.serve(content, seconds=patience)
    clock = Clock()
    client = pair.dial_server()
    clock.started()
    return server, client, clock


def before_the_client(pair: PairMeeting) -> Clock:
    """Return a clock that does not count what it takes to build the client."""
    pair.pair.build("client")
    return Clock()


def answered(pair: PairMeeting, patience: float = PATIENCE
             ) -> tuple[Program, Peer, Clock]:
    """Start a client, and accept it."""
    clock = before_the_client(pair)
    client, server = pair.answer(seconds=patience)
    clock.started()
    assert server, client.stderr
    return client, server, clock


def taken(process: Program, made: Peer) -> bool:
    """Wait until a program has read what it was sent; False if it ended."""
    return bool(process.until(lambda: not made.under_way() and
                              kernel.unread(process.pid, *made.ports) == 0))


def drip(process: Program, made: Peer, byte: bytes,
         pause: float = 0.01) -> int:
    """Send a byte now and then until a program ends; return how many."""
    made.no_delay()
    for sent in range(1000):
        if process.poll(pause) is not None:
            return sent
        made.say(byte)
    raise AssertionError(f"{process.name} still ran after 1000 bytes")


def sip(made: Peer, size: int) -> bytes:
    """Read what there is, but no more than `size` bytes."""
    select.select([made.conn], [], [], peer.BOUND)
    return made.conn.recv(size)


# --- the argument ----------------------------------------------------------

def command(pair: PairMeeting, side: str, *words: object) -> list[object]:
    """Return a command line."""
    return [program.build(pair.pair.folder / f"{side}.c"), *words]


NO_SECONDS = ("abc", "-1", "nan", "NAN", "1e999", "inf", "-inf", "infinity",
              "0", "0.0", "-0", "", " ", "1s", " 1", "1 ", "1\n", "0x10",
              "1,5", "1.5.2", "1e", "+", "-", ".", "--1", "1e-999")


@each_chapter
@each_side
def test_seconds_that_are_no_finite_number_above_0_are_refused(pair, side):
    for word in NO_SECONDS:
        process = pair.start(command(pair, side, "127.0.0.1", 0,
                                          "/etc/passwd", word))
        assert str(process.ends()) == "exit 2", (word, process.stderr)
        assert process.stderr == \
            f"{side}: seconds '{word}': not a finite number above 0\n"
        assert process.stdout == ""


@each_chapter
def test_seconds_may_be_fractions_and_very_many(pair):
    for word in ("5", "5.5", "50e-1", ".5e1", "1e300"):
        pair.copy.unlink(missing_ok=True)
        server = pair.serve(FILE, seconds=word)
        client = pair.fetch(pair.port, seconds=word)
        for process in (client, server):
            assert str(process.ends()) == "exit 0", (word, process.stderr)
        assert pair.copy.read_bytes() == FILE


@each_chapter
def test_a_file_that_could_keep_the_server_waiting_is_refused(pair):
    """No poll helps against a FIFO that nobody opens at its other end."""
    os.mkfifo(pair.files / "fifo")
    process = pair.start(command(
        pair, "server", "127.0.0.1", 0, pair.files / "fifo", PATIENCE))
    assert str(process.ends()) == "exit 1"
    assert process.stderr == \
        f"server: open {pair.files}/fifo: not a regular file\n"


# --- the server gives up ---------------------------------------------------

THANKS_OWED = "the end of the thanks had not come"


@pytest.mark.timed
@each_chapter
def test_the_server_gives_up_on_a_client_that_never_speaks(pair):
    server, client, clock = dialled(pair, FILE)
    with closing(client):
        assert client.hear() == Heard(pair.pair.header(len(FILE)) + FILE, EOF)
        assert clock.gave_up(server) == THANKS_OWED
    assert said(server) == ""


@pytest.mark.timed
@each_chapter
def test_the_server_gives_up_on_thanks_that_never_end(pair):
    """All of the thanks have come, but for the FIN."""
    server, client, clock = dialled(pair, FILE)
    with closing(client):
        client.hear()
        client.say(pair.pair.thanks(len(FILE)))
        assert clock.gave_up(server) == THANKS_OWED
    assert said(server) == ""


@pytest.mark.timed
@each_chapter
def test_the_server_gives_up_on_a_client_that_drips(pair):
    server, client, clock = dialled(pair, FILE)
    with closing(client):
        client.hear()
        assert drip(server, client, b"T") > 1
        assert clock.gave_up(server) == THANKS_OWED
    assert said(server) == ""


def sent(told: str) -> int:
    """Return how many bytes of its file a server says that it has sent."""
    match = re.fullmatch(r"only (\d+) bytes of original sent", told)
    assert match, told
    return int(match[1])


@pytest.mark.timed
@each_chapter
def test_the_server_gives_up_on_a_client_that_never_reads(pair):
    server, client, clock = dialled(pair, HUGE)
    with closing(client):
        went = sent(clock.gave_up(server))
        came = client.hear().data[len(pair.pair.header(len(HUGE))):]
    assert len(came) <= went < len(HUGE)
    assert HUGE.startswith(came)
    assert said(server) == ""


@pytest.mark.timed
@each_chapter
def test_the_server_gives_up_on_a_client_that_reads_in_drips(pair):
    """Each drop lets the server go on for a moment, but never to the end."""
    server, client, clock = dialled(pair, HUGE)
    client.conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)
    with closing(client):
        came = 0
        while server.poll(0.01) is None:
            came += len(sip(client, 100_000))
        went = sent(clock.gave_up(server))
    assert came <= went + len(pair.pair.header(len(HUGE)))
    assert said(server) == ""


@pytest.mark.timed
@each_chapter
def test_the_servers_patience_is_for_all_of_it_not_for_each_part(pair):
    """First the client does not read for long, then it does not speak."""
    server, client, clock = dialled(pair, LARGE, 0.7)
    with closing(client):
        server.poll(0.6)
        client.hear()
        clock.gave_up(server, 0.7)


@pytest.mark.timed
@each_chapter
def test_the_server_waits_for_its_client_without_end(pair):
    """The clock starts when there is somebody to be patient with."""
    server = pair.serve(FILE, seconds=0.1)
    assert server.poll(0.4) is None
    clock = Clock()
    with closing(pair.dial_server()) as client:
        clock.started()
        client.hear()
        assert clock.gave_up(server, 0.1) == THANKS_OWED


# --- the client gives up ---------------------------------------------------

def owed(pair: PairMeeting, came: int, size: int) -> str:
    """Return what a client says that has seen no EOF."""
    return f"no EOF after {came} of {size} bytes" if pair.pair.announces \
        else f"no EOF after {came} bytes"


def nothing_kept(pair: PairMeeting, partial: Optional[bytes]) -> None:
    """Check what lies on the disk: until 07 a partial file stays."""
    if pair.pair.announces:
        assert os.listdir(pair.files) == []
    else:
        assert pair.copy.read_bytes() == partial


@pytest.mark.timed
@each_chapter
def test_the_client_gives_up_on_a_server_that_never_speaks(pair):
    client, server, clock = answered(pair)
    with closing(server):
        assert clock.gave_up(client) == (
            "the length had not come" if pair.pair.announces
            else owed(pair, 0, 0))
        assert server.hear().data == b""
    nothing_kept(pair, b"")


@pytest.mark.timed
@each_chapter
@pytest.mark.parametrize("came", (0, 6, 12))
def test_the_client_gives_up_on_a_file_that_does_not_end(pair, came):
    client, server, clock = answered(pair)
    with closing(server):
        server.say(pair.pair.header(len(FILE)) + FILE[:came])
        assert clock.gave_up(client) == owed(pair, came, len(FILE))
        assert server.hear().data == b""
    nothing_kept(pair, FILE[:came])


@contextmanager
def a_pipe_as_file(pair: PairMeeting) -> Iterator[int]:
    """Let the client store into a pipe, which can be read here."""
    os.mkfifo(pair.copy)
    pipe = os.open(pair.copy, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield pipe
    finally:
        os.close(pipe)


@pytest.mark.chapter("06")
@pytest.mark.parametrize("number", ("06",))
def test_the_client_waits_for_a_pipe_that_is_full(pair):
    data = LARGE[:200_000]
    with a_pipe_as_file(pair) as pipe:
        client, server, _ = answered(pair, AMPLE)
        with closing(server):
            server.say(data)
            server.half_close()
            assert client.until(
                lambda: not select.select([], [pipe], [], 0)[1])
            came = b""
            while len(came) < len(data) and \
                    select.select([pipe], [], [], peer.BOUND)[0]:
                came += os.read(pipe, len(data))
            assert not differs(came, data)
            assert str(client.ends()) == "exit 0"


@pytest.mark.timed
@pytest.mark.chapter("06")
@pytest.mark.parametrize("number", ("06",))
def test_the_client_gives_up_on_a_pipe_that_stays_full(pair):
    patience = 1.5  # we have to speak before it is over
    with a_pipe_as_file(pair):
        client, server, clock = answered(pair, patience)
        with closing(server):
            server.say(LARGE[:200_000])
            told = clock.gave_up(client, patience)
    came = re.fullmatch(r"no EOF after (\d+) bytes", told)
    assert came and 0 < int(came[1]) < 200_000


@pytest.mark.timed
@each_chapter
def test_the_client_gives_up_on_a_server_that_drips(pair):
    client, server, clock = answered(pair, 0.7)
    with closing(server):
        server.say(pair.pair.header(len(LARGE)))
        sent = drip(client, server, b"T")
        told = clock.gave_up(client, 0.7)
        came = int(re.search(r"no EOF after (\d+)", told)[1])
        assert 1 < came <= sent
        assert told == owed(pair, came, len(LARGE))
        assert server.hear().data == b""
    nothing_kept(pair, b"T" * came)


@pytest.mark.timed
@pytest.mark.chapter("07")
@pytest.mark.parametrize("number", ("07",))
def test_the_client_gives_up_on_a_length_that_drips(pair):
    client, server, clock = answered(pair, 0.8)
    with closing(server):
        assert drip(client, server, b"1", pause=0.05) > 1  # 16 digits or less
        assert clock.gave_up(client, 0.8) == "the length had not come"
    nothing_kept(pair, None)


@pytest.mark.timed
@each_chapter
def test_the_clients_patience_is_for_all_of_it_not_for_each_part(pair):
    client, server, clock = answered(pair, 0.7)
    with closing(server):
        client.poll(0.6)
        server.say(pair.pair.header(len(FILE)) + FILE)
        clock.gave_up(client, 0.7)


def crowded(pair: PairMeeting) -> tuple[socket.socket, socket.socket]:
    """Return a listener whose queue is full, and who fills it.

    Linux drops a SYN that comes then, without a word (listen(2)).
    """
    listener, first = pair.room.socket(), pair.room.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    first.connect(listener.getsockname())
    return listener, first


def dialling(process: Program) -> bool:
    """Wait until a program waits for an answer to its SYN."""
    return bool(process.until(lambda: any(
        c.state == "SYN_SENT" for c in kernel.connections(process.pid))))


@pytest.mark.timed
@each_chapter
def test_the_client_gives_up_on_a_connect_that_gets_no_answer(pair):
    listener, first = crowded(pair)
    with listener, first:
        port = listener.getsockname()[1]
        clock = before_the_client(pair)
        client = pair.fetch(port, seconds=PATIENCE)
        assert dialling(client), client.stderr
        clock.started()
        assert clock.gave_up(client) == f"no answer from 127.0.0.1 {port}"
    assert os.listdir(pair.files) == []


# --- a limit on each read, which is none -----------------------------------

@pytest.mark.timed
@pytest.mark.namespaces
@pytest.mark.chapter("06")
@pytest.mark.parametrize("slug, verdict", (("silent", "ok"),
                                           ("dripping", "hangs")))
def test_a_limit_on_each_read_ends_silence_and_not_dripping(slug, verdict):
    pair = Pair("receive-timeout", "06",
                program.chapter("06") / "receive-timeout")
    acts = scenario.play(scenario.scenario(slug), pair)
    assert [act.verdict for act in acts] == [verdict, verdict]
    for act in acts:
        part = act.outcome.client if act.outcome.server.bench else \
            act.outcome.server
        if verdict == "ok":
            assert part.stderr.endswith(
                "gave up: no byte for 0.8 seconds\n")


# --- the slow are served ---------------------------------------------------

@pytest.mark.timed
@each_chapter
def test_a_client_that_is_slow_but_in_time_is_served(pair):
    server, client, _ = dialled(pair, LARGE, AMPLE)
    thanks = pair.pair.thanks(len(LARGE))
    with closing(client):
        heard = b""
        assert server.poll(0.1) is None
        while len(heard) < 100_000:
            assert server.poll(0.01) is None, server.stderr
            heard += sip(client, 10_000)
        rest = client.hear()
        assert rest.end == EOF
        assert not differs(heard + rest.data,
                           pair.pair.header(len(LARGE)) + LARGE)
        client.no_delay()
        for byte in thanks:
            assert server.poll(0.02) is None, server.stderr
            client.say(bytes([byte]))
        assert server.poll(0.1) is None, server.stderr
        client.half_close()
        assert str(server.ends()) == "exit 0", server.stderr
    assert said(server) == f"Message from client: {thanks.decode().rstrip()}\n"


@pytest.mark.timed
@each_chapter
def test_a_server_that_is_slow_but_in_time_is_thanked(pair):
    client, server, _ = answered(pair, AMPLE)
    with closing(server):
        server.no_delay()
        assert client.poll(0.1) is None
        for byte in pair.pair.header(len(FILE)) + FILE:
            assert client.poll(0.02) is None, client.stderr
            server.say(bytes([byte]))
        assert client.poll(0.1) is None, client.stderr
        server.half_close()
        assert server.hear() == Heard(pair.pair.thanks(len(FILE)), EOF)
        assert str(client.ends()) == "exit 0", client.stderr
    assert pair.copy.read_bytes() == FILE


@each_chapter
def test_a_server_that_never_reads_the_thanks_cannot_hold_the_client(pair):
    """They are with its kernel: all that a client can know."""
    client, server, _ = answered(pair, AMPLE)
    with closing(server):
        server.say(pair.pair.header(len(FILE)) + FILE)
        server.half_close()
        assert str(client.ends()) == "exit 0", client.stderr
    assert pair.copy.read_bytes() == FILE


@pytest.mark.soak(only=True)
@each_chapter
def test_a_connect_that_is_answered_late_is_served(pair):
    """By the SYN that is sent again after a second (RFC 6298)."""
    listener, first = crowded(pair)
    with listener, first:
        client = pair.fetch(listener.getsockname()[1], seconds=AMPLE)
        assert dialling(client), client.stderr
        listener.settimeout(peer.BOUND)
        listener.accept()[0].close()
        with listener.accept()[0] as conn:
            conn.sendall(pair.pair.header(len(FILE)) + FILE)
            conn.shutdown(socket.SHUT_WR)
            assert plain_sockets.hear(conn).data == pair.pair.thanks(len(FILE))
    assert str(client.ends()) == "exit 0", client.stderr


@pytest.mark.soak(only=True)
@each_chapter
def test_the_patience_is_ten_seconds_where_none_is_given(pair):
    pair.original.write_bytes(FILE)
    server = pair.start(command(pair, "server", "127.0.0.1", 0,
                                     pair.original))
    pair.port = server.listens()
    clock = Clock()
    with closing(pair.dial_server()):
        clock.started()
        assert clock.gave_up(server, 10) == THANKS_OWED
    listener, first = crowded(pair)
    with listener, first:
        clock = Clock()
        client = pair.start(command(pair, "client", "127.0.0.1",
                                         listener.getsockname()[1], "copy"))
        assert dialling(client), client.stderr
        clock.started()
        clock.gave_up(client, 10)


# --- the power fails -------------------------------------------------------

@pytest.mark.namespaces
@pytest.mark.timed
@each_chapter
@pytest.mark.parametrize("content", (FILE, HUGE), ids=("before the thanks",
                                                        "in the file"))
def test_the_server_gives_up_when_the_power_fails(pair, content):
    server, client, clock = dialled(pair, content)
    with closing(client):
        if content == FILE:
            assert client.hear().end == EOF
        else:
            assert server.until(lambda: kernel.unread(
                server.pid, *reversed(client.ports)))
        pair.room.link(up=False)
        client.conn.send(pair.pair.thanks(len(content)))  # it goes nowhere
        told = clock.gave_up(server)
        assert told == THANKS_OWED if content == FILE \
            else sent(told) < len(HUGE)
    assert said(server) == ""


@pytest.mark.namespaces
@pytest.mark.timed
@each_chapter
@pytest.mark.parametrize("came", (None, 0, 6))
def test_the_client_gives_up_when_the_power_fails(pair, came):
    client, server, clock = answered(pair)
    with closing(server):
        if came is not None:
            server.say(pair.pair.header(len(FILE)) + FILE[:came])
        assert taken(client, server), client.stderr
        pair.room.link(up=False)
        server.conn.send(FILE[came or 0:])  # it goes nowhere
        assert clock.gave_up(client) == (
            "the length had not come" if came is None and pair.pair.announces
            else owed(pair, came or 0, len(FILE)))
    nothing_kept(pair, FILE[:came or 0])


@pytest.mark.namespaces
@pytest.mark.timed
@each_chapter
def test_the_client_gives_up_where_the_power_is_off(pair):
    pair.room.link(up=False)
    clock = before_the_client(pair)
    client = pair.fetch(9, seconds=PATIENCE)
    assert dialling(client), client.stderr
    clock.started()
    assert clock.gave_up(client) == "no answer from 127.0.0.1 9"
    assert os.listdir(pair.files) == []
