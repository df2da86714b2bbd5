"""The bench's commands: what they answer, and how they end."""

from __future__ import annotations

import importlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

from lab import program, sandbox
from lab.__main__ import main
from lab.commands import demo, doctor, trace
from lab.classroom.worker import Worker
from lab.outcome import Outcome, Part
from lab.sandbox import Sandbox
from lab import meeting


def command(*words: str, **environ: str) -> subprocess.CompletedProcess:
    """Run a command of the bench as make does, with this asked for."""
    return subprocess.run(
        [sys.executable, "-m", "lab", *words], text=True, capture_output=True,
        check=False, timeout=100,
        env={**os.environ, "PYTHONPATH": str(program.ROOT / "tests"),
             **environ})


@pytest.mark.parametrize("words", [
    (), ("unknown",), ("autograde",), ("autograde", "one"), ("check",),
    ("check", "01", "one", "more"), ("doctor", "Who")], ids=" ".join)
def test_a_wrong_count_of_words_is_told_the_right_one(words):
    done = command(*words)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("usage: python3 -m lab ")
    assert done.stderr.count("\n") == 1


def test_ctrl_c_may_come_while_a_command_is_loaded(monkeypatch):
    """What is loaded before we can catch it is next to nothing."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys, lab.__main__; print(*(name for "
         "name in sys.modules if name.startswith('lab.')))"],
        env={**os.environ, "PYTHONPATH": str(program.ROOT / "tests")},
        text=True, capture_output=True, check=True)
    assert done.stdout.split() == ["lab.__main__"]

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt
    monkeypatch.setattr(importlib, "import_module", interrupted)
    assert main(["doctor"]) == 130


@pytest.mark.parametrize("closed,status", [
    (">&-", 1), ("2>&-", 0), ("<&- 2>&-", 0), (">&- 2>&-", 1)])
def test_a_closed_stream_is_no_trouble_but_for_what_is_lost(closed, status):
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "lab",
         "trace", "03"], env={**os.environ, "PYTHONPATH": str(
             program.ROOT / "tests")}, text=True, capture_output=True,
        check=False, timeout=100)
    assert done.returncode == status, done.stderr
    assert ("server said" in done.stdout) == (status == 0)
    assert done.stderr in (
        "", "standard output is closed: what was said is lost\n")


@pytest.mark.namespaces
def test_what_an_encoding_lacks_is_replaced():
    done = command("trace", "03", PYTHONIOENCODING="latin-1", LC_ALL="C.UTF-8")
    assert done.returncode == 0 and "? SYN ?" in done.stdout, done.stderr


def default_signals() -> None:
    """In a child, heed what our own caller may have had ignored: nohup(1)."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def started(*words, **options) -> Iterator[subprocess.Popen]:
    """Start a process that ends with the block, whatever happens in it."""
    with subprocess.Popen(*words, preexec_fn=default_signals,
                          **options) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def under_nohup() -> Iterator[None]:
    """Ignore SIGHUP, as all do that nohup(1) starts."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGHUP),
                         ids=("TERM", "HUP"))
def test_nothing_is_left_behind_by_who_is_ended(kit, under_nohup, number):
    ours = Path(tempfile.mkdtemp(dir=program.scratch()))  # without a blank
    source = next(kit.glob("exercises/01-*/server.c"))
    source.write_text("int main(void) { return nothing; }\n")
    with started(
            [sys.executable, "-m", "lab", "watch", "01"], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(kit / "tests"),
                 "TMPDIR": str(ours)}) as watch:
        assert any(line.startswith("Waiting for you")
                   for line in watch.stdout)
        assert list(ours.iterdir())
        watch.send_signal(number)
        assert watch.wait(60) == 128 + number
        assert watch.stderr.read() == ""
    assert not list(ours.iterdir())


def test_a_number_without_a_chapter_is_one_sentence(make):
    for target in ("trace-99", "99"):
        done = make(target)
        assert done.returncode == 2
        assert "99" in done.stderr.splitlines()[0]
        assert "Traceback" not in done.stderr


def test_a_way_that_a_chapter_lacks_is_one_sentence(make):
    for target, how in (("trace-04", "up"), ("trace-03", "wr")):
        done = make(target, f"HOW={how}")
        assert done.returncode == 2
        assert f"does not run in a way '{how}'" in done.stderr


@pytest.mark.parametrize("words,said", [
    (("trace-03", "HOW=a'b"), 'does not run in a way "a\'b"'),
    (("trace-03", "PEER=a'b"), 'there is no peer "a\'b"'),
    (("trace-a'b",), 'there is no chapter "a\'b"'),
    (('a"b',), "there is no 'a\"b' here"),
    (("regrade", "SUBMISSIONS=chapters", "STUDENT=x$$y"),
     "STUDENT 'x$y': no folder of that name")], ids=str)
def test_no_word_is_read_by_the_shell(make, words, said):
    done = make(*words)
    assert done.returncode == 2 and said in done.stderr.splitlines()[0]


@pytest.mark.parametrize("words,said", [
    (("04", "up"), "04-three-directions meets no peer in a way 'up': HOW is "
     "one of rd, wr, rdwr"),
    (("04", "../03-half-close"), "04-three-directions meets no peer in a way "
     "'../03-half-close': HOW is one of rd, wr, rdwr"),
    (("05", "."), "05-every-call-can-fail meets no peer in a way '.': HOW is "
     "one of as-printed"),
    (("15", ""), "15-windows meets no peers: leave PEER out")], ids=str)
def test_a_peer_is_met_by_a_chapter_or_by_a_folder_of_its_own(words, said):
    number, how = words
    done = command("trace", number, HOW=how, PEER="polite")
    assert (done.returncode, done.stdout) == (2, "")
    assert " ".join(done.stderr.split()) == f"trace: {said}"


@pytest.mark.parametrize("target,words", [
    ("trace-03", ["PEER=nobody"]), ("trace-99", []), ("matrix-99", []),
    ("test-99", []),
    ("trace-check-01", ["PEER=nobody"]), ("trace-05", ["HOW=up"]),
    ("trace-05", ["HOW=up", "PEER=polite"]), ("check-99", [])], ids=str)
def test_what_is_wrong_is_said_in_80_columns(make, target, words):
    done = make(target, *words)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert max(map(len, done.stderr.splitlines())) <= 80


def test_what_a_program_said_is_shown_in_80_columns(capsys):
    said = "gave up after 10 seconds: the end of the thanks had not come, " * 2
    nothing = Part(None, "", "", bench=True)
    trace.said_by(Outcome(Part(None, said, ""), nothing, 0, b"", None))
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 2 and max(map(len, shown)) <= 80
    assert " ".join(" ".join(shown).split()) == f"server said: {said}".rstrip()


def test_the_textbooks_own_pair_meets_a_peer_too():
    done = command("trace", "05", HOW="as-printed", PEER="polite")
    assert done.returncode == 0, done.stderr
    assert "05-every-call-can-fail as-printed, the pair: ok" in done.stdout


def test_a_cell_without_namespaces_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(sandbox, "why_not_private", lambda: "forbidden")
    monkeypatch.setattr(meeting, "Sandbox", lambda: Sandbox(private=False))
    monkeypatch.setenv("PEER", "power-cut")
    assert main(["trace", "03"]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("No packets are shown")
    assert said.err == "trace: PEER=power-cut needs a network namespace of " \
        "its own\n"


def test_the_demo_fails_when_a_lesson_is_not_shown(tmp_path, monkeypatch,
                                                   capsys):
    """Put chapter 03 in the place of 01: it hears what 01 must not."""
    monkeypatch.setattr(program, "chapter", {
        "01": program.chapter("03"), "02": program.chapter("02"),
        "03": program.chapter("03")}.__getitem__)
    assert demo.main([]) == 1
    said = capsys.readouterr().out
    assert said.count("BUT THIS RUN DID NOT SHOW IT: chapter 01") == 1


def test_the_doctor_answers(make):
    done = make("doctor")
    assert done.returncode == 0
    assert "yes  a C compiler" in done.stdout


def test_the_doctor_names_the_guests_of_the_races_and_their_packages(
        monkeypatch):
    sought = {name for source in (program.ROOT / "tests/lab/race").glob("*.py")
              for name in re.findall(r'which\("(.+?)"\)', source.read_text())}
    assert {"nginx", "haproxy"} <= sought
    monkeypatch.setattr(doctor.shutil, "which", lambda _: None)
    missing = {finding.what.partition(",")[0]: finding.remedy
               for finding in doctor._guests()}
    assert sought <= set(missing)
    for name in sought:
        assert missing[name].startswith(f"apt-get install {name}")


def test_the_doctor_answers_without_a_compiler(make):
    done = make("doctor", "CC=nosuch")
    assert done.returncode == 2
    assert "  NO  a C compiler\n      no C compiler 'nosuch' here: install" \
        in done.stdout
    assert "pytest" in done.stdout
    assert "namespaces" not in done.stdout  # nothing starts without one


def test_the_doctor_waits_for_nothing_without_end(monkeypatch, capsys):
    """Neither for walls that do not come up, nor for who does not dial."""
    def late(work, _: float):
        del work
        return Worker(signal.pause, 0.1)
    monkeypatch.setattr(doctor, "Worker", late)
    monkeypatch.setattr(doctor, "DIALS", "import signal; signal.pause()")
    monkeypatch.setattr(doctor, "BOUND", 0.1)
    assert doctor.main([]) == 0
    said = capsys.readouterr().out
    assert "they were not up in a minute; `make grade` refuses" in said
    assert "  NO  proof that a program is stuck" in said
