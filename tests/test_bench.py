"""The bench's verdicts can be wrong: each is tried on what it must not say."""

from __future__ import annotations

import errno
import importlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

import lab
from lab import calls, kernel, peer, program, sandbox, scenario, wire
from lab.__main__ import main
from lab.sandbox import Sandbox, StillRunning
from lab.commands import demo, doctor
from lab.grades.worker import Worker
from lab.scenario import trials

PYTHON = [sys.executable, "-I", "-S", "-c"]
CONNECT = "import socket, signal, select, sys, time\n" \
          "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"


def lesson(number: str) -> demo.Lesson:
    """Return what make demo holds a chapter to."""
    return next(le for le in demo.LESSONS if le.number == number)


@pytest.fixture
def listener(room):
    """A socket in the room that programs can dial."""
    with room.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen()
        yield made


def waiting(room: Sandbox, listener, code: str):
    """Start a Python program that has dialled us; return it and our end."""
    process = room.start([*PYTHON, CONNECT + code,
                          listener.getsockname()[1]])
    return process, listener.accept()[0]


# --- stuck -----------------------------------------------------------------

def test_two_that_wait_for_each_other_are_stuck(room, listener):
    process, ours = waiting(room, listener, "s.recv(1)")
    assert process.until(lambda: kernel.stuck([process]), 10)
    assert process.exit is None
    ours.close()


@pytest.mark.parametrize("code", [
    pytest.param("time.sleep(1000)", id="it sleeps on a clock"),
    pytest.param("select.select([s], [], [], 1000)", id="select has a limit"),
    pytest.param("s.settimeout(1000); s.recv(1)", id="poll has a limit"),
    pytest.param("import struct\ns.setsockopt(socket.SOL_SOCKET, "
                 "socket.SO_RCVTIMEO, struct.pack('ll', 1000, 0))\ns.recv(1)",
                 id="the socket has a limit"),
    pytest.param("signal.signal(signal.SIGALRM, lambda *_: None)\n"
                 "signal.alarm(1000)\ns.recv(1)", id="an alarm is set"),
    pytest.param("import ctypes\nlibc = ctypes.CDLL(None)\n"
                 "rt = libc if hasattr(libc, 'timer_create') else "
                 "ctypes.CDLL('librt.so.1')\n"
                 "timer = ctypes.c_void_p()\n"
                 "assert rt.timer_create(1, None, ctypes.byref(timer)) == 0\n"
                 "s.recv(1)", id="it has a timer"),
    pytest.param("while True: pass", id="it computes"),
    pytest.param("import os\nr, w = os.pipe()\nos.read(r, 1)",
                 id="it reads a pipe"),
    pytest.param("import threading\nthreading.Thread(target=time.sleep, "
                 "args=(1000,)).start()\ns.recv(1)",
                 id="another thread goes on"),
])
def test_one_that_may_go_on_is_not_called_stuck(room, listener, code):
    process, ours = waiting(room, listener, code)
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        assert not kernel.stuck([process])
    assert process.exit is None
    ours.close()


def forked(room: Sandbox, listener, child: str) -> tuple:
    """Return a program that waits for us while its child does something."""
    process, ours = waiting(room, listener, "import os\n"
                            f"os.fork() or {child}\ns.recv(1)")
    assert process.until(lambda: kernel.children(process.pid)
                         and kernel.stuck([process]), 10)
    return process, ours


def test_a_family_that_waits_for_us_is_stuck(room, listener):
    process, ours = forked(room, listener, "s.recv(1)")
    proof = process.until(lambda: kernel.stuck_family(process.pid), 10)
    assert [waiting.pid for waiting in proof] == kernel.family(process.pid)
    ours.close()


def test_a_family_is_not_stuck_while_a_child_goes_on(room, listener):
    process, ours = forked(room, listener, "time.sleep(1000)")
    for _ in range(100):
        assert not kernel.stuck_family(process.pid)
    ours.close()


def test_a_child_born_while_we_look_is_counted(room, listener, monkeypatch):
    """We count the family, the program forks and falls asleep, we look."""
    process, ours = forked(room, listener, "time.sleep(1000)")
    counted, answers = kernel.children, [[]]
    monkeypatch.setattr(kernel, "children", lambda pid: (
        answers.pop() if answers else counted(pid)))
    assert not kernel.stuck_family(process.pid)
    assert not answers
    ours.close()


