"""The meeting room: whatever programs do in it, every wait ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab import kernel
from lab.meeting import EOF, NOTHING, Heard, Limits, Meeting, behaviours
from lab.meeting import pair as pairs
from lab.meeting import peer as peers
from lab.meeting.pair import Pair, PairMeeting
from lab.sandbox import Exit

FILE = b"To be sent.\n"


def python(code: str, *words: object) -> list[object]:
    """Return the command line of a Python program."""
    return [sys.executable, "-I", "-S", "-c",
            f"import os, socket, sys, time\n{code}", *words]


DIAL = "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"


def test_a_pair_that_waits_for_each_other_is_proved_stuck(tmp_path):
    with PairMeeting(Pair.of("02"), tmp_path) as meeting:
        server, client = meeting.serve(FILE), meeting.fetch()
        assert not meeting.settle()
        assert str(server.asleep).startswith("asleep in read(")
        assert str(client.asleep).startswith("asleep in read(")
        assert server.exit is client.exit is None
        assert "nothing is on its way" in server.hang
        assert meeting.pair_outcome(server, client).stuck


def test_a_pair_is_given_up_soon_where_nothing_can_be_proved(monkeypatch):
    """A minute is for what a proof mostly ends at once."""
    hangs = []

    class Overheard(PairMeeting):
        def pair_outcome(self, server, client):
            hangs.append(server.hang)
            return super().pair_outcome(server, client)
    monkeypatch.setattr(pairs, "PairMeeting", Overheard)
    monkeypatch.setattr(pairs, "UNPROVED", 0.4)
    monkeypatch.setattr(kernel, "why_no_proofs", lambda: "it is forbidden")
    monkeypatch.setattr(kernel, "stuck", lambda _: [])
    assert not pairs.converse(Pair.of("02")).stuck
    assert hangs == ["0.4 seconds later it had not ended"]


def test_one_that_waits_is_not_stuck_while_the_other_goes_on():
    with Meeting() as meeting:
        waits = meeting.start(python(DIAL + "s.recv(1)", meeting.listen()))
        peer = meeting.accept(waits)
        meeting.start(python("time.sleep(0.5)"))
        assert peer.hear().end == NOTHING  # the other has ended by then
        assert not meeting.programs[1].runs()
        assert waits.asleep and not waits.exit


def test_programs_without_a_proof_are_given_up_by_their_own_time():
    with Meeting(limits=Limits()) as meeting:
        sleeps = meeting.start(python("time.sleep(1000)"))
        assert sleeps.ends() is None
        assert sleeps.hang.startswith("it did nothing for a second")
        assert sleeps.asleep is None


def test_a_program_that_always_does_a_little_is_given_up_in_the_end():
    """It moves a byte now and then, so that each wait could go on."""
    drips = DIAL + "while True:\n s.send(b'x')\n time.sleep(0.05)\n"
    with Meeting(limits=Limits(total=1.0)) as meeting:
        program = meeting.start(python(drips, meeting.listen()))
        peer = meeting.accept(program)
        for _ in range(1000):
            meeting.watch.renew()
            if not peer.hear(1).data:
                break
        assert program.hang == "it was still there after 1 seconds"
        assert program.ends() is None


@pytest.mark.parametrize("asleep", (
    1.0, pytest.param(3600.0, marks=pytest.mark.proofs)))
def test_who_has_waited_for_us_long_is_heard(monkeypatch, asleep):
    """On a slow machine we may come to hear it when LONG has passed.

    It waits for us meanwhile, which can be proved, or has lasted a second.
    """
    monkeypatch.setattr(peers, "LONG", -1.0)
    with Meeting(limits=Limits(asleep)) as meeting:
        program = meeting.start(python(
            DIAL + "s.send(b'all')\ns.shutdown(socket.SHUT_WR)\ns.recv(1)",
            meeting.listen()))
        peer = meeting.accept(program)
        assert program.process.until(
            lambda: meeting.watch.still() > asleep if asleep < 60
            else kernel.stuck([program.process]))
        assert peer.hear() == Heard(b"all", EOF)
        assert not program.hang
        peer.say(b"!")
        assert program.ends() == Exit(0)


FAILS = """
import pytest
from lab.meeting import behaviours


@pytest.mark.parametrize("number", ("03",))
def test_it(pair):
    server = pair.serve(b"To be sent.")
    behaviours.polite(pair.dial_server(), b"Thank you")
    server.ends()
    assert False
"""


def test_a_failed_test_draws_what_its_programs_did(tmp_path):
    (tmp_path / "test_it.py").write_text(FAILS)
    tests = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conftest", "-p",
         "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        text=True, capture_output=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": tests})
    assert "what the programs did" in done.stdout, done.stdout
    assert 'recv(conn) = 11' in done.stdout, done.stdout


def test_a_reset_ends_a_wait_for_the_reader():
    with Meeting() as meeting:
        program = meeting.start(python(DIAL + "s.recv(1)\ns.recv(1)",
                                       meeting.listen()))
        peer = meeting.accept(program)
        assert behaviours.in_pieces(meeting, peer, (b"a", b"b"))
        assert program.ends() == Exit(0)
        peer.say(b"c")
        assert not meeting.until_read(peer)


@pytest.mark.namespaces
def test_conversations_in_one_meeting_are_told_apart(tmp_path):
    with PairMeeting(Pair.of("05"), tmp_path) as meeting:
        for thanks in (b"Thank you", b"Thanks"):
            server = meeting.serve(FILE, port=meeting.port)
            behaviours.polite(meeting.dial_server(), thanks)
            assert server.ends() == Exit(0)
            outcome = meeting.pair_outcome(server)
            assert outcome.server.stdout.endswith(f": {thanks.decode()}\n")
            assert sum(len(s.payload) for s in outcome.segments) \
                == len(FILE + thanks)
        client, peer = meeting.answer()
        peer.say(FILE)
        behaviours.vanish(meeting, peer)
        assert client.ends()
        assert meeting.pair_outcome(client=client).client.exit
        assert len(meeting.outcomes) == 3


@pytest.mark.namespaces
def test_nothing_crosses_after_a_power_cut(tmp_path):
    with PairMeeting(Pair.of("06"), tmp_path) as meeting:
        client, peer = meeting.answer(seconds=0.3)
        peer.say(FILE)
        assert meeting.until_read(peer)
        meeting.power_cut()
        peer.half_close()  # which nobody hears: else it would be content
        assert client.ends() == Exit(1)
        assert meeting.pair_outcome(client=client).received == FILE


def test_a_server_of_many_is_stopped_when_it_has_nothing_left_to_do():
    serve = "l = socket.create_server(('127.0.0.1', 0))\n" \
        "import signal\nsignal.signal(15, lambda *_: sys.exit(0))\n" \
        "while True:\n c, _ = l.accept()\n c.send(c.recv(9))\n c.close()\n"
    with Meeting() as meeting:
        server = meeting.start(python(serve))
        port = server.listens()
        peers = [meeting.dial(port) for _ in range(100)]
        for number, peer in enumerate(peers):
            peer.say(b"%d" % number)
            assert (peer.hear().data, peer.hear().end) == \
                (b"%d" % number, EOF)
        server.signal(15)
        assert server.ends() == Exit(0)
