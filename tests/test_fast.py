"""Chapter 14: the kernel moves the bytes, and what that does not promise.

What 12's server, 13's relay and 07's client do, those of this chapter do:
test_crowd, test_relay and test_whole_or_nothing meet them too. Here is what
only they do, where the calls are missing, and the race.
"""

from __future__ import annotations

import os
import random
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Iterator, Optional

import pytest

from expectations import differs, sentence
from lab import chapters, program
from lab.calls import Fault
from lab.chapters import Way
from lab.commands.race import main as race_command
from lab.meeting import EOF, HOST, Heard, Meeting, Peer, Program
from lab.meeting.behaviours import polite
from lab.meeting.pair import SANITIZED, Pair, PairMeeting
from lab.race import fast, race
from lab.race.course import Goal, noisy
from lab.sandbox import Sandbox
from checkers import SANITIZERS
from faulty import sweep
from parameters import content, seeds
from test_relay import fill

pytestmark = pytest.mark.chapter("14")

FOLDER = program.chapter("14")
MIB = 1 << 20
LARGE = content(3_000_000)
VALGRIND = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full",
            "--vgdb=no"]  # its pipes are in /tmp, named by inner pids
RELAYED = Pair("14-fast", "14", FOLDER, Way(relay="relay.c"))
MISSING = [Fault(why, percent=100, calls=("sendfile", "splice"))
           for why in ("ENOSYS", "EINVAL")]


@pytest.fixture
def number() -> str:
    """What `pair` is to play."""
    return "14"


def relay(meeting: Meeting, target: Optional[int] = None,
          before: tuple[object, ...] = (), fault: Optional[Fault] = None,
          flags: tuple[str, ...] = ()) -> Program:
    """Start the relay before a port: ours, if no target is named."""
    started = meeting.start(
        [*before, program.build(FOLDER / "relay.c", flags), HOST, 0, HOST,
         meeting.listen() if target is None else target, 60],
        name="relay", env=SANITIZED, fault=fault)
    assert started.listens(), started.stderr
    return started


def linked(meeting: Meeting, started: Program, narrow: bool = False
           ) -> tuple[Peer, Peer]:
    """Return a client's end and a server's end, with the relay between."""
    client = meeting.dial(started.port(), narrow=narrow)
    server = meeting.accept(started)
    assert server, started.stderr
    return client, server


def whole(pair: PairMeeting, server: Program, client: Program, data: bytes
          ) -> None:
    """Check that a pair has done all it should, and that nobody complained."""
    assert str(client.ends()) == "exit 0", client.stderr
    pair.finish(server)
    assert str(server.exit) == "exit 0", server.stderr
    assert not differs(pair.copy.read_bytes(), data)
    assert f"Message from client: Thank you {len(data)}\n" in server.stdout
    assert server.stderr == client.stderr == ""
    assert not pair.left_over()


def through(meeting: Meeting, started: Program, data: bytes) -> None:
    """Send something through the relay, either way at once."""
    client, server = linked(meeting, started)
    sent = client.conn.send(data), server.conn.send(data)
    client.half_close()
    server.half_close()
    assert server.hear() == Heard(data[:sent[0]], EOF)
    assert client.hear() == Heard(data[:sent[1]], EOF)


def fill_up(meeting: Meeting, started: Program, links: list[tuple[Peer, Peer]]
            ) -> list[int]:
    """Say to clients that don't read until the relay holds bytes for each.

    Returns how many bytes each server said.
    """
    sent = [0 for _ in links]
    while fast.waiting(started.pid)[0] < len(links) and started.runs():
        sent = [count + fill(server)
                for count, (_, server) in zip(sent, links)]
        meeting.rest()
    return sent


# --- where the kernel has no such call ---------------------------------------

@pytest.mark.parametrize("fault", MISSING, ids=lambda f: f.kind)
def test_without_sendfile_and_splice_all_arrives_all_the_same(pair, fault):
    """It is asked for once; then read and write do it."""
    server = pair.serve(LARGE, fault=fault)
    client = pair.fetch(fault=fault)
    whole(pair, server, client, LARGE)
    assert server.log.struck() == ["sendfile"]
    assert client.log.struck() == ["splice"]


def test_a_disk_that_takes_no_splice_gets_what_the_pipe_had(pair):
    server = pair.serve(LARGE)
    client = pair.fetch(fault=Fault("EINVAL", at=2, calls=("splice",)))
    whole(pair, server, client, LARGE)
    assert client.log.struck() == ["splice"]


@pytest.mark.parametrize("fault", MISSING, ids=lambda f: f.kind)
def test_a_relay_without_splice_passes_on_all_the_same(meet, fault):
    meeting = meet(recorded=False)
    started = relay(meeting, fault=fault)
    for _ in range(2):
        through(meeting, started, LARGE)
    assert started.log.struck() == ["splice"]


