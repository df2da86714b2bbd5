"""Chapter 11: 01, 02 and 03 once more, in stdio.

What students got wrong is tried here as in the notes: the chapter's server is
changed by an edit.
"""

from __future__ import annotations

import re
from typing import Callable

import pytest

from lab import chapters, kernel, program
from lab.ladder import ladder
from lab.meeting import EOF, NOTHING, Heard, Peer, Program
from lab.meeting.pair import SAMPLE, Pair, PairMeeting, converse
from lab.sandbox import Sandbox
from checkers import SANITIZERS, valgrind

pytestmark = pytest.mark.chapter("11")

FOLDER = program.chapter("11")
LARGE = bytes(range(256)) * 4000


def way(word: str) -> chapters.Way:
    """Return one of the chapter's ways."""
    return next(way for way in chapters.ways(FOLDER) if way.name == word)


@pytest.fixture
def stage(meet, tmp_path, changed_folder) -> Callable[..., PairMeeting]:
    """Makes a meeting with the server run in one way, and edited."""
    def make(word: str, *edits: tuple[str, str],
             flags: tuple[str, ...] = ()) -> PairMeeting:
        folder = changed_folder(FOLDER, *edits)
        return meet(PairMeeting, Pair(word, "11", folder, way(word)),
                    tmp_path / "files", flags=flags)
    return make


def served(it: PairMeeting, content: bytes = SAMPLE, **how: object
           ) -> tuple[Program, Peer, Heard]:
    """Start the server, and take what it sends."""
    server = it.serve(content, **how)
    peer = it.dial_server()
    return server, peer, peer.hear()


def thanked(it: PairMeeting, server: Program, peer: Peer,
            thanks: bytes = b"Thank you") -> None:
    """Say thanks, and check that the server heard them."""
    peer.say(thanks)
    peer.half_close()
    assert str(server.ends()) == "exit 0", server.stderr
    assert server.stdout.endswith("Message from client: Thank you\n")


def fails(server: Program, told: str) -> None:
    """Check that a server ends with a sentence and status 1."""
    assert str(server.ends()) == "exit 1", server.hang
    assert server.stderr == f"server: {told}\n"
    assert "Message" not in server.stdout


# --- the three ways ---------------------------------------------------------

def test_one_descriptor_for_both_is_chapter_01(stage):
    server, _, heard = served(stage("one"))
    assert heard == Heard(SAMPLE, EOF)
    fails(server, "read from client: Bad file descriptor")


def test_a_copy_that_stays_open_is_chapter_02(stage):
    server, _, heard = served(stage("dup"))
    assert heard == Heard(SAMPLE, NOTHING)
    assert kernel.stuck([server])[0].call == "read"


@pytest.mark.parametrize("content", (b"", SAMPLE, LARGE),
                         ids=("empty", "small", "large"))
@pytest.mark.parametrize("thanks", (b"Thank you", b"Thank you\0"))
def test_shutdown_ends_one_direction_of_a_stream(stage, content, thanks):
    it = stage("shutdown")
    server, peer, heard = served(it, content)
    assert heard == Heard(content, EOF)
    thanked(it, server, peer, thanks)


def test_thanks_with_a_newline_in_them_are_heard_to_their_end(stage):
    """Which fgets would not do."""
    it = stage("shutdown")
    server, peer, _ = served(it)
    peer.say(b"Thank\nyou")
    peer.half_close()
    assert str(server.ends()) == "exit 0", server.stderr
    assert server.stdout.endswith("Message from client: Thank\nyou\n")


@pytest.mark.parametrize("words, told", [
    (b"", "read from client: no thanks"),
    (b"x" * 1025, "read from client: thanks of more than 1024 bytes")],
    ids=("none", "too long"))
def test_what_is_no_thanks_is_refused(stage, words, told):
    server, peer, _ = served(stage("shutdown"))
    peer.say(words)
    peer.half_close()
    fails(server, told)


def test_a_reset_is_told_from_an_end(stage):
    """fread returns 0 for both: ferror knows."""
    server, peer, _ = served(stage("shutdown"))
    peer.reset()
    fails(server, "read from client: Connection reset by peer")


def test_the_server_is_clean_under_the_sanitizers(stage):
    it = stage("shutdown", flags=SANITIZERS)
    server, peer, _ = served(it, LARGE)
    thanked(it, server, peer)


def test_the_server_is_clean_under_valgrind(stage):
    it = stage("shutdown")
    server, peer, _ = served(it, LARGE, before=valgrind())
    thanked(it, server, peer)
    assert server.stderr == ""


