"""What a student who has changed a chapter hears from make test-NN."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import told as account

CHOSEN = "half_closes_and or pair_ends or printed_diff or no_thanks"


def told(kit: Path, before: str, after: str) -> list[str]:
    """Change chapter 03's server in a kit, and test it as make does."""
    server = kit / "chapters" / "03-half-close" / "server.c"
    text = server.read_text()
    assert before in text
    server.write_text(text.replace(before, after))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "--chapter=03", "--tb=no", "-rN", "-k", CHOSEN, "tests"], cwd=kit,
        env={**os.environ, "PY_COLORS": "0"}, text=True, capture_output=True,
        check=False, timeout=200)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.namespaces
def test_a_changed_server_is_told_what_happened_with_a_ladder(kit):
    said = told(kit, "shutdown(conn, SHUT_WR)", "shutdown(conn, SHUT_RD)")
    assert "FAIL  the server half closes and hears the thanks (in 9 cases)" \
        in said
    assert "      expected  server: exit 0, printed " \
        '"Message from client: Thank you"' in said
    assert any(line.startswith("      happened  server: exit 1, printed "
                               "nothing") for line in said)
    assert any("shutdown(conn, SHUT_RD)" in line for line in said)
    where = said.index("No longer true of the chapter's notes:")
    assert said[where + 1].strip() == \
        "every printed diff is the one to the program before"
    assert len(said) < 80
    assert [line for line in said if len(line) > 80] == []
    whole = "\n".join(said)
    assert "Error" not in whole and "make " not in whole
    assert "test_an_eof" not in whole  # that one is as it was


@pytest.mark.namespaces
def test_a_server_that_hangs_is_told_so_without_a_wait(kit):
    said = told(kit, "if (shutdown(conn, SHUT_WR) == -1)", "if (0)")
    whole = "\n".join(said)
    assert "then nothing" in whole and "asleep for ever" in whole
    assert "seconds later" not in whole


def test_a_change_that_breaks_only_the_notes_is_not_called_a_fault(kit):
    said = told(kit, "shutdown(conn, SHUT_WR)", "shutdown(conn, 1)")
    assert "The programs do what they must, but no longer what the notes " \
        "tell:" in said


@pytest.mark.parametrize("crash,lines", [
    ("AssertionError: client: b''\n  assert 'exit 3' == 'exit 0'\n    + x",
     ["expected  'exit 0'", "happened  'exit 3'", "client: b''"]),
    ("AssertionError: expected  a\n  happened  b\n  assert 1 == 2",
     ["expected  a", "happened  b"]),
    ("assert not [3]", ["not [3]"])])
def test_what_an_assertion_compares_is_told(crash, lines):
    report = SimpleNamespace(
        nodeid="tests/test_a.py::test_the_pair_meets[::1-06]",
        longrepr=SimpleNamespace(reprcrash=SimpleNamespace(message=crash)))
    assert account.sentence(report) == "the pair meets"
    assert account.message(report) == lines


@pytest.mark.parametrize("line", (
    "expected  " + "word " * 20, "what the server said: " + "word " * 20))
def test_no_line_that_is_told_is_wider_than_a_terminal(line):
    lines = account.wrapped(line).splitlines()
    assert len(lines) > 1 and max(map(len, lines)) <= 80


def test_what_is_drawn_keeps_its_blanks():
    drawn = " 0.0  connect()    ──── SYN ───▶"
    assert account.wrapped(drawn) == " " * 6 + drawn