def test_a_relay_without_room_for_a_pipe_passes_on_all_the_same(meet):
    meeting = meet(recorded=False)
    started = relay(meeting)
    most = len(os.listdir(f"/proc/{started.pid}/fd")) + 2
    resource.prlimit(started.pid, resource.RLIMIT_NOFILE, (most, most))
    through(meeting, started, LARGE)
    assert fast.waiting(started.pid) == (0, 0)


@pytest.fixture
def anybody(tmp_path) -> Iterator[tuple[object, ...]]:
    """Makes a program be started by a user who has no pipes yet.

    The kernel counts the pages of a user's pipes in all programs.
    """
    if os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can be somebody else, with setpriv")
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        shutil.copy(program.build(FOLDER / "relay.c"), name)
        yield ("setpriv", "--reuid=54321", "--clear-groups", "sh", "-c",
               f'shift; exec {next(Path(name).iterdir())} "$@"', "sh")


def test_pipes_that_an_ordinary_user_does_not_get_are_done_without(anybody):
    """After 64 MiB of them there are none that would be worth it."""
    with Meeting(Sandbox(private=False), recorded=False, own=True) as meeting:
        started = relay(meeting, before=anybody)
        links = [linked(meeting, started, narrow=True) for _ in range(80)]
        sent = [server.conn.send(LARGE[:500_000]) for _, server in links]
        meeting.rest()
        held, _ = fast.waiting(started.pid)
        assert 0 < held < len(links)
        for (client, server), count in zip(links, sent):
            server.half_close()
            client.widen()
            assert len(client.hear().data) == count


def test_a_pipe_that_goes_while_we_look_is_not_counted(monkeypatch):
    """A relay at work closes pipes between our listing and our look."""
    out, into = os.pipe()
    os.write(into, b"waits")
    gone = os.dup(out)
    entries = [Path(f"/proc/{os.getpid()}/fd/{fd}") for fd in (gone, out)]
    os.close(gone)
    monkeypatch.setattr(Path, "iterdir", lambda _: iter(entries))
    assert fast.waiting(os.getpid()) == (1, 5)
    os.close(out)
    os.close(into)


# --- how much at once, and how much waits ------------------------------------

def test_one_client_never_takes_more_than_its_turn(pair):
    """16 MiB, however much there is room for: then the others' turn."""
    data = bytes(20 * MIB)
    server = pair.serve(data)
    whole(pair, server, pair.fetch(), data)
    asked = [call.argument for call in server.log.read()
             if call.name == "sendfile"]
    assert max(asked) == 16 * MIB


def test_a_reader_that_stops_leaves_one_pipe_full_at_the_most(meet):
    meeting = meet(recorded=False)
    started = relay(meeting)
    links = [linked(meeting, started) for _ in range(3)]
    sent = fill_up(meeting, started, links)
    held, size = fast.waiting(started.pid)
    assert held == 3 and size <= 3 * MIB
    for (client, server), count in zip(links, sent):
        server.half_close()
        assert len(client.hear().data) == count
    assert fast.waiting(started.pid) == (0, 0)


def test_what_a_broken_link_leaves_in_its_pipe_is_nobodys(meet):
    meeting = meet(recorded=False)
    started = relay(meeting)
    client, server = linked(meeting, started)
    fill_up(meeting, started, [(client, server)])
    client.reset()
    assert meeting.until(server.was_reset)
    through(meeting, started, b"nothing but this")


# --- what sendfile does not promise ------------------------------------------

def has_ended(peer: Peer) -> bool:
    """Wait until the server's FIN has come, though nothing was read."""
    waiting = select.poll()
    waiting.register(peer.conn, select.POLLRDHUP)
    return bool(waiting.poll(10_000))


OLD, NEW = b"old " * 10_000, b"new!" * 10_000  # there is room for it unread


@pytest.mark.parametrize("number, comes", [
    pytest.param("12", OLD, marks=pytest.mark.chapter("12")),
    ("14", NEW)], ids=("12", "14"))
def test_who_overwrites_a_file_changes_what_has_been_sent(
        pair, number, comes):
    """All of it, and the FIN, is in the client's kernel by then."""
    server = pair.serve(OLD)
    peer = pair.dial_server()
    assert has_ended(peer)
    with pair.original.open("r+b") as file:
        file.write(NEW)
    heard = peer.hear()
    assert heard.end == EOF
    assert not differs(heard.data, pair.pair.header(len(OLD)) + comes)
    peer.say(pair.pair.thanks(len(OLD)))
    peer.half_close()
    assert server.says(b"Thank you %d\n" % len(OLD))


