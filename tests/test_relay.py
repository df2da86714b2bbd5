"""Chapter 13: each direction ends on its own, and a reset is passed on.

We are the client and the server; the relay stands between.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import random
import re
import select
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import Callable, Iterator, Optional, Sequence

import pytest

from lab import chapters, kernel, program
from lab.calls import Fault
from lab.chapters import Way
from lab.meeting import EOF, HOST, NOTHING, RESET, Heard, Meeting, Peer, \
    Program
from lab.meeting.pair import Pair, PairMeeting
from expectations import differs, has_epoll
from checkers import SANITIZERS, valgrind
from parameters import content

pytestmark = [pytest.mark.chapter("13"), pytest.mark.namespaces]

CHUNK = 65536  # bytes that wait in the relay, one way
LARGE = content(8_000_000)
FLAGS = {"plain": (), "sanitized": SANITIZERS}
EDITIONS = [pytest.param(n, marks=pytest.mark.chapter(n))
            for n in chapters.editions("relay.c", "13")]


@pytest.fixture(params=EDITIONS)
def number(request) -> str:
    """The chapter whose relay is tried."""
    return request.param


@pytest.fixture
def relay(number) -> Callable[..., Program]:
    """Start a chapter's relay: `relay(meeting, ...)`, as in `start_relay`."""
    return functools.partial(start_relay, number)


def start_relay(number: str, meeting: Meeting, seconds: float = 60.0,
                target: Optional[int] = None, flags: tuple[str, ...] = (),
                before: Sequence[object] = (), fault: Optional[Fault] = None,
                host: str = HOST, to: str = HOST) -> Program:
    """Start a chapter's relay before a port: ours, if no target is named."""
    built = program.build(program.chapter(number) / "relay.c", flags)
    started = meeting.start(
        [*before, built, host, 0, to,
         meeting.listen() if target is None else target, seconds],
        name="relay", fault=fault,
        env={"ASAN_OPTIONS": "verify_asan_link_order=0"})
    assert started.listens(), started.stderr
    return started


def linked(meeting: Meeting, started: Program) -> tuple[Peer, Peer]:
    """Return a client's end and a server's end, with the relay between."""
    port = started.port()
    assert port
    client = meeting.dial(port)
    server = meeting.accept(started)
    assert server, started.stderr
    return client, server


def reset_at_once(meeting: Meeting, started: Program) -> bool:
    """Dial the relay; whether a RST is all that comes."""
    port = started.port()
    assert port
    return meeting.dial(port).hear() == Heard(b"", RESET)


def stopped(started: Program) -> str:
    """Tell the relay to stop; return what it said on standard error."""
    started.signal(signal.SIGTERM)
    assert str(started.ends()) == "exit 0", started.stderr
    return started.stderr


each_build = pytest.mark.parametrize("flags", FLAGS.values(), ids=FLAGS)
either_way = pytest.mark.parametrize("way", (0, 1), ids=("asked", "answered"))


# --- EOF ---------------------------------------------------------------------

@each_build
@either_way
def test_a_fin_is_passed_on_and_the_answer_comes_back(meet, relay, way, flags):
    """However late: the relay has come to rest before it is given."""
    meeting = meet()
    started = relay(meeting, flags=flags)
    first, second = linked(meeting, started)[::-1 if way else 1]
    first.say(b"question")
    first.half_close()
    assert second.hear() == Heard(b"question", EOF)
    meeting.rest()
    second.say(b"answer")
    second.half_close()
    assert first.hear() == Heard(b"answer", EOF)
    assert stopped(started) == ""


@pytest.mark.timed
@either_way
def test_an_answer_can_come_a_second_after_the_fin(meet, relay, way):
    meeting = meet()
    started = relay(meeting)
    first, second = linked(meeting, started)[::-1 if way else 1]
    first.half_close()
    assert second.hear() == Heard(b"", EOF)
    started.poll(1.1)
    second.say(b"answer")
    second.half_close()
    assert first.hear() == Heard(b"answer", EOF)
    assert stopped(started) == ""


