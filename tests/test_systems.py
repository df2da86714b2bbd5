"""It runs where students are: other Pythons, other limits, other callers.

Each test puts the kit where something is spelled differently, forbidden, used
up or closed. What a system can't give is said in one sentence.
"""

from __future__ import annotations

import ast
import os
import shlex
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

import lab
from lab import commands, program, sandbox
from lab.judging import submission

TESTS = program.ROOT / "tests"
OLD = "import sys; sys.version_info = (3, 8, 18, 'final', 0); import lab"


def lab_python(code: str, *words: object, **env: str
               ) -> subprocess.CompletedProcess:
    """Run Python code that can import the lab, with `env` besides ours."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], text=True,
        capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(TESTS), **env}, timeout=100)


# --- Pythons ---------------------------------------------------------------

def test_an_old_python_gets_a_sentence():
    done = subprocess.run([sys.executable, "-c", OLD], cwd=TESTS,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("The lab needs Python 3.9 or later, and "
                                  "this is 3.8 (")
    assert done.stderr.count("\n") == 1


def test_every_python_can_read_the_file_that_says_so():
    ast.parse(Path(lab.__file__).read_text(), feature_version=(3, 4))


def test_tests_are_not_run_by_an_old_python(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # as it answers: is it recent?
    old.chmod(0o755)
    script = (TESTS / "run").read_text().replace("/usr/bin/python3", str(old))
    (tmp_path / "run").write_text(script)
    done = subprocess.run(["sh", tmp_path / "run"], capture_output=True,
                          env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
                          text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1, "tests: no Python 3.9 or later here: install python3\n")


FORKS_ALONE = """
import os, sys, threading
from lab import commands
fork = os.fork
def alone():
    assert threading.active_count() == 1, threading.enumerate()
    return fork()
os.fork = alone
sys.exit(commands.run(sys.argv[1], []))
"""


@pytest.mark.namespaces
@pytest.mark.parametrize("command", ("doctor", "grade"))
def test_nobody_is_forked_from_among_threads(command, tmp_path):
    """Its locks may be held for ever: Python 3.12 and later warn of it."""
    folder = tmp_path / "class" / "ann" / "01-return-the-thanks"
    folder.mkdir(parents=True)
    (folder / "server.c").write_text("int main(void) { return 1; }\n")
    done = lab_python(FORKS_ALONE, command, EXERCISE="01",
                      SUBMISSIONS=str(tmp_path / "class"),
                      PYTHONWARNINGS="error::DeprecationWarning")
    assert (done.returncode, "Error" in done.stderr) == (0, False), done


# --- callers ---------------------------------------------------------------

IN_A_ROOM = """
import os, sys
from lab.sandbox import Sandbox
os.chdir(sys.argv[1])
if os.getuid() == 0:
    os.chown(".", 1, 1)  # somebody's home, and we came with sudo
else:
    os.rmdir(sys.argv[1])  # where Python 3.13.0 can import no socket
with Sandbox() as room:
    print(room.start(["true"]).wait())
"""


def test_a_program_starts_though_our_own_folder_is_closed_to_it(tmp_path):
    home = tmp_path / "home"
    home.mkdir(0o700)
    done = lab_python(IN_A_ROOM, home)
    assert (done.stdout, done.stderr) == ("exit 0\n", "")


def test_what_the_system_refuses_names_the_place(tmp_path):
    with sandbox.Sandbox() as room:
        for start, place in ((dict(cwd=tmp_path / "gone"), tmp_path / "gone"),
                             ({}, "/no/such/program")):
            with pytest.raises(OSError) as caught:
                room.start(["/no/such/program"], **start)
            assert commands.reason(caught.value) == \
                f"{place}: No such file or directory"
    assert commands.reason(OSError(2, "gone", "a/b")) == "a/b: gone"
    assert commands.reason(OSError("neither")) == "neither"


def shell(words: str) -> subprocess.CompletedProcess:
    """Let a shell run words in which LAB stands for the bench's commands."""
    lab_words = f"{shlex.quote(sys.executable)} -m lab"
    return subprocess.run(
        ["sh", "-c", words.replace("LAB", lab_words)], text=True,
        capture_output=True, check=False, timeout=100,
        env={**os.environ, "PYTHONPATH": str(TESTS)})


