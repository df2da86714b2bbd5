"""What a reader sees at a terminal of 80 columns and 24 lines."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
from typing import Iterator

import pytest

from lab import program
from lab.commands.terminal import CLEAR
from lab.scenario import scenarios

PROMPT = re.compile(r"press Enter\. $|Press Enter for the next\. $")
STYLE = re.compile(r"\x1b\[[\d;]*m")


def at_a_terminal(*words: str, key: bytes) -> Iterator[str]:
    """Run a command on a terminal; press `key` at each prompt.

    Yields what it printed up to each prompt, and then the rest.
    """
    pid, screen = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", LC_ALL="C.UTF-8",
                          PYTHONPATH=str(program.ROOT / "tests"))
        os.execv(sys.executable, [sys.executable, "-m", "lab", *words])
    bound = threading.Timer(100, os.kill, (pid, 9))
    bound.start()
    seen = ""
    try:
        while True:
            seen += os.read(screen, 1 << 16).decode().replace("\r\n", "\n")
            if PROMPT.search(seen):
                yield seen
                seen = ""
                os.write(screen, key)
    except OSError:  # it ended, and the terminal with it
        yield seen
    finally:
        bound.cancel()
        os.close(screen)
        assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.namespaces
def test_the_demo_asks_before_it_shows_and_a_screen_holds_each_lesson():
    screens = list(at_a_terminal("demo", key=b"\n"))
    assert len(screens) == 6
    for asked, shown in zip(screens[::2], screens[1::2]):
        assert "?" in asked and "FIN" not in asked and "asleep" not in asked
        _, _, shown = STYLE.sub("", shown).partition(CLEAR)
        assert "connect()" in shown and "said:" in shown
        assert shown.count("\n") < 24  # the prompt stands on the last line
        assert max(map(len, shown.splitlines())) <= 80
    assert "close(conn)" in screens[1] and "asleep for ever" in screens[3]


@pytest.mark.namespaces
def test_ctrl_d_lets_the_demo_run_to_its_end():
    screens = list(at_a_terminal("demo", key=b"\x04"))
    assert len(screens) == 2 and screens[1].count("said:") == 8
    assert CLEAR not in screens[1]


def test_elsewhere_the_demo_runs_through(make):
    done = make("demo")
    assert done.returncode == 0 and "Enter" not in done.stdout, done.stderr
    assert done.stdout.count("said:") == 8


def test_make_help_names_every_target_and_peer_within_80_columns(make):
    said = make("help").stdout
    assert max(map(len, said.splitlines())) <= 80
    targets = re.findall(r"^([^\s:#=.]+):",
                         (program.ROOT / "Makefile").read_text(), re.M)
    for target in set(targets) - {"Makefile"}:
        if "$" not in target:
            assert f"make {target.replace('%', 'NN')} " in said
    for scenario in scenarios():
        assert re.search(rf"[ ]{scenario.slug}\b", said)
    student, instructor = said.split("For instructors")
    assert "make check-NN" in student and "make grade " in instructor


def test_make_help_needs_nothing_built_and_no_python(kit):
    """What stands in the Makefile is told even then."""
    done = subprocess.run(["make", "help"], cwd=kit, text=True, check=False,
                          capture_output=True, timeout=100,
                          env={**os.environ, "PYTHONHOME": "/nowhere"})
    assert "make demo " in done.stdout
