"""A ladder shows what happened, in the order of cause, on any terminal."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from lab import program, sandbox, scenario
from lab.commands import trace
from lab.ladder import ladder, text
from lab.ladder.svg import svg
from lab.outcome import Outcome


@pytest.fixture(scope="module")
def heard() -> Outcome:
    """Chapter 03, once."""
    return scenario.converse(program.chapter("03"))


def drawn(outcome: Outcome, style: text.Style = text.Style()) -> str:
    """Draw an outcome without its times."""
    return text.text(ladder(outcome, "title"), style, times=False)


def column(ladder_, side: str) -> list[str]:
    """Return one side's cells from top to bottom."""
    return [cell for row in ladder_.rows for cell in getattr(row, side)]


@pytest.mark.namespaces
def test_the_half_close_is_drawn_as_on_the_board(heard):
    assert drawn(heard) == """\
title
client                                           server
connect()           ────────── SYN ───────────▶
                    ◀──────── SYN+ACK ─────────  accept() = conn
read(conn) = 12     ◀─ 12 bytes "To be sent." ─  write(conn, 12) = 12
read(conn) = 0      ◀────────── FIN ───────────  shutdown(conn, SHUT_WR)
write(conn, 9) = 9  ── 9 bytes "Thank you" ───▶  read(conn) = 9
                                                 close(conn)
                                                 exit 0
close(conn)         ────────── FIN ───────────▶
exit 0
"""


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


@pytest.mark.namespaces
def test_many_calls_and_segments_become_one_line():
    outcome = scenario.converse(program.chapter("03"), content=bytes(9000))
    made = ladder(outcome, "")
    assert "write(conn) = 9,000 in 300 calls" in column(made, "server")
    data = [row.arrow for row in made.rows if row.arrow
            and row.arrow.kind == "data" and not row.arrow.from_client]
    assert len(data) == 1
    assert re.match(r"9,000 bytes", data[0].label)
    assert len(made.rows) < 12


@pytest.mark.namespaces
def test_the_fin_after_shut_rd_stands_beside_close():
    outcome = scenario.converse(program.chapter("04"), scenario.ways(
        program.chapter("04"))[0])
    rows = ladder(outcome, "").rows
    fin = next(row for row in rows if row.arrow and row.arrow.kind == "FIN")
    assert fin.server[0] == "close(conn)"
    assert "shutdown(conn, SHUT_RD)" in column(ladder(outcome, ""), "server")


def test_without_packets_the_calls_are_still_drawn(heard):
    made = ladder(replace(heard, segments=None), "title")
    assert not made.packets
    assert not any(row.arrow for row in made.rows)
    assert column(made, "server") == [
        "accept() = conn", "write(conn, 12) = 12", "shutdown(conn, SHUT_WR)",
        "read(conn) = 9", "close(conn)", "exit 0"]
    assert column(made, "client") == [
        "connect()", "read(conn) = 12", "read(conn) = 0", "write(conn, 9) = 9",
        "close(conn)", "exit 0"]


def test_a_system_that_forbids_namespaces_is_told_so_in_one_line(
        monkeypatch, capsys):
    monkeypatch.setattr(sandbox, "why_not_private",
                        lambda: "Operation not permitted")
    trace.say_if_shared()
    said = capsys.readouterr().out
    assert said.startswith("No packets are shown") and said.count("\n") == 2


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