@pytest.mark.parametrize("limit,said", (
    ("ulimit -n 12", "Too many open files"),
    ("ulimit -f 2000", "File too large")))
def test_a_limit_that_is_too_low_is_named(limit, said):
    sandbox.why_not_private()  # what it needs is built
    done = shell(f"{limit}; LAB trace 01")
    assert (done.returncode, done.stderr) == (
        1, f"trace: {said} (too low a limit? `{limit[:9]}` shows it)\n")


@pytest.mark.parametrize("error,said", (
    (MemoryError(), "Cannot allocate memory (too low a limit? `ulimit -v`"),
    (RuntimeError("can't start new thread"),
     "can't start new thread (too low a limit? `ulimit -u`")))
def test_a_limit_that_python_meets_is_named(error, said, monkeypatch, capsys):
    def does(_: object) -> int:
        raise error
    monkeypatch.setattr(commands.Command, "load", lambda *_: does)
    assert commands.run("doctor", []) == 1
    assert capsys.readouterr().err == f"doctor: {said} shows it)\n"


def test_a_compiler_that_is_short_of_something_blames_nobody(tmp_path,
                                                             monkeypatch):
    """As under `ulimit -u 8`: cc starts, but not what it starts itself."""
    short = tmp_path / "cc"
    short.write_text("#!/bin/sh\necho 'cc: vfork: no more' >&2\nexit 1\n")
    short.chmod(0o755)
    monkeypatch.setenv("CC", str(short))
    with pytest.raises(program.NotInstalled) as caught:
        submission.build_own(program.chapter("01") / "server.c")
    assert str(caught.value) == (
        f"{short} makes no program here, not even of a right source: "
        "cc: vfork: no more")


def test_little_output_takes_little_memory(room):
    """All that it may be was set aside for it each time: 16 MiB."""
    process = room.start(["echo", "x"])
    process.wait()
    tracemalloc.start()
    assert process.stdout == b"x\n"
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


# --- streams ---------------------------------------------------------------

def test_a_full_standard_output_is_told_once():
    done = shell("LAB score >/dev/full")
    assert (done.returncode, done.stderr) == (
        1, "standard output: No space left on device: what was said is "
        "lost\n")


def test_who_closes_the_pipe_is_told_nothing():
    done = shell("(LAB trace 03; echo $? >&2) | true")
    assert done.stderr == "1\n"


# --- containers ------------------------------------------------------------

def without(calls: str, *words: str) -> subprocess.CompletedProcess:
    """Run a command of the bench where some system calls are refused."""
    return shell(" ".join([shlex.quote(sys.executable),
                           shlex.quote(str(TESTS / "without.py")), calls,
                           "LAB", *words]))


def test_the_demo_tells_a_proof_from_a_clock_where_nothing_can_be_proved():
    done = without("unshare,pidfd_getfd", "demo")
    assert done.returncode == 0, done.stderr
    assert "No packets are shown" in done.stdout
    assert "still runs" in done.stdout
    assert "That was proved" not in done.stdout
    assert ("This system lets nobody prove it (pidfd_getfd: Operation not "
            "permitted): they\nstill ran after 5 seconds.") in done.stdout


@pytest.mark.namespaces
def test_the_demo_says_what_was_proved(make):
    assert "That was proved from the kernel's tables" in make("demo").stdout


def test_a_check_says_that_a_clock_decides():
    done = without("pidfd_getfd", "check", "01")
    assert ("Nothing can be proved stuck on this system (pidfd_getfd: "
            "Operation not permitted), so a clock") in done.stdout


def test_the_doctor_names_what_forbids_a_proof():
    done = without("pidfd_getfd", "doctor")
    assert ("NO  proof that a program is stuck, from /proc\n"
            "      pidfd_getfd: Operation not permitted; ") in done.stdout
    assert "--cap-add SYS_PTRACE" in done.stdout