def test_one_with_unread_bytes_is_not_called_stuck(room, listener):
    """It waits on one connection while bytes wait for it on another."""
    process, ours = waiting(room, listener, "t = socket.create_connection("
                            "('127.0.0.1', int(sys.argv[1])))\ns.recv(1)")
    other, _ = listener.accept()
    assert process.until(lambda: kernel.stuck([process]), 10)
    other.send(b"!")
    assert process.until(
        lambda: any(c.unread for c in kernel.connections(process.pid)), 10)
    assert not kernel.stuck([process])
    ours.close()
    other.close()


def test_a_writer_whose_reader_is_slow_is_not_called_stuck(room, listener):
    process, ours = waiting(room, listener, "s.sendall(bytes(1 << 26))")
    assert process.until(
        lambda: any(c.unsent for c in kernel.connections(process.pid)), 10)
    for _ in range(100):
        assert not kernel.stuck([process])
    ours.close()


def reset(conn: socket.socket) -> None:
    """Break a connection off."""
    peer.no_linger(conn)
    conn.close()


@pytest.mark.namespaces
@pytest.mark.parametrize("act", (
    lambda conn: conn.send(b"x"), lambda conn: conn.shutdown(socket.SHUT_WR),
    socket.socket.close, reset), ids=("data", "FIN", "close", "RST"))
def test_to_whom_something_is_on_its_way_is_not_called_stuck(
        room, listener, act):
    """A busy machine takes its time; with the network down it takes for ever.
    """
    process, ours = waiting(room, listener, "s.recv(1)")
    assert process.until(lambda: kernel.stuck([process]), 10)
    room.link(up=False)
    act(ours)
    for _ in range(100):
        assert not kernel.stuck([process])
    ours.close()


def test_settle_says_when_it_could_prove_nothing(room, listener):
    process, ours = waiting(room, listener, "time.sleep(1000)")
    with pytest.raises(StillRunning, match="neither ended nor provably stuck"):
        kernel.settle([process], bound=0.3)
    ours.close()


def test_a_server_that_ends_before_it_listens_is_told(room):
    with pytest.raises(kernel.DidNotListen, match="exit 4"):
        kernel.listening(room.start(["sh", "-c", "exit 4"]))


# --- verdicts on chapters --------------------------------------------------

@pytest.mark.parametrize("number", ("01", "02", "03"))
@pytest.mark.parametrize("shown", ("01", "02", "03"))
def test_each_lesson_holds_for_its_own_chapter_only(number, shown):
    outcome = scenario.converse(program.chapter(shown))
    assert lesson(number).holds(outcome) == (number == shown)


@pytest.mark.parametrize("number", (errno.EBADF, errno.ENOTSOCK))
def test_a_socket_closed_while_we_look_is_no_proof(
        room, listener, monkeypatch, number):
    process, _ = waiting(room, listener, "s.recv(1)\n")
    assert process.until(lambda: kernel.asleep(process.pid))

    def closed(*_: object) -> float:
        raise OSError(number, os.strerror(number))
    monkeypatch.setattr(kernel, "_time_limit", closed)
    assert kernel.asleep(process.pid) == []


# --- what is compiled, and what it calls -----------------------------------

def made(kit: Path) -> str:
    """Return what 01's server says to no words; build it if need be."""
    code = ("import sys; sys.path.insert(0, 'tests')\n"
            "from pathlib import Path\n"
            "from lab import program, sandbox\n"
            "place = program.chapter('01') / 'server.c'\n"
            "with sandbox.Sandbox() as room:\n"
            "    run = room.start([program.build(place)])\n"
            "    run.wait()\n"
            "    print(run.stderr.decode())\n")
    return subprocess.run([sys.executable, "-c", code], cwd=kit, text=True,
                          capture_output=True, check=True).stdout


@pytest.fixture
def kept(kit) -> Path:
    """Where a kit keeps what it has built; nothing of its chapters yet."""
    folder = kit / "tests" / ".built"
    for built in folder.glob("chapters-*"):
        built.unlink()
    return folder


