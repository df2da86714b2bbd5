"""Proofs that a program will never go on: each tried on one that may."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time

import pytest

from lab import kernel
from lab.kernel import network, processes, proofs
from lab.judging import Verdict
from lab.judging.failure import Ending
from lab.meeting import Limits, Meeting, peer, watch
from lab.sandbox import Exit, Sandbox


FIRST_THREAD_ENDS = """
import ctypes, platform, socket, threading
listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=listener.accept).start()
exit_of_one_thread = {"x86_64": 60, "aarch64": 93}[platform.machine()]
ctypes.CDLL(None).syscall(exit_of_one_thread, 0)  # see asm/unistd.h
"""


@pytest.mark.proofs
def test_two_that_wait_for_each_other_are_stuck(waiting):
    process, ours = waiting("s.recv(1)")
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
def test_one_that_may_go_on_is_not_called_stuck(waiting, code):
    process, ours = waiting(code)
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        assert not kernel.stuck([process])
    assert process.exit is None
    ours.close()


def forked(waiting, child: str) -> tuple:
    """Return a program that waits for us while its child does something."""
    process, ours = waiting(f"import os\nos.fork() or {child}\ns.recv(1)")
    assert process.until(lambda: kernel.children(process.pid)
                         and kernel.asleep(process.pid), 10)
    return process, ours


@pytest.mark.proofs
def test_a_family_that_waits_for_us_is_stuck(waiting):
    process, ours = forked(waiting, "s.recv(1)")
    proof = process.until(lambda: kernel.stuck([process]), 10)
    assert [asleep.pid for asleep in proof] == kernel.family(process.pid)
    ours.close()


@pytest.mark.proofs
def test_a_family_is_not_stuck_while_a_child_goes_on(waiting):
    process, ours = forked(waiting, "time.sleep(1000)")
    for _ in range(100):
        assert not kernel.stuck([process])
    ours.close()


@pytest.mark.proofs
@pytest.mark.parametrize("child, proved", (("s.recv(1)", True),
                                           ("time.sleep(1000)", False)))
def test_a_parent_that_waits_for_its_child_is_as_stuck_as_that(
        waiting, child, proved):
    process, ours = waiting(f"import os\nos.fork() or {child}\nos.wait()")
    call = process.until(lambda: kernel.asleep(process.pid), 10)[0]
    assert str(call) == "asleep in wait4()"
    if proved:
        assert process.until(lambda: kernel.stuck([process]), 10)
    for _ in range(100):
        assert bool(kernel.stuck([process])) == proved
    ours.close()


@pytest.mark.proofs
@pytest.mark.parametrize("orphan, proved", (("s.recv(1)", True),
                                            ("time.sleep(1000)", False)))
def test_an_orphan_counts_though_its_parent_has_gone(waiting, orphan, proved):
    """It holds the connection too, and may go on with it."""
    process, ours = waiting(
        f"import os\nif os.fork() == 0:\n os.fork() or {orphan}\n"
        " os._exit(0)\nos.wait()\ns.recv(1)")
    assert process.until(lambda: not kernel.children(process.pid)
                         and len(kernel.family(process.pid)) == 2
                         and kernel.asleep(process.pid), 10)
    if proved:
        assert process.until(lambda: kernel.stuck([process]), 10)
    for _ in range(100):
        assert bool(kernel.stuck([process])) == proved
    ours.close()


@pytest.mark.proofs
def test_a_child_born_while_we_look_is_counted(waiting, monkeypatch):
    """We count the family, the program forks and falls asleep, we look."""
    process, ours = forked(waiting, "time.sleep(1000)")
    counted, answers = kernel.children, [[]]
    monkeypatch.setattr(processes, "children", lambda pid: (
        answers.pop() if answers else counted(pid)))
    assert not kernel.stuck([process])
    assert not answers
    ours.close()


@pytest.mark.proofs
def test_one_with_unread_bytes_is_not_called_stuck(waiting, listener):
    """It waits on one connection while bytes wait for it on another."""
    process, ours = waiting("t = socket.create_connection("
                            "('127.0.0.1', int(sys.argv[1])))\ns.recv(1)")
    other, _ = listener.accept()
    assert process.until(lambda: kernel.stuck([process]), 10)
    other.send(b"!")
    assert process.until(
        lambda: any(c.unread for c in kernel.connections(process.pid)), 10)
    assert not kernel.stuck([process])
    ours.close()
    other.close()


def test_a_writer_whose_reader_is_slow_is_not_called_stuck(waiting):
    process, ours = waiting("s.sendall(bytes(1 << 26))")
    assert process.until(
        lambda: any(c.unsent for c in kernel.connections(process.pid)), 10)
    for _ in range(100):
        assert not kernel.stuck([process])
    ours.close()


def reset(conn: socket.socket) -> None:
    """Break a connection off."""
    peer.no_linger(conn)
    conn.close()


@pytest.mark.proofs
@pytest.mark.namespaces
@pytest.mark.parametrize("act", (
    lambda conn: conn.send(b"x"), lambda conn: conn.shutdown(socket.SHUT_WR),
    socket.socket.close, reset), ids=("data", "FIN", "close", "RST"))
def test_to_whom_something_is_on_its_way_is_not_called_stuck(
        room, waiting, act):
    """A busy machine takes its time; with the network down it takes for ever.
    """
    process, ours = waiting("s.recv(1)")
    assert process.until(lambda: kernel.stuck([process]), 10)
    room.link(up=False)
    act(ours)
    for _ in range(100):
        assert not kernel.stuck([process])
    ours.close()


def test_a_server_that_ends_before_it_listens_is_told(room):
    with pytest.raises(kernel.DidNotListen, match="exit 4"):
        kernel.listening(room.start(["sh", "-c", "exit 4"]))


def refused(*_: object) -> None:
    """Be what an ordinary user may not read."""
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


LISTENS = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
print("listening on 127.0.0.1", listener.getsockname()[1], flush=True)
listener.accept()
"""


