"""Chapter 08: a client that speaks out of turn gets its file all the same.

The server of chapter 07 is met by the same peers where that shows what they
cost. The verdict is what came to the peer, and how it ended.
"""

from __future__ import annotations

import difflib
import time

import pytest

from lab import program
from lab.calls import Fault
from lab.meeting import EOF, NOTHING, RESET, Heard, Peer, Program
from lab.meeting.behaviours import drip, drip_until
from lab.meeting.pair import SAMPLE, Pair, PairMeeting
from lab.meeting.watch import pulse
from lab.verdicts import large
from checkers import SANITIZERS, valgrind

pytestmark = pytest.mark.chapter("08")

THANKS = 1024  # bytes that a server is ready to hear
SIZE = 400_000  # bytes: no kernel has as much room for a client that waits
LATE = 0.5  # seconds that it may take longer on a busy machine
TOO_MANY = "server: read from client: thanks of more than 1024 bytes\n"


@pytest.fixture
def number() -> str:
    """What `pair` is to play."""
    return "08"


def served(it: PairMeeting, size: int = SIZE, seconds: float = 60,
           **how: object) -> tuple[Program, Peer, bytes]:
    """Start the server, and dial it; return what it is to send as well."""
    content = large(size)
    server = it.serve(content, seconds=seconds, **how)
    return server, it.dial_server(), it.pair.header(size) + content


def refuses(server: Program, told: str = TOO_MANY) -> None:
    """Check that a server ends with a sentence and status 1."""
    assert str(server.ends()) == "exit 1", server.hang or server.stderr
    assert server.stderr == told
    assert "Message" not in server.stdout


def gives_up(server: Program, began: float, patience: float) -> None:
    """Check that a server refuses when its patience is over, no later."""
    assert server.ends_by(began + patience + LATE), server.hang
    refuses(server)


def came_whole(heard: Heard, whole: bytes) -> None:
    """Check that the file came, and its end."""
    assert (len(heard.data), heard.end) == (len(whole), EOF)
    assert heard.data == whole


def came_cut(heard: Heard, whole: bytes) -> None:
    """Check that a reset has destroyed a part of the file."""
    assert heard.end == RESET
    assert len(heard.data) < len(whole)
    assert whole.startswith(heard.data)


# --- one byte too many -----------------------------------------------------

@pytest.mark.parametrize("number, most, lost", [
    ("07", THANKS + 1, False), ("07", THANKS + 2, True),
    ("08", THANKS + 1, False), ("08", THANKS + 2, False),
    ("08", 1_000_000, False)])
def test_one_byte_that_nobody_reads_costs_the_file(pair, most, lost):
    """Of 1,025 bytes all are read, to see that they are more than 1,024."""
    server, peer, whole = served(pair, 1_000_000)
    peer.say(b"x" * most)
    pair.until_read(peer)
    heard = peer.hear()
    (came_cut if lost else came_whole)(heard, whole)
    peer.half_close()
    refuses(server)


def test_a_small_file_cannot_show_what_a_reset_costs(meet, tmp_path):
    """It has arrived by then: Linux keeps what a program has not read.

    And behind a FIN that has arrived, a RST is not even told.
    """
    it = meet(PairMeeting, Pair.of("07"), tmp_path)
    server, peer, whole = served(it, 1000)
    peer.say(b"x" * 100_000)
    refuses(server)
    assert peer.hear() == Heard(whole, EOF)


# --- what goes on after the server has decided ------------------------------

def test_bytes_that_come_after_the_refusal_are_read(pair):
    server, peer, whole = served(pair)
    peer.say(b"x" * (THANKS + 2))
    assert drip(pair, peer, b"x", 100) == 100
    came_whole(peer.hear(), whole)
    assert drip(pair, peer, b"x", 100) == 100
    peer.half_close()
    refuses(server)


@pytest.mark.timed
@pytest.mark.parametrize("pause", (0.05, 0.5))
def test_a_client_may_begin_to_read_late(pair, pause):
    server, peer, whole = served(pair)
    peer.say(b"x" * (THANKS + 2))
    assert server.process.poll(pause) is None
    came_whole(peer.hear(), whole)
    peer.half_close()
    refuses(server)