def test_what_was_built_is_kept_until_a_source_changes(kit, kept):
    """A header's too, and only the newest of each stays."""
    first = made(kit)
    assert first.startswith("usage: server HOST PORT FILE")
    names = set(kept.iterdir())
    server, = kept.glob("chapters-01-*-server-*")
    shutil.copy("/bin/true", server)  # one that says nothing
    assert made(kit) == "\n"
    source, = kit.glob("chapters/01-*/server.c")
    source.write_text(source.read_text().replace("usage: ", "call: "))
    assert made(kit).startswith("call: server HOST PORT FILE")
    assert len(set(kept.iterdir()) - names) == 1 == len(
        names - set(kept.iterdir()))
    header = kit / "tests" / "lab" / "sandbox" / "disk.h"
    header.write_text(header.read_text() + "#error changed\n")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        made(kit)
    assert "#error changed" in caught.value.stderr


def test_what_somebody_else_built_is_not_run(kit, kept):
    made(kit)
    server, = kept.glob("chapters-01-*-server-*")
    elsewhere = kit / "true"
    shutil.copy("/bin/true", elsewhere)
    server.unlink()
    server.symlink_to(elsewhere)
    assert made(kit).startswith("usage: ")


def test_the_scratch_folder_can_stand_in_ld_preload(tmp_path, monkeypatch):
    odd = tmp_path / "a b:c"
    odd.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    assert not set(" :") & set(str(program.scratch.__wrapped__()))


