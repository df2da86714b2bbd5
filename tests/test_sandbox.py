"""A sandbox: what starts there, what it is shown, and that all of it ends."""

from __future__ import annotations

import errno
import gc
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab import sandbox
from lab.classroom.worker import Worker
from lab.sandbox import (Exit, Sandbox, SandboxDied, StillRunning,
                         namespaces)

PYTHON = [sys.executable, "-I", "-S", "-c"]

each_kind = pytest.mark.parametrize("private", (True, False),
                                    ids=("private", "shared"))


@each_kind
def test_a_program_ends_as_the_sandbox_says(private):
    with Sandbox(private) as room:
        assert room.start(["sh", "-c", "exit 7"]).wait() == Exit(status=7)
        killed = room.start(["sh", "-c", "kill -SEGV $$"])
        assert str(killed.wait()) == "killed by SIGSEGV"
        both = room.start(["sh", "-c", "echo out; echo err >&2"])
        both.wait()
        assert (both.stdout, both.stderr) == (b"out\n", b"err\n")


@each_kind
def test_a_signal_is_sent_whatever_python_calls_it(private):
    """Before Python 3.11 str(signal.SIGSTOP) was "Signals.SIGSTOP"."""
    class Number(int):
        def __str__(self) -> str:
            return "Signals.SIGTERM"
    with Sandbox(private) as room:
        sleeps = room.start(["sleep", "1000"])
        sleeps.signal(Number(signal.SIGTERM))
        assert str(sleeps.wait()) == "killed by SIGTERM"


@pytest.mark.namespaces
def test_a_crowded_room_has_the_table_of_the_machine():
    """Where it is shared, Linux shows its size as a negative number."""
    table = "/proc/sys/net/ipv4/tcp_ehash_entries"
    if not os.path.exists(table):
        pytest.skip("Linux tells the size of the table since 6.1")
    sizes = []
    for crowded in (False, True):
        with Sandbox(crowded=crowded) as room:
            told = room.start(["cat", table])
            told.wait()
            sizes.append(int(told.stdout))
    assert sizes[0] == 64 and sizes[1] < 0


def test_a_signal_without_a_name_is_told_by_its_number():
    assert str(Exit(signal=40)) == "killed by signal 40"


@each_kind
def test_a_room_can_be_cleared_and_used_again(private):
    with Sandbox(private) as room, room.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        room.start([*PYTHON, DAEMON, listener.getsockname()[1]]).wait()
        sleeps = room.start(["sleep", "1000"])
        ours = listener.accept()[0]
        room.clear()
        ours.settimeout(20)
        assert ours.recv(1) == b""
        assert str(sleeps.wait()) == "killed by SIGKILL"
        assert str(room.start(["true"]).wait()) == "exit 0"


@each_kind
def test_a_program_that_cannot_be_executed_is_an_error_not_an_exit(private):
    with Sandbox(private) as room:
        for name in ("/no/such/program", "no-such-program"):
            with pytest.raises(OSError) as caught:
                room.start([name])
            assert caught.value.errno == errno.ENOENT


@each_kind
def test_a_program_is_looked_for_in_its_own_path(private, tmp_path):
    (tmp_path / "mine").symlink_to("/bin/true")
    (tmp_path / "locked").write_text("#!/bin/sh\n")
    (tmp_path / "empty").touch(0o755)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "private").mkdir(0o600)
    env = {"PATH": f"/nowhere:{tmp_path}/loop:{tmp_path}/private:{tmp_path}:"
                   "/usr/bin:/bin"}
    with Sandbox(private) as room:
        assert str(room.start(["mine"], env=env).wait()) == "exit 0"
        assert str(room.start(["true"], env=env).wait()) == "exit 0"
        for name, why in (("locked", errno.EACCES), ("empty", errno.ENOEXEC),
                          ("missing", errno.ENOENT)):
            with pytest.raises(OSError) as caught:
                room.start([name], env=env)
            assert caught.value.errno == why


@each_kind
def test_a_child_that_the_kernel_would_bury_is_waited_for(private):
    """As under a shell's trap '' CHLD: then nobody could tell how it ended."""
    def ended() -> str:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        with Sandbox(private) as room:
            return str(room.start(["sh", "-c", "exit 3"]).wait())
    with Worker(ended, 60) as worker:
        assert worker.answer().value == "exit 3"


@pytest.mark.namespaces
def test_where_namespaces_are_refused_programs_run_without():
    def refused() -> tuple[str, str]:
        uid, gid = os.getuid(), os.getgid()
        namespaces.unshare(namespaces.CLONE_NEWUSER | namespaces.CLONE_NEWNS)
        namespaces.keep_own_ids(uid, gid)
        most = Path("/proc/sys/user/max_net_namespaces")
        most.write_text("0")
        with Sandbox() as room:
            return room.why_not, str(room.start(["true"]).wait())
    with Worker(refused, 60) as worker:
        assert worker.answer().value == (
            "unshare: No space left on device", "exit 0")


DAEMON = """
import os, signal, socket, sys
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    kept = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    signal.pause()
"""


