"""A ladder shows what happened, in the order of cause, on any terminal."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from typing import Optional

import pytest

from lab import chapters, matrix, program, sandbox, scenario
from lab.calls import Call
from lab.commands import trace
from lab.ladder import Arrow, Event, Ladder, Row, ladder, ladders, \
    text
from lab.ladder.rows import PAUSE
from lab.ladder.svg import svg
from lab.meeting.pair import Pair, converse
from lab.outcome import Outcome, Part, Relay
from lab.sandbox import Exit
from lab.verdicts import OK, PATIENCE
from lab.wire import ACK, FIN, RST, SYN, Segment

SERVER, CLIENT, SECOND = 7000, 50000, 50001  # ports
PLAIN = text.Style()


@pytest.fixture(scope="module")
def heard() -> Outcome:
    """Chapter 03, once."""
    return converse(Pair.of("03"))


def drawn(outcome: Outcome, style: text.Style = PLAIN) -> str:
    """Draw an outcome without its times."""
    return text.text(ladder(outcome, "title", timed=False), style)


def events(made: Ladder, side: str) -> list[Event]:
    """Return what one party did, from top to bottom."""
    return [getattr(row, side) for row in made.rows if getattr(row, side)]


def column(made: Ladder, side: str) -> list[str]:
    """Return that in words."""
    return [event.text for event in events(made, side)]


def labels(made: Ladder) -> list[str]:
    """Return what stands on the arrows, from top to bottom."""
    return [row.arrow.label for row in made.rows if row.arrow]


def segment(when: float, flags: int, payload: bytes = b"", port: int = CLIENT,
            from_server: bool = False, sequence: int = 0) -> Segment:
    """Make a segment; `when` is in milliseconds."""
    ports = (SERVER, port) if from_server else (port, SERVER)
    return Segment(when / 1000, *ports, flags, sequence, len(payload), payload)


def call(when: float, name: str, fd: int, argument: int = 0,
         result: Optional[int] = 0, error: str = "", pid: int = 1) -> Call:
    """Make a call; `when` is in milliseconds."""
    return Call(pid, when / 1000, name, fd, argument, result, error)


def dialled(when: float, port: int = CLIENT) -> list[Segment]:
    """Return the segments with which a conversation begins."""
    return [segment(when, SYN, port=port),
            segment(when, SYN | ACK, port=port, from_server=True)]


def outcome(segments: list[Segment], client: list[Call], server: list[Call],
            ended: Optional[float] = None) -> Outcome:
    """Make an outcome of two programs that ended well at `ended` ms."""
    seconds = None if ended is None else ended / 1000
    return Outcome(*(Part(Exit(0), "", "", tuple(calls), ended=seconds)
                     for calls in (server, client)),
                   SERVER, b"", b"", tuple(segments))


# --- what it shows ---------------------------------------------------------

@pytest.mark.namespaces
def test_the_half_close_is_drawn_as_on_the_board(heard):
    assert drawn(heard) == """\
title
client                                             server
connect()           ─────────── SYN ────────────▶
                    ◀───────── SYN+ACK ──────────  accept() = conn
read(conn) = 12     ◀─ 12 bytes "To be sent.\\n" ─  write(conn, 12) = 12
read(conn) = 0      ◀─────────── FIN ────────────  shutdown(conn, SHUT_WR)
write(conn, 9) = 9  ─── 9 bytes "Thank you" ────▶  read(conn) = 9
                                                   close(conn) (FIN sent)
                                                   exit 0