def test_the_fin_comes_after_all_that_was_said_before_it(meet, relay):
    meeting = meet(recorded=False)
    started = relay(meeting)
    client, server = linked(meeting, started)
    server.say(LARGE[:300_000])
    server.half_close()
    meeting.rest()  # what the relay can hold is full by now
    heard = client.hear()
    assert not differs(heard.data, LARGE[:300_000]) and heard.end == EOF
    client.half_close()
    assert server.hear() == Heard(b"", EOF)
    assert stopped(started) == ""


# --- RST ---------------------------------------------------------------------

@each_build
@either_way
@pytest.mark.parametrize("when", ("at once", "in the middle", "after a FIN"))
def test_a_reset_is_passed_on_as_a_reset(meet, relay, way, when, flags):
    meeting = meet()
    started = relay(meeting, flags=flags)
    first, second = linked(meeting, started)[::-1 if way else 1]
    if when != "at once":
        first.say(b"half")
        assert second.hear(4).data == b"half"
    if when == "after a FIN":
        first.half_close()
        assert second.hear().end == EOF
    first.reset()
    assert meeting.until(second.was_reset), started.stderr
    said = stopped(started)
    assert re.fullmatch(r"relay: 127\.0\.0\.1 \d+: [^\n]+\n", said), said


def test_a_reset_is_passed_on_where_nobody_reads(meet, relay):
    """The relay is full and does not read from the one that resets."""
    meeting = meet(recorded=False)
    started = relay(meeting)
    client, server = linked(meeting, started)
    sent = fill(server)
    meeting.rest()
    fill(server, sent)
    meeting.rest()
    server.reset()
    assert meeting.until(client.was_reset), started.stderr
    assert "reset by peer" in stopped(started)


def test_a_write_that_takes_nothing_breaks_the_link(meet, relay):
    meeting = meet()
    started = relay(meeting, fault=Fault("nothing", at=1,
                                         calls=("write", "splice")))
    client, server = linked(meeting, started)
    client.say(b"half")
    assert meeting.until(server.was_reset), started.stderr
    assert stopped(started).endswith(": Input/output error\n")


def test_a_target_that_cannot_be_reached_is_a_reset(meet, relay):
    meeting = meet()
    with meeting.room.socket() as nobody:
        nobody.bind((HOST, 0))
        started = relay(meeting, target=nobody.getsockname()[1])
        assert reset_at_once(meeting, started)
    assert "connect to target: Connection refused" in stopped(started)


# --- slow readers ----------------------------------------------------------