def test_who_renames_into_place_changes_nothing(pair):
    server = pair.serve(OLD)
    peer = pair.dial_server()
    assert has_ended(peer)
    beside = pair.files / "beside"
    beside.write_bytes(NEW)
    beside.rename(pair.original)
    heard = peer.hear()
    assert not differs(heard.data, pair.pair.header(len(OLD)) + OLD)
    polite(peer, pair.pair.thanks(len(OLD)))
    assert server.says(b"Thank you")


@pytest.mark.soak(only=True)
def test_sendfile_moves_less_than_2_gib_a_call(tmp_path):
    with (tmp_path / "sparse").open("w+b") as file, \
            open(os.devnull, "wb") as out:
        file.truncate(3 << 30)
        assert os.sendfile(out.fileno(), file.fileno(), 0, 3 << 30) \
            == 0x7ffff000


# --- calls that fail ---------------------------------------------------------

@pytest.mark.parametrize("fault, sends", (
    (Fault("short", percent=100), True),
    (Fault("EINTR", at=1, calls=("poll", "epoll_pwait")), False),
    (Fault("EINTR", percent=50, calls=("sendfile", "splice")), True)),
    ids=("short", "EINTR while it waits", "EINTR while it sends"))
def test_short_and_interrupted_calls_change_nothing(
        meet, tmp_path, fault, sends):
    """In all three programs at once."""
    data = content(3000)
    pair = meet(PairMeeting, Pair.of("14"), tmp_path, flags=SANITIZERS)
    server = pair.serve(data, fault=fault)
    between = relay(pair, pair.port, fault=fault, flags=SANITIZERS)
    client = pair.fetch(between.port(), fault=fault)
    assert str(client.ends()) == "exit 0", client.stderr
    assert server.says(b"Thank you 3000\n")
    assert not differs(pair.copy.read_bytes(), data)
    struck = [p.log.struck() for p in (server, between, client)]
    expected = ("sendfile", "splice", "splice") if sends \
        else ("epoll_pwait", "epoll_pwait", "poll")
    for names, call in zip(struck, expected):
        assert call in names
    assert server.stderr + between.stderr + client.stderr == ""


@pytest.mark.soak
@pytest.mark.parametrize("kind, call", (
    ("short", "splice"), ("EINTR", "poll"), ("EINTR", "splice"),
    ("ENOSPC", "splice")))
def test_a_fault_at_any_call_of_the_client_is_survived_or_told(
        tmp_path, kind, call):
    assert call in sweep(tmp_path, "14", "client", kind, content(70_000))


@pytest.mark.parametrize("at", (1, 2, 3))
def test_a_splice_of_the_client_that_fails_is_told(pair, at):
    """Out of the connection, or into the file."""
    pair.serve(LARGE)
    client = pair.fetch(fault=Fault("EIO", at=at, calls=("splice",)))
    told = sentence(client)
    assert told.endswith(": Input/output error\n")
    assert told.startswith(f"client: {'write' if at == 2 else 'read'} ")
    assert not pair.copy.exists() and not pair.left_over()


@pytest.mark.parametrize("at", (1, 2))
def test_a_sendfile_that_fails_is_a_reset(pair, at):
    server = pair.serve(bytes(20 * MIB), fault=Fault("EIO", at=at, calls=("sendfile",)))
    client = pair.fetch()
    assert str(client.ends()) == "exit 1"
    assert "Connection reset by peer" in client.stderr
    assert not pair.copy.exists() and not pair.left_over()
    assert server.until(lambda: "send original: Input/output error"
                        in server.stderr)


@pytest.mark.parametrize("at", (1, 2))
def test_a_splice_that_fails_resets_both_sides(meet, at):
    """One that takes in, or one that gives out."""
    meeting = meet(recorded=False)
    started = relay(meeting, fault=Fault("EIO", at=at, calls=("splice",)))
    client, server = linked(meeting, started)
    client.say(b"question")
    assert meeting.until(lambda: client.was_reset() and server.was_reset())
    assert started.log.struck() == ["splice"]
    assert "Input/output error" in started.stderr


def test_all_three_are_clean_under_valgrind(meet, tmp_path):
    if not shutil.which("valgrind"):
        pytest.skip("no valgrind here")
    pair = meet(PairMeeting, Pair.of("14"), tmp_path)
    server = pair.serve(LARGE, before=VALGRIND)
    between = relay(pair, pair.port, before=tuple(VALGRIND))
    client = pair.fetch(between.port(), before=VALGRIND)
    assert str(client.ends()) == "exit 0", client.stderr
    for played, port in ((between, between.port()), (server, pair.port)):
        pair._stop(played, port)
        assert str(played.exit) == "exit 0", played.stderr
        assert played.stderr == ""


# --- deaths ------------------------------------------------------------------

