"""Chapter 13: each direction ends on its own, and a reset is passed on.

We are the client and the server; the relay stands between.
"""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import Optional

import pytest

from lab import kernel, program
from lab.calls import Fault
from lab.meeting import EOF, HOST, NOTHING, RESET, Heard, Meeting, Peer, \
    Program
from test_chapters import SANITIZERS, content

pytestmark = [pytest.mark.chapter("13"), pytest.mark.namespaces]

CHUNK = 65536  # bytes that wait in the relay, one way
LARGE = content(8_000_000)
FLAGS = {"plain": (), "sanitized": SANITIZERS}


def relay(meeting: Meeting, seconds: float = 60.0, target: Optional[int] = None,
          flags: tuple[str, ...] = (), fault: Optional[Fault] = None
          ) -> Program:
    """Start the relay before a port: ours, if no target is named."""
    built = program.build(program.chapter("13") / "relay.c", flags)
    started = meeting.start(
        [built, HOST, 0, HOST, meeting.listen() if target is None else target,
         seconds], name="relay", fault=fault,
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
def test_a_fin_is_passed_on_and_the_answer_comes_back(meet, way, flags):
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


def test_the_fin_comes_after_all_that_was_said_before_it(meet):
    meeting = meet(recorded=False)
    started = relay(meeting)
    client, server = linked(meeting, started)
    server.say(LARGE[:300_000])
    server.half_close()
    meeting.rest()  # what the relay can hold is full by now
    assert client.hear() == Heard(LARGE[:300_000], EOF)
    client.half_close()
    assert server.hear() == Heard(b"", EOF)
    assert stopped(started) == ""


# --- RST ---------------------------------------------------------------------

@each_build
@either_way
@pytest.mark.parametrize("when", ("at once", "in the middle", "after a FIN"))
def test_a_reset_is_passed_on_as_a_reset(meet, way, when, flags):
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


def test_a_reset_is_passed_on_where_nobody_reads(meet):
    """The relay is full and does not read from the one that resets."""
    meeting = meet(recorded=False)
    started = relay(meeting)
    client, server = linked(meeting, started)
    fill(server)
    server.reset()
    assert meeting.until(client.was_reset), started.stderr
    assert "reset by peer" in stopped(started)


def test_a_write_that_takes_nothing_breaks_the_link(meet):
    meeting = meet()
    started = relay(meeting, fault=Fault("nothing", at=1, calls=("write",)))
    client, server = linked(meeting, started)
    client.say(b"half")
    assert meeting.until(server.was_reset), started.stderr
    assert stopped(started).endswith(": Input/output error\n")


def test_a_target_that_cannot_be_reached_is_a_reset(meet):
    meeting = meet()
    with meeting.room.socket() as nobody:
        nobody.bind((HOST, 0))
        started = relay(meeting, target=nobody.getsockname()[1])
        try:
            client = meeting.dial(started.port())
            assert client.hear() == Heard(b"", RESET)
        except ConnectionResetError:
            pass  # before our connect had returned
    assert "connect to target: Connection refused" in stopped(started)


# --- slow readers --------------------------------------------------------------

def fill(peer: Peer) -> int:
    """Say as much as goes while nobody reads; return how much that was."""
    sent = 0
    while True:
        try:
            sent += peer.conn.send(LARGE[:CHUNK])
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


def test_a_reader_that_stops_stops_the_writer_and_costs_nothing(meet):
    meeting = meet(recorded=False)
    started = relay(meeting)
    client, server = linked(meeting, started)
    before = memory(started)
    sent = fill(server)
    meeting.rest()
    sent += fill(server)
    used, began = processor_time(started), time.monotonic()
    started.poll(0.5)
    passed = time.monotonic() - began
    assert processor_time(started) - used < 0.05 * passed + 0.02
    assert memory(started) - before < 4 * CHUNK
    came = client.hear(sent)
    assert len(came.data) == sent
    assert came.data[:CHUNK] == LARGE[:CHUNK]
    assert client.hear(0).end == NOTHING
    client.half_close()
    assert server.hear().end == EOF
    server.half_close()
    assert client.hear() == Heard(b"", EOF)
    assert stopped(started) == ""


def test_both_directions_are_full_and_nothing_is_lost(meet):
    meeting = meet(recorded=False)
    started = relay(meeting)
    client, server = linked(meeting, started)
    to_server, to_client = fill(client), fill(server)
    meeting.rest()
    client.half_close()
    server.half_close()
    assert len(server.hear().data) == to_server
    assert len(client.hear().data) == to_client
    assert stopped(started) == ""


# --- many --------------------------------------------------------------------

def descriptors(started: Program) -> int:
    """Return how many descriptors the relay has."""
    return len(os.listdir(f"/proc/{started.pid}/fd"))


def test_two_hundred_at_once_and_no_descriptor_is_kept(meet):
    meeting = meet(recorded=False)
    started = relay(meeting)
    linked(meeting, started)[0].reset()
    assert meeting.until(lambda: "reset" in started.stderr)
    idle = descriptors(started)
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


# --- silence -----------------------------------------------------------------

@pytest.mark.timed
@either_way
def test_a_silence_is_bounded_once_one_direction_has_ended(meet, way):
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


def test_a_relay_that_is_told_to_stop_lets_links_end(meet):
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