def much(size: int) -> bytes:
    """Return LARGE again and again, as long as that."""
    return (LARGE * (size // len(LARGE) + 1))[:size]


def fill(peer: Peer, sent: int = 0) -> int:
    """Say as much as goes while nobody reads; return how much was said.

    That is the beginning of much(), of which `sent` bytes had been said.
    """
    while True:
        place = sent % len(LARGE)
        try:
            sent += peer.conn.send(LARGE[place:place + CHUNK])
        except BlockingIOError:
            return sent


def processor_time(started: Program) -> float:
    """Return how long the relay has had the processor, in seconds."""
    fields = Path(f"/proc/{started.pid}/stat").read_text().rsplit(")", 1)[1]
    return sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")


def memory(started: Program) -> int:
    """Return what the relay has in memory, in bytes."""
    pages = Path(f"/proc/{started.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGESIZE")


def test_a_reader_that_stops_stops_the_writer_and_costs_nothing(meet, relay):
    meeting = meet(recorded=False)
    started = relay(meeting)
    client, server = linked(meeting, started)
    before = memory(started)
    sent = fill(server)
    meeting.rest()
    sent = fill(server, sent)
    used, began = processor_time(started), time.monotonic()
    started.poll(0.5)
    passed = time.monotonic() - began
    assert processor_time(started) - used < 0.05 * passed + 0.02
    assert memory(started) - before < 4 * CHUNK
    assert not differs(client.hear(sent).data, much(sent))
    assert client.hear(0).end == NOTHING
    client.half_close()
    assert server.hear().end == EOF
    server.half_close()
    assert client.hear() == Heard(b"", EOF)
    assert stopped(started) == ""


def test_an_end_that_has_hung_up_costs_nothing_while_its_last_bytes_wait(
        meet, relay):
    """Both FINs have passed there: it is at POLLHUP, which nothing masks."""
    meeting = meet(recorded=False)
    started = relay(meeting)
    client = meeting.dial(started.port(), narrow=True)
    server = meeting.accept(started)
    sent = 0
    client.half_close()
    assert server.hear() == Heard(b"", EOF)
    while (meeting.unread(server) or 0) < CHUNK // 4:  # it holds all it can
        assert sent < len(LARGE), "it never holds anything"
        sent += server.say(LARGE[sent:sent + CHUNK // 8])
        assert server.arrived()  # so there is always room for the FIN
        meeting.rest()
    full = descriptors(started)
    server.half_close()
    assert server.arrived()
    used, began = processor_time(started), time.monotonic()
    started.poll(0.5)
    passed = time.monotonic() - began
    assert processor_time(started) - used < 0.05 * passed + 0.02
    assert descriptors(started) == full  # else nothing has waited there
    client.widen()
    heard = client.hear()
    assert not differs(heard.data, LARGE[:sent]) and heard.end == EOF
    assert stopped(started) == ""


def test_both_directions_are_full_and_nothing_is_lost(meet, relay):
    meeting = meet(recorded=False)
    started = relay(meeting)
    client, server = linked(meeting, started)
    to_server, to_client = fill(client), fill(server)
    meeting.rest()
    client.half_close()
    server.half_close()
    for end, said in ((server, to_server), (client, to_client)):
        heard = end.hear()
        assert not differs(heard.data, much(said)) and heard.end == EOF
    assert stopped(started) == ""


def exchanged(peers: Sequence[Peer], size: int) -> list[str]:
    """Have both say `size` bytes at once, and half-close; digest what came.

    Both read while they write, so neither holds up the other. One may have
    heard all, and the FIN, while it still speaks.
    """
    sent, digests = [0, 0], [hashlib.sha256() for _ in peers]
    wanted = [select.POLLIN | select.POLLOUT for _ in peers]
    while any(wanted):
        waiting = select.poll()
        by_fd = {peer.conn.fileno(): number
                 for number, peer in enumerate(peers) if wanted[number]}
        for fd, number in by_fd.items():
            waiting.register(fd, wanted[number])
        found = waiting.poll(60_000)
        assert found, "nothing has moved for a minute"
        for fd, event in found:
            number = by_fd[fd]
            conn, place = peers[number].conn, sent[number] % len(LARGE)
            if event & wanted[number] & select.POLLOUT:
                sent[number] += conn.send(
                    LARGE[place:place + min(size - sent[number], 1 << 20)])
                if sent[number] == size:
                    peers[number].half_close()
                    wanted[number] &= ~select.POLLOUT
            if event & ~select.POLLOUT and wanted[number] & select.POLLIN:
                came = conn.recv(1 << 20)
                digests[number].update(came)
                if not came:
                    wanted[number] &= ~select.POLLIN
    return [digest.hexdigest() for digest in digests]


def test_a_hundred_megabytes_each_way_at_once(meet, relay):
    meeting = meet(recorded=False)
    started = relay(meeting)
    peers, size = linked(meeting, started), 100_000_000
    whole = hashlib.sha256(much(size)).hexdigest()
    assert exchanged(peers, size) == [whole, whole]
    assert stopped(started) == ""


# --- many --------------------------------------------------------------------

def descriptors(started: Program) -> int:
    """Return how many descriptors the relay has."""
    return len(os.listdir(f"/proc/{started.pid}/fd"))


def descriptors_kept(meeting: Meeting, started: Program) -> int:
    """Return how many it has once a link has come and gone, as an idle one."""
    client, server = linked(meeting, started)
    client.say(b"x")
    assert server.hear(1).data == b"x"
    client.reset()
    assert meeting.until(server.was_reset)  # both ends are closed, then
    return descriptors(started)


def test_two_hundred_at_once_and_no_descriptor_is_kept(meet, relay):
    meeting = meet(recorded=False)
    started = relay(meeting)
    idle = descriptors_kept(meeting, started)
    links = [linked(meeting, started) for _ in range(200)]
    assert descriptors(started) == idle + 400
    for number, (client, server) in enumerate(links):
        client.say(b"%d" % number)
        client.half_close()
    for number, (client, server) in enumerate(links):
        assert server.hear() == Heard(b"%d" % number, EOF)
        server.close()
        assert client.hear() == Heard(b"", EOF)
        client.close()
    assert meeting.until(lambda: descriptors(started) == idle)
    stopped(started)


@each_build
def test_a_thousand_come_and_go_and_no_descriptor_is_kept(meet, relay, flags):
    """Each in another way: politely, in a RST from either end, unheard."""
    meeting = meet(recorded=False)
    started = relay(meeting, flags=flags)
    idle = descriptors_kept(meeting, started)
    for number in range(1000):
        client, server = linked(meeting, started)
        ends = [client, server][::-1 if number & 1 else 1]
        if number % 3 == 0:
            ends[0].reset()
            assert meeting.until(ends[1].was_reset)
        elif number % 3 == 1:
            ends[0].say(b"unheard")
        for end in ends:
            end.close()
    assert meeting.until(lambda: descriptors(started) == idle)
    client, server = linked(meeting, started)
    client.half_close()
    assert server.hear() == Heard(b"", EOF)
    client.reset()
    stopped(started)


LIMIT = 16  # descriptors; with what the relay has, that is room for five links
LIMITED = ("/bin/sh", "-c", 'ulimit -n $0; exec "$@"')


@pytest.mark.parametrize("most", (LIMIT, LIMIT + 1))
def test_nobody_is_lost_when_descriptors_run_out(meet, relay, most):
    """Nor if there is one left: a link takes two of them."""
    meeting = meet(recorded=False)
    started = relay(meeting, before=(*LIMITED, most))
    clients = [meeting.dial(started.port()) for _ in range(LIMIT)]
    assert meeting.until(lambda: "Too many open files" in started.stderr)
    used = processor_time(started)
    started.poll(0.3)
    assert processor_time(started) - used < 0.05
    for number, client in enumerate(clients):
        client.say(b"%d" % number)
        client.half_close()
        server = meeting.accept(started)
        assert server.hear() == Heard(b"%d" % number, EOF)
        server.half_close()
        assert client.hear() == Heard(b"", EOF)
    assert set(stopped(started).splitlines()) == {
        "relay: accept a client: Too many open files"}


# --- silence -----------------------------------------------------------------

@pytest.mark.timed
@either_way
def test_a_silence_is_bounded_once_one_direction_has_ended(meet, relay, way):
    meeting = meet()
    started = relay(meeting, seconds=0.5)
    first, second = linked(meeting, started)[::-1 if way else 1]
    assert started.poll(0.8) is None  # open both ways: no bound
    assert not first.was_reset() and not second.was_reset()
    before, waited = time.monotonic(), kernel.waited(os.getpid())
    first.half_close()
    assert second.hear().end == EOF
    began = time.monotonic()
    assert meeting.until(lambda: first.was_reset() and second.was_reset())
    now = time.monotonic()
    assert now - before >= 0.5, "too early"
    assert now - began <= 1.0 + kernel.waited(os.getpid()) - waited
    assert "gave up after 0.5 seconds: nothing came in the other direction" \
        in stopped(started)


@pytest.mark.timed
def test_a_target_that_never_speaks_holds_nobody_up(meet, relay):
    """Its link may be silent until one direction ends; others go on."""
    meeting = meet()
    started = relay(meeting, seconds=0.5)
    client, server = linked(meeting, started)
    client.say(b"question")
    used = processor_time(started)
    assert started.poll(0.8) is None
    assert processor_time(started) - used < 0.05
    other, answers = linked(meeting, started)
    answers.say(b"answer")
    answers.half_close()
    assert other.hear() == Heard(b"answer", EOF)
    other.half_close()
    assert not client.was_reset() and not server.was_reset()
    began = time.monotonic()
    client.half_close()
    assert client.hear() == Heard(b"", RESET)
    assert time.monotonic() - began >= 0.5
    assert meeting.until(server.was_reset)
    assert re.fullmatch(
        r"relay: \S+ \d+: gave up after 0.5 seconds: nothing came in the "
        r"other direction\n", stopped(started))


@contextlib.contextmanager
def full_queue(meeting: Meeting) -> Iterator[int]:
    """Give a port where nobody accepts, and no SYN is answered any more."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(meeting.room.socket())
        full.bind((HOST, 0))
        full.listen(0)
        port = full.getsockname()[1]
        for _ in range(4):
            conn = stack.enter_context(meeting.room.socket())
            conn.setblocking(False)
            conn.connect_ex((HOST, port))
        yield port


@pytest.mark.timed
def test_a_connection_that_is_not_answered_is_given_up(meet, relay):
    """Nobody accepts there, and the queue is full: the SYN gets no answer."""
    meeting = meet()
    with full_queue(meeting) as port:
        started = relay(meeting, seconds=0.5, target=port)
        began = time.monotonic()
        client = meeting.dial(started.port())
        assert client.hear() == Heard(b"", RESET)
        assert time.monotonic() - began >= 0.5
    assert stopped(started).endswith(
        "gave up after 0.5 seconds: the target did not answer\n")


def test_a_client_that_leaves_before_the_target_answers_is_let_go(meet, relay):
    meeting = meet()
    with full_queue(meeting) as port:
        started = relay(meeting, target=port)
        assert meeting.until(lambda: has_epoll(started))
        idle = descriptors(started)
        client = meeting.dial(started.port())
        assert meeting.until(lambda: descriptors(started) == idle + 2)
        client.reset()
        assert meeting.until(lambda: descriptors(started) == idle)
    assert "connection to client: Connection reset by peer" in stopped(started)


def test_a_name_is_tried_at_each_of_its_addresses(meet, relay, tmp_path):
    """Nobody listens at the first of them, ::1; the relay does it there."""
    meeting, hosts = meet(), tmp_path / "hosts"
    hosts.write_text("::1 two.example\n127.0.0.1 two.example\n")
    started = relay(meeting, to="two.example", host="::1", before=(
        "unshare", "-Urm", "sh", "-c",
        f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh"))
    client = meeting.room.socket(socket.AF_INET6)
    client.settimeout(10)
    client.connect(("::1", started.port()))
    server = meeting.accept(started)
    assert server, started.stderr
    server.say(b"answer")
    server.half_close()
    assert client.recv(10) == b"answer" and client.recv(10) == b""
    client.close()
    assert server.hear() == Heard(b"", EOF)
    assert stopped(started) == ""


def test_a_relay_that_is_told_to_stop_lets_links_end(meet, relay):
    meeting = meet()
    started = relay(meeting)
    client, server = linked(meeting, started)
    started.signal(signal.SIGTERM)
    assert meeting.until(lambda: started.port() is None)
    client.say(b"question")
    client.half_close()
    assert server.hear() == Heard(b"question", EOF)
    server.say(b"answer")
    server.half_close()
    assert client.hear() == Heard(b"answer", EOF)
    assert str(started.ends()) == "exit 0"


# --- calls that fail, programs that die ------------------------------------

def converse(meeting: Meeting, started: Program, data: bytes) -> None:
    """Have a link say the same both ways, and each end hang up."""
    client, server = linked(meeting, started)
    client.say(data)
    client.half_close()
    assert server.hear() == Heard(data, EOF), started.stderr
    server.say(data)
    server.half_close()
    assert client.hear() == Heard(data, EOF), started.stderr


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ("short", "EINTR"))
def test_calls_that_do_less_than_asked_change_nothing(
        meet, relay, number, kind, seed):
    meeting = meet()
    started = relay(meeting, flags=SANITIZERS,
                    fault=Fault(kind, percent=90, seed=seed))
    for _ in range(3):
        converse(meeting, started, LARGE[:3000])
    assert stopped(started) == ""
    short, interrupted = {
        "13": ({"read", "write"}, {"epoll_pwait"}),
        "14": ({"splice"}, {"epoll_pwait", "splice"})}[number]
    struck = set(started.log.struck())
    assert struck >= {"short": short, "EINTR": interrupted}[kind], struck


def test_it_is_clean_under_valgrind(meet, relay):
    meeting = meet()
    started = relay(meeting, before=valgrind())
    converse(meeting, started, LARGE[:3000])
    client, server = linked(meeting, started)
    server.reset()
    assert client.hear().end == RESET
    assert "read from target: Connection reset by peer" in stopped(started) \
        or "connection to target: " in started.stderr


@pytest.mark.parametrize("number, call, at, told", [
    pytest.param(*case, marks=pytest.mark.chapter(case[0])) for case in (
        ("13", "read", 1, "read from client"),
        ("13", "read", 2, "read from client"),
        ("13", "read", 3, "read from target"),
        ("13", "write", 1, "write to target"),
        ("13", "write", 2, "write to client"),
        ("14", "splice", 1, "read from client"),
        ("14", "splice", 2, "write to target"),
        ("14", "splice", 3, "read from client"),
        ("14", "splice", 4, "read from target"),
        ("14", "splice", 5, "write to client"),
        *((number, "shutdown", at, f"shutdown to {end}")
          for number in ("13", "14")
          for at, end in ((1, "target"), (2, "client"))))],
    indirect=["number"])
def test_an_error_breaks_its_link_and_no_other(meet, relay, call, at, told):
    """An end that has had both FINs has ended: it can be told nothing more."""
    meeting = meet()
    started = relay(meeting, fault=Fault("EIO", at=at, calls=(call,)))
    client, server = linked(meeting, started)
    client.say(b"question")
    client.half_close()
    server.hear(8)
    server.say(b"answer")
    if told == "shutdown to client":
        server.half_close()
    else:
        assert meeting.until(server.was_reset), started.stderr
    assert client.hear().end == RESET
    goes_on_after(meeting, started, call, told)


@pytest.mark.parametrize("call, at", (("connect", 1), ("socket", 2)))
def test_an_error_at_the_target_breaks_its_link_and_no_other(
        meet, relay, call, at):
    meeting = meet()
    started = relay(meeting, fault=Fault("EIO", at=at, calls=(call,)))
    assert reset_at_once(meeting, started)
    goes_on_after(meeting, started, call, "connect to target")


def goes_on_after(
        meeting: Meeting, started: Program, call: str, told: str) -> None:
    """Expect that one link has failed, for that reason, and none after it."""
    converse(meeting, started, b"another")
    said = stopped(started)
    assert re.fullmatch(
        rf"relay: \S+ \d+: {told}: Input/output error\n", said), said
    assert started.log.struck() == [call]


KILLED = content(3_000_000)


def interrupted(it: PairMeeting, victim: str, moment: float) -> bool:
    """Kill a program after so many seconds; whether it was in the middle.

    Nobody may say then that all is well if it isn't.
    """
    it.clear()
    it.copy.unlink(missing_ok=True)
    server = it.serve(KILLED, seconds=10)
    client = it.fetch(seconds=10)
    dies = {"server": server, "client": client, "relay": it.relay}[victim]
    client.poll(moment)
    went_on = client.runs()
    dies.signal(signal.SIGKILL)
    client.ends()
    it.finish(server)
    copied = it.copy.exists()
    assert not copied or not differs(it.copy.read_bytes(), KILLED)
    assert copied or str(client.exit) != "exit 0"
    assert copied or "Received" not in client.stdout
    assert copied or "Thank you" not in server.stdout
    return went_on


@pytest.mark.parametrize("victim", ("server", "client", "relay"))
def test_no_death_at_any_moment_is_taken_for_a_success(
        meet, tmp_path, number, victim):
    """The moments are spread over what an undisturbed conversation takes."""
    it = meet(PairMeeting, Pair.of(number, Way("ours", relay="relay.c")),
              tmp_path, recorded=False)
    it.serve(KILLED)
    began = time.monotonic()
    assert str(it.fetch().ends()) == "exit 0"
    took, chance, middle = time.monotonic() - began, random.Random(victim), 0
    for _ in range(20):
        moment = chance.uniform(0, took)
        if interrupted(it, victim, moment):
            middle += 1
        else:
            took = moment  # that was after the end
    assert middle >= 5


# --- other people's relays -------------------------------------------------

PORT = 8080  # free: each meeting has a network of its own
STREAM = next(iter(sorted(Path("/usr").glob(
    "lib*/nginx/modules/ngx_stream_module.so"))), None)
NGINX = f"""
daemon off; master_process off; pid nginx.pid; error_log stderr crit;
{f"load_module {STREAM};" if STREAM else ""}
events {{}}
stream {{ server {{ listen {HOST}:{PORT}; proxy_pass {HOST}:TARGET; HOW }} }}
"""
HAPROXY = f"""
defaults
    mode tcp
    timeout connect 10s
    timeout client 10s
    timeout server 10s
listen relay
    bind {HOST}:{PORT}
    server target {HOST}:TARGET
"""
SOCAT = (f"TCP4-LISTEN:{PORT},fork", f"TCP4:{HOST}:TARGET")
GUESTS = {
    "socat": (["socat", *SOCAT], "", False),
    "socat -t 5": (["socat", "-t", "5", *SOCAT], "", True),
    "nginx": (["nginx", "-p", ".", "-c", "config", "-e", "stderr"],
              NGINX.replace("HOW", ""), False),
    "nginx, proxy_half_close on": (
        ["nginx", "-p", ".", "-c", "config", "-e", "stderr"],
        NGINX.replace("HOW", "proxy_half_close on;"), True),
    "haproxy": (["haproxy", "-f", "config"], HAPROXY, True)}


@pytest.mark.timed
@either_way
@pytest.mark.parametrize("guest", GUESTS)
def test_what_others_do_with_an_answer_that_comes_late(meet, tmp_path, guest,
                                                       way):
    """A second after the FIN. The notes of this chapter name them."""
    words, config, passes = GUESTS[guest]
    if not shutil.which(words[0]):
        pytest.skip(f"no {words[0]} here")
    if words[0] == "nginx" and not STREAM:
        pytest.skip("no stream module of nginx here")
    meeting = meet()
    target = str(meeting.listen())
    (tmp_path / "config").write_text(config.replace("TARGET", target))
    started = meeting.start([word.replace("TARGET", target) for word in words],
                            cwd=tmp_path, name=words[0])
    assert started.listens(), started.stderr
    first, second = linked(meeting, started)[::-1 if way else 1]
    first.say(b"question")
    first.half_close()
    assert second.hear(8).data == b"question"
    started.poll(1.1)
    second.say(b"answer")
    second.half_close()
    heard = first.hear()
    assert heard.data == (b"answer" if passes else b""), heard


# --- words -------------------------------------------------------------------

@pytest.mark.parametrize("words, status, says", [
    ([], 2, "usage: relay HOST PORT TOHOST TOPORT [SECONDS]"),
    ([HOST, "0", HOST, "80", "1", "2"], 2, "usage: relay "),
    ([HOST, "http5", HOST, "80"], 2, "port 'http5'"),
    ([HOST, "0", HOST, "65536"], 2, "port '65536'"),
    ([HOST, "0", HOST, "80", "never"], 2, "seconds 'never'"),
    (["no.such.host.invalid", "0", HOST, "80"], 1, "no.such.host.invalid")])
def test_wrong_words_are_one_sentence(meet, words, status, says):
    built = program.build(program.chapter("13") / "relay.c")
    started = meet().start([built, *words], name="relay")
    assert str(started.ends()) == f"exit {status}"
    assert says in started.stderr and started.stderr.count("\n") == 1


def test_the_pair_of_this_chapter_is_the_one_before():
    before, here = program.chapter("12"), program.chapter("13")
    for name in ("server.c", "client.c"):
        assert (here / name).read_bytes() == (before / name).read_bytes()
