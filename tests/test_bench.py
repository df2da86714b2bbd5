"""The bench itself: what it builds, records and hears, and calls shown."""

from __future__ import annotations

import ast
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

import lab
from lab import calls, kernel, program, wire
from lab.classroom.sandboxed import make_treatment
from lab.commands import demo
from lab.judges import grade
from lab.judging import Verdict, report
from lab.judging.submission import Refused
from lab.kernel import network
from lab.ladder import text
from lab.meeting import peer
from lab.meeting.pair import Pair, converse

PYTHON = [sys.executable, "-I", "-S", "-c"]


def lesson(number: str) -> demo.Lesson:
    """Return what make demo holds a chapter to."""
    return next(le for le in demo.LESSONS if le.number == number)


# --- verdicts on chapters --------------------------------------------------

@pytest.mark.parametrize("number", ("01", "02", "03"))
@pytest.mark.parametrize("shown", ("01", "02", "03"))
def test_each_lesson_holds_for_its_own_chapter_only(number, shown):
    outcome = converse(Pair.of(shown))
    assert lesson(number).holds(outcome) == (number == shown)


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


@pytest.mark.parametrize("source", (
    "#include <math.h>\nint main(int n, char **v)"
    " { (void)v; return (int)sqrt(n); }\n",
    "#include <pthread.h>\nstatic void *f(void *p) { return p; }\n"
    "int main(void) { pthread_t t; return pthread_create(&t, 0, f, 0); }\n",
    "#define _POSIX_C_SOURCE 200809L\n#include <aio.h>\n"
    "int main(void) { struct aiocb r = {0}; return aio_error(&r); }\n"),
    ids=("mathematics", "threads", "asynchronous I/O"))
def test_what_glibc_keeps_in_other_libraries_is_linked(tmp_path, source):
    place = tmp_path / "server.c"
    place.write_text(source)
    assert program.build(place, ours=False).exists()


UNDECLARED = ("#include <stdio.h>\nint main(void) { int unused;\n"
              "return fdopen(1, \"w\") == NULL; }\n")


@pytest.mark.parametrize("sandboxed", (False, pytest.param(
    True, marks=pytest.mark.namespaces)))
def test_what_the_compiler_warned_of_can_be_shown(tmp_path, sandboxed):
    """fdopen is POSIX, and -std=c17 declares it only to who asks for that."""
    source = tmp_path / "server.c"
    source.write_text(UNDECLARED)
    try:
        made = make_treatment().build(source) if sandboxed else \
            program.build(source, ours=False)
    except (program.DoesNotCompile, Refused) as error:  # gcc 14 and later
        assert "error: implicit declaration of function" in str(error)
        return
    first, *others = program.grave_warnings(made)
    assert first.startswith("server.c:3:8: warning: implicit declaration of "
                            "function ")
    assert not any("unused" in line for line in others)
    source = tmp_path / "clean.c"
    source.write_text("int main(void) { return 0; }\n")
    assert program.grave_warnings(program.build(source, ours=False)) == []


DIES = ("#include <stdio.h>\nint main(void) { char *place;\n"
        "*place = 1;\nreturn puts(place); }\n")


def test_who_dies_is_shown_what_the_compiler_had_warned_of(tmp_path):
    (tmp_path / "server.c").write_text(DIES)
    score = grade(tmp_path, "01-return-the-thanks", seed=1)
    shown = report.report(score, text.Style())
    assert ("The compiler had warned of what such a program can die of. Mend "
            "this first:\n  server.c:3:") in shown
    alive = replace(score, results=tuple(
        replace(result, verdict=Verdict.FAILED) for result in score.results))
    assert "warned" not in report.report(alive, text.Style())


def test_a_tree_is_removed_however_deep_and_whatever_its_modes():
    with program.scratch_folder() as name:
        at = os.open(name, os.O_RDONLY)
        for depth in range(3000):
            os.mkdir("d", dir_fd=at)
            below = os.open("d", os.O_RDONLY, dir_fd=at)
            os.close(os.open("file", os.O_CREAT, dir_fd=at))
            if depth % 7 == 0:
                os.fchmod(at, 0)
            os.close(at)
            at = below
        os.symlink("/", "link", dir_fd=at)
        os.close(at)
        assert Path(name).is_dir()
    assert not Path(name).exists()


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
        waiting, monkeypatch):
    monkeypatch.setattr(peer, "LONG", 0.0)
    process, conn = waiting("while True: s.send(b'x' * (1 << 20))\n")
    conn.recv(1, socket.MSG_PEEK)  # it talks
    heard = peer.Peer(conn, may_progress=lambda: False).hear()
    assert heard.end == peer.NOTHING and len(heard.data) < 1 << 20
    assert process.poll(0) is None


def test_what_nobody_has_room_for_has_not_arrived(waiting):
    _, conn = waiting("signal.pause()\n")
    conn.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            conn.send(bytes(1 << 20))
    made = peer.Peer(conn, may_progress=lambda: False)
    assert not made.arrived(bound=0.1)
    assert not made.was_reset()


def test_what_comes_while_we_give_up_is_heard_all_the_same(room, listener):
    """A program may act, and wait for us, between our look and our verdict."""
    withdrawn = []
    with room.socket() as ours:
        ours.connect(listener.getsockname())
        theirs, _ = listener.accept()

        def may_progress() -> bool:
            theirs.sendall(b"late")
            theirs.shutdown(socket.SHUT_WR)
            return False
        hearing = peer.Peer(ours, may_progress, lambda: withdrawn.append(True))
        assert hearing.hear() == peer.Heard(b"late", peer.EOF)
        theirs.close()
    assert withdrawn


# --- the rooms -------------------------------------------------------------

def test_the_map_has_every_room():
    there = {place.stem for place in (program.ROOT / "tests" / "lab").iterdir()
             if place.stem.strip("_") == place.stem}
    rooms = re.findall(r"^    (\w+) +", lab.__doc__, re.M)
    assert sorted(rooms) == sorted(there)


def imported(source: Path, top: Path) -> set[str]:
    """Return the rooms that a source in the lab imports something from."""
    found = set()
    folder = source.relative_to(top).parts[:-1]
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            place = (*folder[:len(folder) - node.level + 1],
                     *(node.module or "").split("."))
            found |= {place[0]} if place[0] else {
                name.name for name in node.names}
    return found


def test_no_room_imports_one_that_comes_after_it():
    top = Path(lab.__file__).parent
    rooms = re.findall(r"^    (\w+) +", lab.__doc__, re.M)
    for source in top.rglob("*.py"):
        room = Path(source.relative_to(top).parts[0]).stem
        if room in rooms:
            after = set(rooms[rooms.index(room) + 1:])
            assert not imported(source, top) & after, source


def test_a_program_that_has_ended_listens_nowhere(monkeypatch):
    """Nor is it an error of ours: an ordinary user may not see its files."""
    def forbidden(pid: int) -> None:
        raise PermissionError(pid)
    monkeypatch.setattr(network, "sockets", forbidden)
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # a zombie
        assert kernel.listens_at(pid, alone=True) is None
    finally:
        os.waitpid(pid, 0)
    assert kernel.listens_at(pid, alone=True) is None
