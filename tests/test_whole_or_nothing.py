"""Chapter 07: no thanks for half a file, no half file that is called whole.

The pair is met by peers that lie about lengths and receipts, and by files that
change while they are sent. What lies on the disk is in test_stored_file, and
what a death leaves there in test_deaths.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import stat
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from expectations import differs, said
from lab import kernel, program
from lab.calls import Fault
from lab.meeting import EOF, RESET, Heard, Peer, Program
from lab.meeting.pair import AMPLE, Pair, PairMeeting
from storing import FILE, OLD, as_it_was, reason, taken

pytestmark = pytest.mark.chapter("07")


@pytest.fixture
def number() -> str:
    """What `pair` is to play."""
    return "07"


def refused(pair: PairMeeting, words: bytes, end: str = EOF) -> str:
    """Be a server that says `words`; return why the client refuses them.

    Without an old file and with one, which must stay as it was.
    """
    told = []
    for old in (None, OLD):
        if old:
            pair.copy.write_bytes(old)
            pair.copy.chmod(0o640)
        client, server = pair.answer()
        with closing(server):
            server.say(words)
            if end == EOF:
                server.half_close()
            else:
                taken(client, server)
                server.reset()
            told.append(reason(client))
            if end == EOF:
                assert server.hear().data == b"", "it was thanked for"
        assert client.stdout == ""
        as_it_was(pair, old)
    assert stat.S_IMODE(pair.copy.stat().st_mode) == 0o640
    assert told[0] == told[1]
    return told[0]


# --- lengths ---------------------------------------------------------------

NINES = b"9223372036854775807"  # the most that an intmax_t holds

LENGTHS = {
    "missing": (b"", "length from server: missing"),
    "cut short": (b"12", "length from server: cut short"),
    "empty": (b"\n" + FILE, "length from server: empty"),
    "negative": (b"-12\n" + FILE, "length from server: negative"),
    "minus nothing": (b"-0\n", "length from server: negative"),
    "a word": (b"twelve\n" + FILE, "length from server: not digits"),
    "digits and more": (b"12x\n" + FILE, "length from server: not digits"),
    "a space before": (b" 12\n" + FILE, "length from server: not digits"),
    "a space after": (b"12 \n" + FILE, "length from server: not digits"),
    "a plus": (b"+12\n" + FILE, "length from server: not digits"),
    "hexadecimal": (b"0xc\n" + FILE, "length from server: not digits"),
    "a fraction": (b"12.0\n" + FILE, "length from server: not digits"),
    "a carriage return": (b"12\r\n" + FILE, "length from server: not digits"),
    "a NUL": (b"12\0\n" + FILE, "length from server: not digits"),
    "no length, a file": (FILE, "length from server: not digits"),
    "a file of one line": (b"x" * 1000, "length from server: not digits"),
    "20 digits": (b"9" * 20 + b"\n" + FILE, "length from server: too long"),
    "1000 digits": (b"1" * 1000 + b"\n" + FILE,
                    "length from server: too long"),
    "one too many": (b"9223372036854775808\n" + FILE,
                     "length from server: too long"),
    "the most there is": (NINES + b"\n" + FILE, "read from server: EOF after "
                          "12 of 9223372036854775807 bytes"),
    "larger by one": (b"13\n" + FILE, "read from server: EOF after 12 of 13 "
                      "bytes"),
    "larger than nothing": (b"1\n", "read from server: EOF after 0 of 1 "
                            "bytes"),
    "smaller by one": (b"11\n" + FILE, "read from server: more than 11 bytes "
                       "came"),
    "none, but a file": (b"0\n" + FILE, "read from server: more than 0 bytes "
                         "came"),
    "much smaller": (b"100000\n" + bytes(300_000), "read from server: more "
                     "than 100000 bytes came"),
    "much larger": (b"300001\n" + bytes(300_000), "read from server: EOF "
                    "after 300000 of 300001 bytes"),
}


@pytest.mark.parametrize("words, why", LENGTHS.values(), ids=LENGTHS.keys())
def test_a_length_that_is_wrong_has_its_sentence(client_of, words, why):
    assert refused(client_of, words) == why


def test_a_reset_may_come_before_the_client_has_seen_that_it_is_connected(
        pair):
    client, server = pair.answer()
    server.reset()
    assert reason(client) in (
        f"connect 127.0.0.1 {pair.port}: Connection reset by peer",
        "read from server: Connection reset by peer")
    as_it_was(pair, None)


@pytest.mark.parametrize("words", (b"1", b"12\n", b"12\n" + FILE[:6],
                                   b"12\n" + FILE))
def test_a_reset_is_no_end_of_a_file(client_of, words):
    """Not even where all of it has come: the EOF has not."""
    assert refused(client_of, words, end="reset") == \
        "read from server: Connection reset by peer"


# --- receipts --------------------------------------------------------------

RECEIPTS = {
    "none": (b"", "no thanks"),
    "without a length": (b"Thank you\n", "no receipt for 12 bytes"),
    "one byte less": (b"Thank you 11\n", "no receipt for 12 bytes"),
    "one byte more": (b"Thank you 13\n", "no receipt for 12 bytes"),
    "without its newline": (b"Thank you 12", "no receipt for 12 bytes"),
    "more after it": (b"Thank you 12\nGo on\n", "no receipt for 12 bytes"),
    "twice": (b"Thank you 12\n" * 2, "no receipt for 12 bytes"),
    "the beginning of the number": (b"Thank you 1\n",
                                    "no receipt for 12 bytes"),
    "a zero before": (b"Thank you 012\n", "no receipt for 12 bytes"),
    "a minus": (b"Thank you -12\n", "no receipt for 12 bytes"),
    "a space more": (b"Thank you  12\n", "no receipt for 12 bytes"),
    "a small letter": (b"thank you 12\n", "no receipt for 12 bytes"),
    "a NUL within": (b"Thank you 12\0\n", "no receipt for 12 bytes"),
    "a NUL after": (b"Thank you 12\n\0", "no receipt for 12 bytes"),
    "two NULs after": (b"Thank you 12\n\0\0", "no receipt for 12 bytes"),
    "a carriage return": (b"Thank you 12\r\n", "no receipt for 12 bytes"),
    "01's thanks": (b"Thank you", "no receipt for 12 bytes"),
    "a refusal": (b"No\n", "no receipt for 12 bytes"),
    "binary": (bytes(range(256)), "no receipt for 12 bytes"),
    "without end": (b"Thank you 12\n" * 1000,
                    "thanks of more than 1024 bytes"),
}


@pytest.mark.parametrize("thanks, why", RECEIPTS.values(), ids=RECEIPTS.keys())
def test_a_receipt_that_is_wrong_has_its_sentence(pair, thanks, why):
    server = pair.serve(FILE)
    with closing(pair.dial_server()) as client:
        assert client.hear() == Heard(b"12\n" + FILE, EOF)
        client.say(thanks)
        client.half_close()
        assert reason(server) == f"read from client: {why}"
    assert said(server) == ""


def test_a_receipt_may_come_before_the_file_was_read(pair):
    """It is as good as the word of who gives it, whenever that is."""
    server = pair.serve(FILE)
    with closing(pair.dial_server()) as client:
        client.say(b"Thank you 12\n")
        client.half_close()
        assert client.hear() == Heard(b"12\n" + FILE, EOF)
        assert str(server.ends()) == "exit 0", server.stderr
    assert said(server) == "Message from client: Thank you 12\n"


def test_a_right_receipt_that_is_reset_is_none(pair):
    server = pair.serve(FILE)
    client = pair.dial_server()
    client.hear()
    client.say(b"Thank you 12\n")
    assert server.until(lambda: kernel.unread(server.pid, *client.ports) == 0)
    client.reset()
    assert reason(server) == "read from client: Connection reset by peer"
    assert said(server) == ""


# --- files that change while they are sent ---------------------------------

LONG = 16_000_000  # bytes: more than kernels hold for a client that waits


def position(server: Program, file: Path) -> int:
    """Return how far a program has read a file (proc(5), fdinfo)."""
    for entry in Path(f"/proc/{server.pid}/fd").iterdir():
        if os.readlink(entry) == str(file):
            info = Path(f"/proc/{server.pid}/fdinfo/{entry.name}").read_text()
            return int(re.search(r"pos:\s+(\d+)", info)[1])
    raise AssertionError(f"{server.name} has not opened {file}")


def held(pair: PairMeeting) -> tuple[Program, Peer, bytes]:
    """Hold a server in the middle of a file; return what it is to send."""
    data = random.Random(LONG).randbytes(1 << 20) * 16
    data = data[:LONG]
    server = pair.serve(data)
    client = pair.dial_server()
    assert server.until(lambda: kernel.unread(
        server.pid, *reversed(client.ports)))
    assert position(server, pair.original) < LONG
    return server, client, b"%d\n" % LONG + data


@pytest.mark.parametrize("more", (1, 100_000))
def test_a_file_that_grows_while_it_is_sent_is_not_sent_whole(pair, more):
    server, client, whole = held(pair)
    with closing(client):
        with pair.original.open("ab") as file:
            file.write(bytes(more))
        heard = client.hear()
        assert reason(server) == \
            f"read original: it grew beyond {LONG} bytes"
    assert whole.startswith(heard.data) and len(heard.data) < len(whole)
    assert heard.end == RESET
    assert said(server) == ""


@pytest.mark.parametrize("data, more", (
    (b"", b"x"), (FILE, b"x"), (b"", bytes(100_000))),
    ids=("empty", "one byte more", "empty, and large"))
def test_a_file_whose_size_is_a_lie_ends_in_a_reset(pair, data, more):
    """A FIN would say that what was announced is all there is."""
    server = pair.serve(data)
    with pair.original.open("ab") as file:
        file.write(more)
    client = pair.fetch(pair.port)
    assert reason(server) == \
        f"read original: it grew beyond {len(data)} bytes"
    assert reason(client).endswith(": Connection reset by peer")
    as_it_was(pair, None)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="no procfs")
def test_a_file_of_proc_is_not_called_empty(pair):
    server = pair.start(
        [program.build(pair.pair.folder / "server.c"), "127.0.0.1", 0,
         "/proc/version", AMPLE], name="server")
    client = pair.fetch(server.listens())
    assert reason(server) == "read /proc/version: it grew beyond 0 bytes"
    assert reason(client).endswith(": Connection reset by peer")
    as_it_was(pair, None)


def test_a_file_that_cannot_be_read_to_its_end_ends_in_a_reset(pair):
    """All that was announced has come, but for the EOF."""
    server = pair.serve(FILE, fault=Fault("EIO", at=2, calls=("read",)))
    client = pair.fetch(pair.port)
    assert reason(server) == "read original: Input/output error"
    assert reason(client).endswith(": Connection reset by peer")
    as_it_was(pair, None)


@pytest.mark.parametrize("left", (0, LONG - 1))
def test_a_file_that_shrinks_while_it_is_sent_is_not_called_whole(pair, left):
    server, client, whole = held(pair)
    with closing(client):
        os.truncate(pair.original, left)
        heard = client.hear().data
        told = reason(server)
    came = len(heard) - len(b"%d\n" % LONG)
    assert told == f"read original: it shrank to {came} of {LONG} bytes"
    assert whole.startswith(heard) and came < LONG
    assert said(server) == ""


@pytest.mark.parametrize("size", (LONG - 1, LONG + 1))
def test_a_client_does_not_take_a_file_that_changed(pair, size):
    """The real client, slowed down so that the file changes under way."""
    data = random.Random(size).randbytes(1 << 20) * 16
    server = pair.serve(data[:LONG])
    client = pair.fetch(pair.port)
    client.signal(signal.SIGSTOP)
    os.truncate(pair.original, size)
    client.signal(signal.SIGCONT)
    told = [p.ends() and (str(p.exit), p.stderr) for p in (server, client)]
    if pair.copy.exists():  # it was read before it changed
        assert pair.copy.stat().st_size == LONG, told
        assert [how for how, _ in told] == ["exit 0", "exit 0"], told
    else:
        assert [how for how, _ in told] == ["exit 1", "exit 1"], told
        as_it_was(pair, None)


# --- files that no 32 bits can count ---------------------------------------

BEYOND = (1 << 32) + 1_000_001
HOURS = 300  # seconds: as good as for ever


@pytest.fixture
def wide():
    """A folder with room for such a file, which goes with the test."""
    with tempfile.TemporaryDirectory(dir=program.scratch()) as name:
        free = shutil.disk_usage(name).free
        if free < BEYOND + (1 << 30):
            pytest.skip(f"{free >> 20} MiB free, 5200 needed")
        yield Path(name)


@pytest.mark.soak(only=True)
def test_a_file_beyond_4_gib_arrives_whole(room, wide):
    pair = PairMeeting(Pair.of("07"), wide, room)
    server = pair.serve(b"", seconds=HOURS)  # only to see that 0 is 0
    assert str(pair.fetch(pair.port, seconds=HOURS).ends()) == "exit 0"
    assert str(server.ends()) == "exit 0", server.stderr
    tail = random.Random(4).randbytes(1_000_000)
    with pair.original.open("wb") as file:  # sparse
        file.seek(BEYOND - len(tail))
        file.write(tail)
    server = room.start([program.build(pair.pair.folder / "server.c"),
                         "127.0.0.1", 0, pair.original, HOURS], name="server")
    client = pair.fetch(server.listens(), seconds=HOURS)
    assert str(client.poll(HOURS)) == "exit 0", client.stderr
    assert str(server.ends()) == "exit 0", server.stderr
    assert said(server) == f"Message from client: Thank you {BEYOND}\n"
    assert pair.copy.stat().st_size == BEYOND
    with pair.copy.open("rb") as file:
        assert file.read(1 << 20) == bytes(1 << 20)
        file.seek(BEYOND - len(tail))
        assert not differs(file.read(), tail)


@pytest.mark.soak(only=True)
def test_a_file_beyond_4_gib_that_lacks_a_byte_is_refused(room, wide):
    """What is left of its length in 32 bits would be met by its beginning."""
    pair = PairMeeting(Pair.of("07"), wide, room)
    client, server = pair.answer(seconds=HOURS)
    with closing(server):
        server.say(b"%d\n" % BEYOND + bytes(BEYOND - (1 << 32)))
        server.half_close()
        assert reason(client) == \
            f"read from server: EOF after 1000001 of {BEYOND} bytes"
        assert server.hear().data == b""
    as_it_was(pair, None)