TWO_THREADS = """
import socket, sys, threading
ours = [socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        for _ in range(2)]
threads = [threading.Thread(target=s.recv, args=[1]) for s in ours]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_each_threads_call_has_its_own_end(room, listener):
    log = calls.CallLog()
    process = room.start([*PYTHON, TWO_THREADS, listener.getsockname()[1]],
                         env=log.env)
    conns = [listener.accept()[0] for _ in range(2)]
    process.until(lambda: sum(c.name == "recv" for c in log.read()) == 2)
    for conn in conns:
        conn.send(b"x")
    process.wait()
    assert [c.result for c in log.read() if c.name == "recv"] == [1, 1]


@pytest.mark.parametrize("line", (
    "1 1.0 read 3 0 5 -", "1 1.0 read 3 0 - 5", "x 1.0 read 3 0 5 0",
    f"1 1.0 read 3 0 {'9' * 5000} 0", f"{'9' * 5000} 1.0 read 3 0 5 0"))
def test_a_line_that_a_program_wrote_itself_is_no_call(line):
    assert calls._parse([line]) == []
    assert len(calls._parse([line, "1 1.0 read 3 0 5 0"])) == 1


# --- wire ------------------------------------------------------------------

@pytest.mark.namespaces
def test_the_wire_sees_each_packet_once_with_its_length(room, listener):
    tap = wire.Wire(room)
    with room.socket() as dialled:
        dialled.connect(listener.getsockname())
        accepted, _ = listener.accept()
        dialled.sendall(b"x" * 1000)
        while len(accepted.recv(1000, 0x2)) < 1000:  # MSG_PEEK
            pass
        accepted.close()  # with unread input: a reset
        segments = tap.read(until_over=True)
    port = listener.getsockname()[1]
    data = [s for s in wire.without_repeats(segments) if s.length]
    assert [(s.length, s.destination) for s in data] == [(1000, port)]
    assert data[0].payload == b"x" * (wire.Wire.KEPT - 52)
    assert [s.source for s in segments if s.flags & wire.RST] == [port]
    assert not any(s.flags & wire.FIN for s in segments)
    assert tap.lost() == 0
    tap.close()


def test_what_crosses_twice_counts_once():
    def sent(sequence: int, payload: bytes, flags: int = wire.ACK,
             source: int = 1) -> wire.Segment:
        return wire.Segment(0.0, source, 3 - source, flags, sequence,
                            len(payload), payload)
    last = wire.CIRCLE - 1
    news = [sent(last, b"", wire.SYN), sent(last, b"x", source=2),
            sent(0, b"abc"), sent(3, b"d"), sent(4, b"", wire.ACK),
            sent(4, b"", wire.ACK | wire.FIN), sent(5, b"", wire.RST)]
    syn, other, abc, d, ack, fin, rst = news
    assert list(wire.without_repeats(
        [syn, syn, other, abc, abc, other, sent(2, b"cd"), d, abc, ack, ack,
         fin, fin, sent(3, b"d", wire.ACK | wire.FIN), rst])) == [
             syn, other, abc, d, ack, ack, fin, rst]


@pytest.mark.namespaces
def test_what_crosses_while_we_look_is_for_the_next_time(room, monkeypatch):
    """Else a flood would hold us for ever."""
    tap = wire.Wire(room)
    with room.socket(kind=socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        for _ in range(3):
            sink.sendto(b"x", sink.getsockname())
    with monkeypatch.context() as past:
        past.setattr(time, "time", lambda: 0.0)
        tap.read()
    assert select.select([tap._tap], [], [], 0)[0]
    tap.read()
    assert not select.select([tap._tap], [], [], 0)[0]
    tap.close()


# --- peer ------------------------------------------------------------------

def test_who_talks_without_end_is_not_heard_for_ever(
        room, listener, monkeypatch):
    monkeypatch.setattr(peer, "LONG", 0.0)
    process, conn = waiting(room, listener,
                            "while True: s.send(b'x' * (1 << 20))\n")
    conn.recv(1, socket.MSG_PEEK)  # it talks
    heard = peer.Peer(conn, hope=lambda: False).hear()
    assert heard.end == peer.NOTHING and len(heard.data) < 1 << 20
    assert process.poll(0) is None


def test_what_nobody_has_room_for_has_not_arrived(room, listener):
    _, conn = waiting(room, listener, "signal.pause()\n")
    conn.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            conn.send(bytes(1 << 20))
    made = peer.Peer(conn, hope=lambda: False)
    assert not made.arrived(bound=0.1)
    assert not made.was_reset()


# --- the rooms -------------------------------------------------------------

def test_the_map_has_every_room():
    there = {place.stem for place in (program.ROOT / "tests" / "lab").iterdir()
             if place.stem.strip("_") == place.stem}
    rooms = re.findall(r"^    (\w+) +", lab.__doc__, re.M)
    assert sorted(rooms) == sorted(there)


# --- the command line ------------------------------------------------------

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


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGHUP),
                         ids=("TERM", "HUP"))
def test_nothing_is_left_behind_by_who_is_ended(kit, tmp_path, number):
    ours = tmp_path / "temporary"
    ours.mkdir()
    source = next(kit.glob("exercises/01-*/server.c"))
    source.write_text("int main(void) { return nothing; }\n")
    with subprocess.Popen(
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
    (("regrade", "SUBMISSIONS=tests", "STUDENT=x$$y"),
     "STUDENT 'x$y': no folder of that name")], ids=str)
def test_no_word_is_read_by_the_shell(make, words, said):
    done = make(*words)
    assert done.returncode == 2 and said in done.stderr.splitlines()[0]


@pytest.mark.parametrize("words,said", [
    (("04", "rd"), "04-three-directions meets no peer in a way 'rd': it takes "
     "no HOW"),
    (("04", "../03-half-close"), "04-three-directions meets no peer in a way "
     "'../03-half-close': it takes no HOW"),
    (("05", "."), "05-every-call-can-fail meets no peer in a way '.': HOW is "
     "one of as-printed"),
    (("15", ""), "15-windows has no row in the matrix")], ids=str)
def test_a_peer_is_met_by_a_chapter_or_by_a_folder_of_its_own(words, said):
    number, how = words
    done = command("trace", number, HOW=how, PEER="polite")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"trace: {said}\n"


def test_the_textbooks_own_pair_meets_a_peer_too():
    done = command("trace", "05", HOW="as-printed", PEER="polite")
    assert done.returncode == 0, done.stderr
    assert "05-every-call-can-fail as-printed, the pair: ok" in done.stdout


def test_a_cell_without_namespaces_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(sandbox, "why_not_private", lambda: "forbidden")
    monkeypatch.setattr(trials, "Sandbox", lambda: Sandbox(private=False))
    monkeypatch.setenv("PEER", "disk-full")
    assert main(["trace", "03"]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("No packets are shown")
    assert said.err == "trace: PEER=disk-full needs a network namespace of " \
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


def test_what_comes_while_we_give_up_is_heard_all_the_same(room, listener):
    """A program may act, and wait for us, between our look and our verdict."""
    regained = []
    with room.socket() as ours:
        ours.connect(listener.getsockname())
        theirs, _ = listener.accept()

        def hope() -> bool:
            theirs.sendall(b"late")
            theirs.shutdown(socket.SHUT_WR)
            return False
        hearing = peer.Peer(ours, hope)
        hearing.regain = lambda: regained.append(True)
        assert hearing.hear() == peer.Heard(b"late", peer.EOF)
        theirs.close()
    assert regained