close(conn)         ─────────── FIN ────────────▶
exit 0
"""


@pytest.mark.namespaces
def test_many_calls_and_segments_become_one_line():
    many = converse(Pair.of("03"), bytes(9000))
    made = ladder(many, "", timed=False)
    assert "write(conn) = 9,000 in 300 calls" in column(made, "right")
    data = [row.arrow for row in made.rows if row.arrow
            and row.arrow.kind == "data" and not row.arrow.to_right]
    assert len(data) == 1
    assert re.match(r"9,000 bytes", data[0].label)
    assert len(made.rows) < 12


@pytest.mark.namespaces
def test_the_fin_after_shut_rd_stands_beside_close():
    folder = program.chapter("04")
    rows = ladder(converse(Pair.of("04", chapters.ways(folder)[0])), "").rows
    fin = next(row for row in rows if row.arrow and row.arrow.kind == "FIN")
    assert fin.right == Event("close(conn)")
    assert "shutdown(conn, SHUT_RD)" in [row.right.text for row in rows
                                         if row.right]


@pytest.mark.namespaces
def test_the_length_and_the_receipt_of_07_can_be_read():
    made = ladder(converse(Pair.of("07")), "")
    said = [label for label in labels(made) if "byte" in label]
    assert said == ['3 bytes "12\\n"', '12 bytes "To be sent.\\n"',
                    '13 bytes "Thank you 12\\n"']


@pytest.mark.namespaces
@pytest.mark.parametrize("number", ["03", "05", "06", "07"])
def test_nothing_is_marked_wrong_in_a_program_that_is_right(number):
    made = ladder(converse(Pair.of(number)), "")
    assert not [event for side in ("left", "right")
                for event in events(made, side) if event.wrong]


@pytest.mark.namespaces
def test_what_is_wrong_is_marked_wrong():
    made = ladder(converse(Pair.of("01")), "")
    assert [event.text for side in ("left", "right")
            for event in events(made, side) if event.wrong] \
        == ["read(conn) = -1 EBADF"]


@pytest.mark.parametrize("error,repeated,wrong", [
    ("EAGAIN", True, False), ("EINTR", True, False), ("EINTR", False, True),
    ("ECONNRESET", False, True), ("EBADF", True, True)])
def test_an_error_that_is_to_be_tried_again_is_no_fault(
        error, repeated, wrong):
    calls = [call(0, "accept", 3, result=4),
             call(1, "read", 4, result=-1, error=error)]
    if repeated:
        calls.append(call(2, "read", 4, result=0))
    made = ladder(outcome(dialled(0), [], calls), "")
    assert any(event.wrong for event in events(made, "right")) == wrong


@pytest.mark.namespaces
def test_a_close_that_sends_nothing_says_why():
    naive = ladder(converse(Pair.of("01")), "", timed=False)
    assert Event("close(conn)", why="reset") in events(naive, "left")
    assert Event("close(conn)") in events(naive, "right")
    right = ladder(converse(Pair.of("03")), "", timed=False)
    assert Event("close(conn)", why="FIN sent") in events(right, "right")
    assert Event("close(conn)") in events(right, "left")


def test_a_close_while_another_process_has_a_copy_says_so():
    server = [call(0, "accept", 3, result=4), call(1, "close", 4),
              call(2, "close", 4, pid=2)]
    fin = segment(3, FIN | ACK, from_server=True, sequence=1)
    made = ladder(outcome([*dialled(0), fin], [], server), "")
    assert events(made, "right")[1:3] == [
        Event("close(conn)", why="a copy is open"), Event("close(conn)")]
    beside = next(row for row in made.rows if row.arrow
                  and row.arrow.kind == "FIN")
    assert beside.right == Event("close(conn)")


def test_a_copy_that_is_never_closed_is_one_all_the_same():
    server = [call(0, "accept", 3, result=4), call(1, "close", 4),
              call(2, "shutdown", 4, 1, pid=2)]
    fin = segment(3, FIN | ACK, from_server=True, sequence=1)
    made = ladder(outcome([*dialled(0), fin], [], server), "")
    beside = next(row for row in made.rows if row.arrow
                  and row.arrow.kind == "FIN")
    assert beside.right == Event("shutdown(conn, SHUT_WR)")


def test_a_thread_that_reads_what_was_closed_has_no_copy():
    server = [call(0, "accept", 3, result=4), call(1, "close", 4),
              call(2, "read", 4, 9, result=-1, error="EBADF", pid=2)]
    made = ladder(outcome(dialled(0), [], server), "")
    assert Event("close(conn)", why="no FIN") in events(made, "right")


def test_a_reset_that_a_close_after_shutdown_sends_stands_beside_it():
    server = [call(0, "accept", 3, result=4), call(1, "shutdown", 4, 1),
              call(9, "close", 4)]
    segments = [*dialled(0),
                segment(1, FIN | ACK, from_server=True, sequence=1),
                segment(5, ACK, b"unread", sequence=1),
                segment(9, RST, from_server=True)]
    rows = ladder(outcome(segments, [], server), "").rows
    reset = next(row for row in rows if row.arrow and row.arrow.kind == "RST")
    assert reset.right == Event("close(conn)")


@pytest.mark.namespaces
def test_thanks_before_the_read_tell_rd_from_rdwr():
    """They arrive between `shutdown` and `close`."""
    folder, told = program.chapter("04"), {}
    for how in ("rd", "rdwr"):
        act, = scenario.play(scenario.scenario("early"),
                           trace.pair_of(folder, how))
        made = ladder(act.outcome, "", timed=False)
        order = column(made, "right")
        assert order[2].startswith("shutdown") and "close(conn)" in order[4]
        told[how] = order[3], [label for label in labels(made)
                               if label in ("FIN", "RST")]
    assert told == {"rd": ("read(conn) = 9", ["FIN", "FIN"]),
                    "rdwr": ("read(conn) = -1 ECONNRESET", ["FIN", "RST"])}


@pytest.mark.namespaces
def test_the_dripping_shows_and_ends_when_the_patience_does():
    chapter = program.chapter("06")
    act, _ = scenario.play(scenario.scenario("dripping"),
                         trace.pair_of(chapter, ""))
    made = ladder(act.outcome, "")
    drops = [row for row in made.rows if row.arrow
             and row.arrow.label == '1 byte "T"']
    assert len(drops) >= 2 and act.verdict == OK
    end = [row.right for row in made.rows].index(Event("exit 1"))
    times = [row.time for row in made.rows[:end + 1] if row.time is not None]
    assert times[-1] > 1000 * PATIENCE - PAUSE


@pytest.mark.namespaces
def test_a_limit_on_each_call_is_held_by_one_that_drips():
    """SO_RCVTIMEO begins anew with every byte, for as long as they come."""
    limited = trace.pair_of(program.chapter("06"), "receive-timeout")
    act = scenario.play(scenario.scenario("dripping"), limited)[0]
    made = ladder(act.outcome, "")
    assert act.verdict == "hangs"
    assert events(made, "right")[-1] == Event("still runs")
    assert max(row.time or 0 for row in made.rows) > 1500 * PATIENCE


def test_a_close_after_a_reset_did_not_send_it():
    """The kernel answered what came between shutdown and close."""
    server = [call(0, "accept", 3, result=4), call(1, "shutdown", 4, 2),
              call(9, "close", 4)]
    segments = [*dialled(0),
                segment(1, FIN | ACK, from_server=True, sequence=1),
                segment(5, ACK, b"thanks", sequence=1),
                segment(5, RST, from_server=True)]
    made = ladder(outcome(segments, [], server), "")
    assert Event("close(conn)", why="FIN sent") in events(made, "right")
    reset = next(row for row in made.rows
                 if row.arrow and row.arrow.kind == "RST")
    assert reset.right != Event("close(conn)")


# --- times -----------------------------------------------------------------

def test_times_never_run_back():
    """A tap stamps a segment late whose answer it has stamped already."""
    segments = [*dialled(0), segment(0.9, ACK, b"Thank you", sequence=1),
                segment(0.8, RST, from_server=True)]
    rows = ladder(outcome(segments, [], []), "").rows
    assert [row.time for row in rows if row.time is not None] \
        == [0.0, 0.0, 0.8, 0.8]


def test_who_gives_up_shows_when():
    server = [call(0, "accept", 3, result=4), call(1, "shutdown", 4, 1)]
    segments = [*dialled(0), segment(1, FIN | ACK, from_server=True,
                                     sequence=1)]
    rows = ladder(outcome(segments, [], server, ended=801), "").rows
    assert rows[-1] == Row(801.0, Event("exit 0"), None, Event("exit 0"))
    rows = ladder(outcome(segments, [], server, ended=801), "",
                  timed=False).rows
    assert rows[-1].right == Event("exit 0")
    assert [row.time for row in rows] == [None] * len(rows)


def test_data_after_a_pause_has_a_row_of_its_own():
    drops = [segment(when, ACK, b"T", sequence=1 + index)
             for index, when in enumerate((1, 2, 300, 600))]
    made = ladder(outcome([*dialled(0), *drops], [], []), "")
    assert labels(made)[2:] == ["2 bytes in 2 segments", '1 byte "T"',
                                '1 byte "T"']
    assert made.rows[-1].time == 600.0


# --- how large it gets -----------------------------------------------------

def talk(turns: int) -> Outcome:
    """Make a conversation of many turns."""
    segments, client, server = dialled(0), [call(0, "connect", 3)], \
        [call(0, "accept", 3, result=4)]
    for turn in range(turns):
        for from_server in (False, True):
            segments.append(segment(turn, ACK, b"x", sequence=turn,
                                    from_server=from_server))
        client += [call(turn, "write", 3, 1, 1), call(turn, "read", 3, 1, 1)]
        server += [call(turn, "read", 4, 1, 1), call(turn, "write", 4, 1, 1)]
    return outcome(segments, client, server)


def test_the_middle_of_a_long_ladder_is_left_out_and_counted():
    made = ladder(talk(20_000), "long")
    told = text.text(made, PLAIN)
    assert len(told.splitlines()) <= 60
    left_out = sum(row.left_out for row in made.rows)
    assert f"… {left_out:,} rows left out …" in told
    assert left_out + len(made.rows) - 1 == 40_003
    assert f"{left_out:,} rows are left out" in svg([made], "long")


@pytest.mark.parametrize("columns", [60, 72, 80])
def test_a_ladder_is_never_wider_than_its_terminal(columns):
    wide = Row(12345.6, Event("x" * 50, why="FIN sent"),
               Arrow("data", '20 bytes "' + "\\n" * 20 + '"', True),
               Event("closesocket(conn) = -1 WSAECONNABORTED 1,000 times"))
    made = Ladder("a title " * 20, (wide, Row(None, left_out=7)), True)
    for style in (PLAIN, text.Style(utf8=False)):
        told = text.text(made, style, columns)
        assert max(map(len, told.splitlines())) <= columns
        assert "".join(told.split()).count("x") == 50


def test_a_fault_is_never_torn_from_its_number():
    row = Row(0.0, None, Arrow("data", "1,000,000 bytes in 1,000 segments",
                               False),
              Event("write(conn) = 1,000,000 in 33,334 calls, 50 EAGAIN"))
    lines = text.text(Ladder("", (row,), True), PLAIN, 60).splitlines()
    assert any("in 33,334 calls" in line for line in lines)
    assert any("= 1,000,000" in line for line in lines)


@pytest.mark.namespaces
@pytest.mark.parametrize("pair", matrix.pairs(), ids=lambda pair: pair.name)
def test_every_ladder_of_the_matrix_fits_a_terminal(pair):
    for cell in matrix.measure([pair], scenario.scenarios()):
        for act in cell.acts:
            for made in ladders(act.outcome, f"{pair.name}, {act.title}"):
                told = text.text(made, PLAIN).splitlines()
                assert max(map(len, told)) <= 80, "\n".join(told)
                assert len(told) <= 60
                times = [row.time for row in made.rows
                         if row.time is not None]
                assert times == sorted(times)


# --- several conversations -------------------------------------------------

def two_clients() -> Outcome:
    """Make an outcome of a server that serves two, one after the other."""
    segments = [*dialled(0), *dialled(5, SECOND),
                segment(6, ACK, b"one", from_server=True, sequence=1),
                segment(7, ACK, b"second", SECOND, True, 1)]
    client = [call(0, "connect", 8), call(5, "connect", 9),
              call(6, "recv", 8, result=3), call(7, "recv", 9, result=6)]
    server = [call(0, "accept", 3, result=4), call(5, "accept", 3, result=5),
              call(6, "write", 4, 3, 3), call(7, "write", 5, 6, 6),
              call(8, "accept", 3, result=None)]
    return outcome(segments, client, server)


def test_two_clients_of_a_server_have_a_ladder_each_on_one_clock():
    first, second = ladders(two_clients(), "many")
    assert labels(first)[2:] == ['3 bytes "one"']
    assert labels(second)[2:] == ['6 bytes "second"']
    assert column(first, "right") == ["accept() = conn", "write(conn, 3) = 3",
                                      "exit 0"]
    assert column(second, "left") == ["connect()", "recv(conn) = 6", "exit 0"]
    assert first.rows[0].time == 0.0 and second.rows[0].time == 5.0
    assert second.title == "many, client 2"


def test_of_many_clients_the_first_and_the_last_are_drawn():
    """The last is the one that the crowd is about."""
    ports = range(SECOND, SECOND + 1000)
    drawn = ladders(outcome([part for number, port in enumerate(ports)
                             for part in dialled(number, port)], [], []),
                    "a crowd")
    assert [one.title for one in drawn] == ["a crowd", "a crowd, client 1,000"]
    assert [one.rows[0].time for one in drawn] == [0.0, 999.0]


def test_a_child_that_serves_one_goes_on_while_its_number_is_given_anew():
    """The parent closes its copy, and the next client gets the number."""
    served = two_clients()
    calls = [call(0, "accept", 3, result=4), call(1, "read", 4, 9, 9, pid=2),
             call(1, "close", 4), call(5, "accept", 3, result=4),
             call(6, "write", 4, 3, 3, pid=2), call(7, "write", 4, 6, 6)]
    first, second = ladders(replace(served, server=replace(
        served.server, calls=tuple(calls))), "fork")
    assert "write(conn, 3) = 3" in column(first, "right")
    assert "write(conn, 6) = 6" in column(second, "right")
    assert "write(conn, 3) = 3" not in column(second, "right")


def test_a_relay_has_two_ladders_on_one_clock():
    """Its calls are parted: those on what it accepted, and on what it dialled.
    """
    calls = [call(0, "accept", 3, result=4), call(2, "connect", 5),
             call(3, "read", 4, 2, 2), call(3, "write", 5, 2, 2)]
    near = outcome([*dialled(0), segment(3, ACK, b"hi", sequence=1)],
                   [call(0, "connect", 3)], [call(2, "accept", 3, result=4)])
    part = Part(Exit(0), "", "", tuple(calls))
    far = tuple([*dialled(2), segment(3, ACK, b"hi", sequence=1)])
    left, right = ladders(replace(near, relay=Relay(part, SERVER, far)),
                          "relay")
    assert (left.left, left.right) == ("client", "relay")
    assert (right.left, right.right) == ("relay", "server")
    assert column(left, "right") == ["accept() = conn", "read(conn) = 2",
                                     "exit 0"]
    assert column(right, "left") == ["connect()", "write(conn, 2) = 2",
                                     "exit 0"]
    assert right.rows[0].time == 2.0
    assert text.text(right, PLAIN).splitlines()[1].split() \
        == ["ms", "relay", "server"]


# --- on any terminal, and without packets ----------------------------------

@pytest.mark.namespaces
def test_a_terminal_without_utf8_gets_ascii(heard):
    plain = drawn(heard, text.Style(utf8=False))
    assert plain.isascii()
    assert "--- FIN ---" in plain and "->" in plain and "<-" in plain


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream,environ,expected", [
    (Terminal(), {"LANG": "en_GB.UTF-8", "TERM": "xterm"}, (True, True)),
    (Terminal(), {"LANG": "C", "TERM": "xterm"}, (False, True)),
    (Terminal(), {"LC_ALL": "C", "LANG": "C.UTF-8", "TERM": "xterm"},
     (False, True)),
    (Terminal(), {"LANG": "C.utf8", "TERM": "xterm", "NO_COLOR": "1"},
     (True, False)),
    (Terminal(), {"LANG": "C.utf8", "TERM": "xterm", "NO_COLOR": ""},
     (True, True)),
    (Terminal(), {"LANG": "C.utf8", "TERM": "dumb"}, (True, False)),
    (io.StringIO(), {"LANG": "C.utf8", "TERM": "xterm"}, (True, False)),
    (io.StringIO(), {}, (False, False)),
])
def test_the_style_is_what_the_terminal_can_show(stream, environ, expected):
    style = text.Style.of(stream, environ)
    assert (style.utf8, style.colour) == expected


@pytest.mark.namespaces
def test_colour_marks_what_crossed_and_moves_nothing(heard):
    coloured = drawn(heard, text.Style(colour=True))
    assert "\033[" in coloured
    assert re.sub(r"\033\[[\d;]*m", "", coloured) == drawn(heard)


def test_colour_marks_what_went_wrong():
    made = Ladder("", (Row(0.0, Event("read(conn) = -1 EBADF", True),
                           right=Event("exit 0")),), True)
    told = text.text(made, text.Style(colour=True))
    assert "\033[1;31mread(conn) = -1 EBADF\033[0m" in told
    assert told.endswith("  exit 0\n")


def test_without_packets_the_calls_are_still_drawn(heard):
    made = ladder(replace(heard, segments=None), "title")
    assert not made.packets
    assert not labels(made)
    assert column(made, "right") == [
        "accept() = conn", "write(conn, 12) = 12", "shutdown(conn, SHUT_WR)",
        "read(conn) = 9", "close(conn)", "exit 0"]
    assert column(made, "left") == [
        "connect()", "read(conn) = 12", "read(conn) = 0", "write(conn, 9) = 9",
        "close(conn)", "exit 0"]


def test_a_system_that_forbids_namespaces_is_told_so_in_one_line(
        monkeypatch, capsys):
    monkeypatch.setattr(sandbox, "why_not_private",
                        lambda: "Operation not permitted")
    trace.say_if_shared()
    said = capsys.readouterr().out
    assert said.startswith("No packets are shown") and said.count("\n") == 2


# --- as a picture ----------------------------------------------------------

def test_the_picture_has_its_own_background_and_words(heard):
    picture = svg([ladder(heard, "a <title> & more")], "the & title")
    root = ElementTree.fromstring(picture)
    space = "{http://www.w3.org/2000/svg}"
    children = [child.tag.replace(space, "") for child in root]
    assert children[:4] == ["title", "desc", "style", "rect"]
    assert root[0].text == "the & title"
    assert "server: exit 0; client: exit 0" in root[1].text
    assert root[3].attrib["fill"] == "#fff"
    assert float(root[3].attrib["width"]) == float(root.attrib["width"]) - 1
    assert "script" not in picture