@pytest.mark.parametrize("words", ([], ["half"], ["one", "dup"]))
def test_a_way_that_is_none_is_a_usage_error(meet, words):
    server = meet().start([program.build(FOLDER / "server.c"), "127.0.0.1", 0,
                           "file", *words])
    assert str(server.ends()) == "exit 2"
    assert server.stderr == \
        "usage: server HOST PORT FILE one|dup|shutdown\n"


# --- mistakes that were made ------------------------------------------------

def test_a_stream_is_no_descriptor(stage):
    it = stage("shutdown", (r"shutdown\(fileno\(out\)",
                            "shutdown((int)(long)out"))
    server, _, heard = served(it)
    assert heard == Heard(SAMPLE, EOF)
    fails(server, "shutdown to client: Bad file descriptor")


def test_a_stream_of_the_listener_has_nobody_to_read_from(stage):
    it = stage("shutdown",
               (r"    if \(close\(listener\)(.*\n)+?.*the listener.*\n", ""),
               (r"stream\(conn", "stream(listener"))
    server, _, heard = served(it)
    assert heard == Heard(SAMPLE, EOF)
    fails(server, "read from client: Transport endpoint is not connected")


def test_what_is_flushed_after_the_fin_is_lost(stage):
    it = stage("shutdown", (r"    if \(fflush\(out\) == EOF\).*\n.*\n", ""))
    server, _, heard = served(it)
    assert heard == Heard(b"", EOF)
    fails(server, "close to client: Broken pipe")


# --- what stdio costs -------------------------------------------------------

@pytest.fixture(scope="module")
def costs() -> list[str]:
    """What costs.c prints, line by line."""
    built = program.build(FOLDER / "what-stdio-costs" / "costs.c", SANITIZERS)
    with Sandbox() as room:
        asked = room.start([built])
        assert str(asked.wait()) == "exit 0", asked.stderr
        assert not asked.stderr
        return asked.stdout.decode().splitlines()


def test_fread_waits_for_as_much_as_was_asked_for(costs):
    """The other five bytes were said a second later."""
    assert "fread, 5 of 10 bytes there: 10, when the others had come" in costs


def test_a_signal_within_fread_is_an_error_after_what_came(costs):
    assert 'fread, a signal: 5 of 10, EINTR; then "fghij"' in costs


@pytest.mark.parametrize("how, why", [("a signal", "EINTR"),
                                      ("non-blocking", "EAGAIN")])
def test_fwrite_loses_bytes_that_it_said_it_took(costs, how, why):
    """Not more than a buffer; with them goes the count of what went."""
    match = re.search(rf"^fwrite, {how}: (\d+) bytes, {why}; (\d+) arrived$",
                      "\n".join(costs), re.M)
    assert match, costs
    assert 0 < int(match[1]) - int(match[2]) <= 1 << 16


def test_fread_counts_elements_not_bytes(costs):
    """One of ten bytes was asked for: five have left the stream."""
    assert 'fread, non-blocking: 5 of 10, EAGAIN; then "fghij"' in costs
    assert 'fread, non-blocking: 0 of 1, EAGAIN; then "fghij"' in costs


def test_eof_is_sticky(costs):
    assert "fread, a file that grew: 0; after clearerr 5" in costs


# --- what is seen -----------------------------------------------------------

@pytest.mark.namespaces
@pytest.mark.parametrize("word, seen", [
    ("one", ['fdopen(conn, "r")', 'fdopen(conn, "w")', "fflush(out)",
             "fclose(out)", "fread(in) = -1 EBADF", "exit 1"]),
    ("dup", ['fdopen(conn, "r")', "dup(conn)", 'fdopen(conn, "w")',
             "fflush(out)", "fclose(out)", "fread(in) ...",
             "asleep for ever"]),
    ("shutdown", ['fdopen(conn, "r")', "dup(conn)", 'fdopen(conn, "w")',
                  "fflush(out)", "shutdown(conn, SHUT_WR)", "fclose(out)",
                  "fread(in) = 9", "fclose(in)", "exit 0"])])
def test_the_ladder_shows_what_stdio_is_told(word, seen):
    made = ladder(converse(Pair.of("11", way(word))), word)
    assert [row.right.text for row in made.rows if row.right] == \
        ["accept() = conn", *seen]
    fin = [row.right.text for row in made.rows
           if row.arrow and row.arrow.kind == "FIN"
           and not row.arrow.to_right and row.right]
    assert fin == {"one": ["fclose(out)"], "dup": [],
                   "shutdown": ["shutdown(conn, SHUT_WR)"]}[word]


def test_the_client_stays_the_same_to_the_byte():
    before, this = (program.chapter(n) / "client.c" for n in ("05", "11"))
    assert this.read_bytes() == before.read_bytes()