@pytest.mark.namespaces
def test_one_that_hides_its_descriptors_is_found_listening(
        room, monkeypatch):
    """It is, if it is alone in its network (prctl(2), PR_SET_DUMPABLE)."""
    process = room.start([sys.executable, "-c", LISTENS])
    port = kernel.listening(process)
    monkeypatch.setattr(network, "sockets", refused)
    assert kernel.listens_at(process.pid) is None
    assert kernel.listens_at(process.pid, alone=True) == port
    assert [c.host for c in kernel.listeners(process.pid, alone=True)] \
        == ["127.0.0.1"]


@pytest.mark.parametrize("state,flags,ends", (
    ("R", 0x404044, True), ("Z", 0x400000, True), ("R", 0x400040, False)))
def test_one_that_is_about_to_end_hides_nothing(tmp_path, state, flags, ends):
    """An ordinary user can't read its descriptors then either.

    It was taken for one that hides them, and so for one that listens where
    another process of its network does.
    """
    (tmp_path / "stat").write_text(
        f"7 (a ) b) {state} 1 7 7 0 -1 {flags} 125 0 0 0 0 0 0 0 20 0 1 0")
    assert (processes.thread_ends(tmp_path)
            or processes.thread_ended(tmp_path)) == ends


def test_one_that_hides_among_others_is_taken_at_its_word(monkeypatch):
    """Its word is looked up: somebody of its user has to listen there."""
    with Meeting(Sandbox(private=False)) as meeting:
        server = meeting.start([sys.executable, "-c", LISTENS])
        port = server.listens()
        monkeypatch.setattr(network, "sockets", refused)
        assert server.says(b"\n") and server.port() == port
        for said in (None, 1):
            assert kernel.listens_at(server.pid, said=lambda s=said: s) is None
        monkeypatch.setattr(network, "_user", lambda _: -1)
        assert server.port() is None


def test_one_of_which_nothing_can_be_seen_is_not_said_to_hang(monkeypatch):
    monkeypatch.setattr(network, "sockets", refused)
    with Meeting(Sandbox(private=False), Limits(asleep=0.1)) as meeting:
        server = meeting.start([sys.executable, "-c", LISTENS.replace(
            "listening on", "at")])
        assert server.listens() is None
        ending = Ending.of(server)
        assert ending.verdict is Verdict.FAILED
        assert "nobody sees what it waits for" in str(ending)


def test_one_whose_bytes_nobody_counts_is_not_said_to_spin(monkeypatch):
    """What it reads and writes is hidden with the rest (/proc/PID/io)."""
    monkeypatch.setattr(watch, "_moved", lambda _: None)
    with Meeting(limits=Limits(computing=0.05)) as meeting:
        busy = meeting.start([sys.executable, "-I", "-S", "-c", BUSY])
        assert busy.ends() == Exit(0) and not busy.hang


BUSY = """
import time
while time.process_time() < 0.5:
    pass
"""


@pytest.mark.proofs
@pytest.mark.parametrize("module,name", (
    (network, "sockets"), (network, "_rows"), (proofs, "_has_timers"),
    (proofs, "_time_limit"), (proofs, "thread_ended")))
def test_what_can_not_be_seen_proves_nothing(waiting, monkeypatch, module,
                                             name):
    process, ours = waiting("import os\nos.fork() or s.recv(1)\nos.wait()")
    assert process.until(lambda: kernel.stuck([process]), 10)
    monkeypatch.setattr(module, name, refused)
    assert not kernel.stuck([process])
    ours.close()


@pytest.mark.proofs
def test_a_handshake_that_can_not_be_seen_may_be_going_on(waiting,
                                                           monkeypatch):
    process, ours = waiting("socket.create_server(('127.0.0.1', 0)).accept()")
    assert process.until(lambda: kernel.stuck([process]), 10)
    monkeypatch.setattr(network, "_rows_at", refused)
    assert not kernel.stuck([process])
    ours.close()


@pytest.mark.proofs
def test_a_kernel_that_tells_of_no_timers_can_prove_nothing(monkeypatch):
    monkeypatch.setattr(proofs, "NEEDED", ("syscall", "nothing"))
    proofs.why_no_proofs.cache_clear()
    assert kernel.why_no_proofs() == \
        "/proc/PID/nothing: No such file or directory"
    proofs.why_no_proofs.cache_clear()


def test_one_whose_first_thread_has_ended_is_looked_at_all_the_same(room):
    process = room.start([sys.executable, "-c", FIRST_THREAD_ENDS])
    assert process.until(lambda: kernel.listens_at(process.pid), 10)
    assert process.exit is None


@pytest.mark.proofs
@pytest.mark.parametrize("number", (errno.EBADF, errno.ENOTSOCK))
def test_a_socket_closed_while_we_look_is_no_proof(
        waiting, monkeypatch, number):
    process, _ = waiting("s.recv(1)\n")
    assert process.until(lambda: kernel.asleep(process.pid))

    def closed(*_: object) -> float:
        raise OSError(number, os.strerror(number))
    monkeypatch.setattr(proofs, "_time_limit", closed)
    assert kernel.asleep(process.pid) == []