@pytest.mark.soak
@seeds(6, 100)
def test_whoever_is_killed_nobody_is_told_of_a_success_that_is_none(
        room, tmp_path, seed):
    chance = random.Random(seed)
    data = chance.randbytes(chance.choice((0, 100_000, 3_000_000)))
    pair = PairMeeting(RELAYED, tmp_path, room, recorded=False)
    server = pair.serve(data, seconds=5)
    client = pair.fetch(seconds=5)
    victim = chance.choice((server, client, pair.relay))
    client.poll(chance.random() * 0.03)
    victim.signal(9)
    pair.settle([client])
    pair.finish(server)
    stored = pair.copy.read_bytes() if pair.copy.exists() else None
    if client.stdout or str(client.exit) == "exit 0":
        assert stored == data
    if "Thank you" in server.stdout:
        assert f"Thank you {len(data)}\n" in server.stdout and stored == data
    assert stored in (None, data)
    assert client is victim or not pair.left_over()


# --- the race ----------------------------------------------------------------

@pytest.mark.namespaces
def test_the_race_runs_and_its_columns_add_up(tmp_path):
    picture = tmp_path / "race.svg"
    report = fast.main(fast.TINY, picture)
    figures = dict((line[:44].strip(), float(line[44:]))
                   for line in report[2:report.index("", 2)])
    goals = [line for line in report if line.startswith(("met ", "NOT MET"))]
    for mine, other, _ in fast.COMPARED:
        told = [line for line in goals if f"{mine}, beside {other}: " in line]
        assert len(told) == (other in figures), goals
        for line in told:
            ratio = float(line.split(": ")[1].split(";")[0])
            assert ratio == pytest.approx(figures[mine] / figures[other],
                                          rel=0.02)
    drawn = ElementTree.parse(picture).getroot()
    bars = [node for node in drawn.iter() if node.tag.endswith("path")]
    assert len(bars) == sum(name.endswith((
        fast.THROWN, fast.STORED, fast.RELAYED)) for name in figures)
    assert report[0] in [node.text for node in drawn.iter()]
    assert not list(program.scratch().glob("*/nginx.conf"))


@pytest.mark.namespaces
def test_without_guests_the_kit_races_with_itself(monkeypatch):
    guests, which = ("curl", "haproxy", "iperf3", "nginx", "socat"), \
        shutil.which
    monkeypatch.setattr(fast.shutil, "which", lambda name:
                        None if name in guests else which(name))
    report = fast.main(fast.TINY)
    assert [line for line in report if line.startswith("absent: ")] == [
        f"absent: {guest}" for guest in guests]
    goals = "".join(line for line in report if "beside" in line)
    assert "beside 07" in goals and "beside 13" in goals
    assert "nginx" not in goals and "HAProxy" not in goals


FORBIDDEN = 77  # the exit status of what this system keeps from such a user
ON_PORT_80 = f"""
import os, sys
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    for place in os.path.dirname(os.__file__), os.environ["PYTHONPATH"]:
        os.listdir(place)
    from lab.race.track import Track
    track = Track()
except PermissionError as error:
    print(error, file=sys.stderr)
    sys.exit({FORBIDDEN})
with track:
    track.run([sys.executable, "-c", "import socket;"
               "socket.create_server(('127.0.0.1', 80))"])
"""


@pytest.mark.namespaces
def test_nginx_gets_its_port_in_an_ordinary_user_s_race():
    done = subprocess.run(
        [sys.executable, "-B", "-c", ON_PORT_80], text=True, timeout=100,
        capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(program.ROOT / "tests")})
    if done.returncode == FORBIDDEN:
        pytest.skip(f"not as an ordinary user: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr


def test_the_last_race_is_the_one_without_a_number():
    assert race() is race("14") is fast


def test_a_race_that_has_no_picture_says_so(monkeypatch):
    monkeypatch.setenv("SVG", "race.svg")
    with pytest.raises(Exception, match="race 12 is not drawn"):
        race_command(["12"])
    assert not Path("race.svg").exists()


def test_what_differs_much_between_rounds_is_called_noisy():
    assert noisy({"calm": [1, 2], "loud": [1, 2.1]}) == ["loud"]
    assert Goal("x", [1, 2], 1).met


# --- what changed ------------------------------------------------------------

@pytest.mark.parametrize("source, origin", (
    ("server.c", "12"), ("client.c", "07"), ("relay.c", "13")))
def test_each_program_has_its_origin(source, origin):
    assert chapters.editions(source, origin) == [origin, "14"]


def test_the_picture_of_the_race_is_in_the_notes():
    drawn = ElementTree.parse(FOLDER / "race.svg").getroot()
    assert "](race.svg)" in (FOLDER / "README.md").read_text()
    words = " ".join(node.text or "" for node in drawn.iter())
    for name in (fast.THROWN, fast.STORED, fast.RELAYED, "processors, Linux"):
        assert name in words