@each_kind
def test_what_processes_write_at_once_is_all_there(private):
    """Their descriptors are copies, so they share one place to write to."""
    writer = "import os\n" \
        "for _ in range(2): os.fork()\n" \
        "for _ in range(20_000): os.write(1, b'a line\\n')\n" \
        "while True:\n" \
        "    try: os.wait()\n" \
        "    except ChildProcessError: break\n"
    with Sandbox(private) as room:
        process = room.start(["python3", "-c", writer])
        assert str(process.wait()) == "exit 0"
        assert process.stdout == b"a line\n" * 80_000


@each_kind
def test_nothing_outlives_the_sandbox(private):
    with Sandbox(private) as room, room.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        parent = room.start([*PYTHON, DAEMON, listener.getsockname()[1]])
        keeps = room.start(["sleep", "1000"])
        ours = listener.accept()[0]
        parent.wait()
        with pytest.raises(BlockingIOError):
            ours.recv(1, socket.MSG_DONTWAIT)  # the daemon is there
    ours.settimeout(20)
    assert ours.recv(1) == b""  # and now it is not
    assert not os.path.exists(f"/proc/{keeps.pid}")


@each_kind
def test_a_program_starts_with_the_signals_and_descriptors_of_a_shell(private):
    left_open, end = os.pipe()
    os.set_inheritable(left_open, True)
    with Sandbox(private) as room:
        shown = room.start(["sh", "-c", "ls /proc/self/fd; "
                            "grep SigIgn /proc/self/status"])
        shown.wait()
        *numbers, _, ignored = shown.stdout.decode().split()
    os.close(left_open)
    os.close(end)
    assert numbers == ["0", "1", "2", "3"]  # 3 is ls's own
    libcs_own = 1 << 32 - 1 | 1 << 33 - 1  # make's posix_spawn ignores these
    assert int(ignored, 16) & ~libcs_own == 0


def test_a_start_that_fails_half_way_leaves_nothing_open(monkeypatch):
    """As where a process has no descriptor left."""
    opened = os.open

    def short(path, *flags):
        if str(path).startswith("/proc/self/fd/"):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return opened(path, *flags)
    with Sandbox() as room:
        assert str(room.start(["true"]).wait()) == "exit 0"
        gc.collect()  # what other tests have dropped
        before = len(os.listdir("/proc/self/fd"))
        with monkeypatch.context() as patch, pytest.raises(OSError):
            patch.setattr(os, "open", short)
            room.start(["true"])
        gc.collect()
        assert len(os.listdir("/proc/self/fd")) == before


def test_another_sandbox_can_be_had_when_somebody_kills_what_makes_them():
    with Sandbox() as room:
        supervisors, _ = sandbox._supervisors(os.readlink("/proc/self/ns/mnt"))
        supervisors.kill()
        supervisors.wait()
        with Sandbox() as other:
            assert str(other.start(["true"]).wait()) == "exit 0"
        assert str(room.start(["true"]).wait()) == "exit 0"


def test_a_room_is_made_without_a_copy_of_what_we_have_open(monkeypatch):
    """A connection that somebody has a copy of stays when it is closed."""
    with Sandbox():
        pass
    for module, name in ((os, "fork"), (os, "posix_spawn"),
                         (subprocess, "Popen")):
        monkeypatch.setattr(module, name, None)
    with Sandbox() as room:
        assert str(room.start(["true"]).wait()) == "exit 0"


@pytest.mark.namespaces
def test_a_sandbox_whose_first_process_is_killed_is_over():
    with Sandbox() as room:
        sleeper = room.start(["sleep", "1000"])
        os.kill(room._supervisor_pid, signal.SIGKILL)
        with pytest.raises(SandboxDied) as caught:
            sleeper.wait()
        assert caught.value.ran


@pytest.mark.namespaces
def test_a_sandbox_that_is_gone_knows_whether_a_program_ran():
    for words in ([], ["true"]):
        with Sandbox() as room:
            if words:
                room.start(words).wait()
            os.kill(room._supervisor_pid, signal.SIGKILL)
            with pytest.raises(SandboxDied) as caught:
                while True:
                    room.clear()
            assert caught.value.ran == bool(words)


@pytest.mark.namespaces
def test_two_sandboxes_can_use_one_port():
    with Sandbox() as one, Sandbox() as other:
        ours, theirs = one.socket(), other.socket()
        ours.bind(("127.0.0.1", 0))
        theirs.bind(ours.getsockname())
        ours.listen()
        theirs.listen()
        ours.close()
        theirs.close()


@pytest.mark.namespaces
def test_a_sandbox_cannot_reach_the_machines_loopback(room):
    with Sandbox(private=False) as outside, outside.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with room.socket() as inside, pytest.raises(ConnectionRefusedError):
            inside.connect(listener.getsockname())


def test_a_bound_that_passes_is_told_with_what_was_said(room):
    sleeper = room.start(["sh", "-c", "echo here I am; exec sleep 1000"])
    with pytest.raises(StillRunning, match="here I am"):
        sleeper.wait(bound=0.3)