@pytest.mark.timed
def test_a_drain_that_ends_too_early_is_none(pair):
    """What comes after the close is answered with a RST, as in 07."""
    server, peer, whole = served(pair, seconds=0.8)
    peer.say(b"x" * (THANKS + 2))
    refuses(server)
    peer.say(b"x")
    assert pair.until(peer.was_reset) or peer.was_reset()
    came_cut(peer.hear(), whole)


@pytest.mark.timed
@pytest.mark.parametrize("pause", (0.02, 9))
def test_a_talker_that_never_ends_is_ended_by_the_deadline(pair, pause):
    """And costs no processor until then, whether it drips or is silent."""
    patience = 1.5
    began = time.monotonic()
    server, peer, whole = served(pair, seconds=patience)
    dialled = time.monotonic()
    peer.say(b"x" * (THANKS + 2))
    came_whole(peer.hear(), whole)
    before = pulse([server.pid])
    drip_until(server, peer, b"x" * 1000, min(pause, patience / 2),
               dialled + patience / 2)
    after = pulse([server.pid])
    gives_up(server, dialled, patience)
    assert time.monotonic() - began >= patience
    assert after.seconds - before.seconds <= 0.03  # three ticks of its clock


@pytest.mark.timed
def test_the_drain_has_no_clock_of_its_own(pair):
    """It begins when half of the patience is over, and has the other half."""
    patience = 2.0
    server, peer, whole = served(pair, seconds=patience)
    dialled = time.monotonic()
    came_whole(peer.hear(), whole)
    assert server.process.poll(patience / 2) is None
    peer.say(b"x" * (THANKS + 2))
    gives_up(server, dialled, patience)


@pytest.mark.timed
def test_a_flood_that_never_ends_is_ended_by_the_deadline(pair):
    server, peer, whole = served(pair, len(SAMPLE), seconds=1)
    flood = b"x" * (1 << 20)
    dialled = time.monotonic()
    while server.runs() and peer.say(flood) == len(flood):
        pass
    gives_up(server, dialled, 1)
    assert peer.hear().data == whole


def test_a_client_that_resets_ends_the_drain(pair):
    server, peer, _ = served(pair, seconds=600)
    peer.say(b"x" * (THANKS + 2))
    pair.until_read(peer)
    peer.reset()
    refuses(server)


# --- a byte at every point --------------------------------------------------

POINTS = {  # how much of the file has been read by then
    "at once": 0,
    "after the length": len(b"400000\n"),
    "in the middle": SIZE // 2,
    "before the end": len(b"400000\n") + SIZE,
    "after EOF": SIZE * 2,
    "before the FIN": SIZE * 2,
}


def interrupted(it: PairMeeting, peer: Peer, point: str, data: bytes) -> Heard:
    """Fetch the file, and say `data` at a point of the conversation."""
    first = peer.hear(POINTS[point])
    if point == "before the FIN":
        peer.say(it.pair.thanks(SIZE))
    peer.say(data)
    it.until_read(peer)
    last = peer.hear() if first.end == NOTHING else Heard(b"", first.end)
    if point != "before the FIN":
        peer.say(it.pair.thanks(SIZE))
    peer.half_close()
    return Heard(first.data + last.data, last.end)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("count", (1, 5000))
def test_bytes_at_any_point_of_the_conversation_cost_no_more_than_the_receipt(
        pair, point, count):
    server, peer, whole = served(pair)
    came_whole(interrupted(pair, peer, point, b"x" * count), whole)
    refuses(server, TOO_MANY if count > THANKS else
            f"server: read from client: no receipt for {SIZE} bytes\n")


@pytest.mark.parametrize("number", ("07",))
@pytest.mark.parametrize("point", ("at once", "after the length"))
def test_in_07_they_cost_the_file(pair, point):
    server, peer, whole = served(pair)
    came_cut(interrupted(pair, peer, point, b"x" * 5000), whole)
    refuses(server)


# --- calls that fail --------------------------------------------------------

def refuses_politely(it: PairMeeting, **how: object) -> Program:
    """Say far too much first, and get the file all the same."""
    server, peer, whole = served(it, **how)
    peer.say(b"x" * 100_000)
    it.until_read(peer)
    came_whole(peer.hear(), whole)
    peer.half_close()
    refuses(server)
    return server


@pytest.mark.parametrize("kind", ("EINTR", "short"))
@pytest.mark.parametrize("seed", range(3))
def test_calls_that_do_less_than_asked_change_nothing(pair, kind, seed):
    server = refuses_politely(pair, fault=Fault(kind, percent=30, seed=seed))
    assert server.log.struck()


def test_the_server_is_clean_under_the_sanitizers(meet, tmp_path):
    refuses_politely(meet(PairMeeting, Pair.of("08"), tmp_path,
                          flags=SANITIZERS))


def test_the_server_is_clean_under_valgrind(pair):
    refuses_politely(pair, before=valgrind())


# --- the client's half ------------------------------------------------------

def talks(it: PairMeeting, *words: object) -> Program:
    """Start the chapter's talker."""
    built = program.build(program.chapter("08") / "talker.c", SANITIZERS)
    return it.start([built, *words], name="talker", env={
        "ASAN_OPTIONS": "verify_asan_link_order=0"})


@pytest.mark.parametrize("end", (EOF, RESET))
def test_who_cannot_write_any_more_reads_what_has_come(pair, end):
    """The answer is there, though every write since has failed."""
    port = pair.listen()
    talker = talks(pair, "127.0.0.1", port, 100_000_000)
    peer = pair.accept(talker)
    peer.say(b"No.\n")
    if end == EOF:
        peer.half_close()
    assert peer.arrived()
    peer.reset()
    assert str(talker.ends()) == "exit 1", talker.hang
    assert "said " in talker.stderr and \
        "of 100000000 bytes: " in talker.stderr
    assert talker.stdout == "heard 4 bytes and EOF\n"  # the write was told


@pytest.mark.timed
def test_a_talker_reads_once_a_reset_has_come(pair):
    port = pair.listen()
    talker = talks(pair, "127.0.0.1", port, 10, 600)
    peer = pair.accept(talker)
    assert peer.hear(10).data == b"x" * 10
    peer.say(b"No.\n")
    assert peer.arrived()
    peer.reset()
    assert str(talker.ends()) == "exit 1", talker.hang
    assert talker.stdout.startswith("said 10 bytes\n")


@pytest.mark.timed
def test_a_talker_goes_on_for_as_long_as_it_is_told(pair):
    port = pair.listen()
    talker = talks(pair, "127.0.0.1", port, 10, 0.5)
    peer = pair.accept(talker)
    peer.half_close()
    heard = peer.hear()
    assert heard.end == EOF and 11 <= len(heard.data) <= 16
    assert str(talker.ends()) == "exit 0", talker.stderr
    assert talker.stdout == "said 10 bytes\nheard 0 bytes and EOF\n"


@pytest.mark.parametrize("word", ("", "x", "-1", "1x", "9" * 30))
def test_bytes_that_are_no_number_are_refused(pair, word):
    talker = talks(pair, "127.0.0.1", 1, word)
    assert str(talker.ends()) == "exit 2"
    assert talker.stderr == f"talker: bytes '{word}': not a number\n"


# --- what changed -----------------------------------------------------------

def test_the_client_stays_the_same_to_the_byte():
    before, this = (program.chapter(n) / "client.c" for n in ("07", "08"))
    assert this.read_bytes() == before.read_bytes()


def test_the_server_changes_little_and_drops_nothing_but_its_news():
    old, new = ((program.chapter(n) / "server.c").read_text().splitlines()
                for n in ("07", "08"))
    changes = [line for line in difflib.ndiff(old, new)
               if line[0] in "+-"]
    assert len(changes) <= 40
    gone = [line[2:] for line in changes if line[0] == "-"]
    assert [line for line in gone if not line.startswith(" * ")] == [
        "    if (n > THANKS)"]
