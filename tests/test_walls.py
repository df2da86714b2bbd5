"""The walls around a treatment's program, each taken down once.

What stands in tests/attacks/ is neither a right nor a wrong answer, so it has a
folder of its own: programs that try what the grader must not let them. Each
says what it tries in its first line, and tells on standard error how it went:
`held` or `STOLEN`. Behind the walls as they are it must be held; behind all of
them but the one that is meant for it, it must steal: else it proves nothing.

What would harm this machine (forks, memory, disk) asks for a bounded amount
that is more than the wall lets through; the bomb itself explodes only behind
walls that have been seen to hold (test_grader_attacks.py).
"""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterator

import pytest

from grading import SOLUTION, graded, hand_in
from lab import program
from lab.calls import CallLog
from lab.classroom import sandboxed
from lab.judging.untrusted import read_untrusted
from lab.judging.submission import Refused
from lab.classroom.sandboxed import Treatment, make_treatment
from lab.classroom.worker import Worker
from lab.sandbox import Sandbox, Walls, cgroups
from lab.sandbox.cgroups import Group

ATTACKS = Path(__file__).with_name("attacks")
MIB = 1 << 20

pytestmark = pytest.mark.namespaces


def armed(name: str, folder: Path, **words: object) -> Path:
    """Write an attack as a source, its @WORDS@ filled in."""
    text = (ATTACKS / f"{name}.c").read_text()
    for word, meant in words.items():
        text = text.replace(f"@{word}@", str(meant))
    source = folder / "server.c"
    source.write_text(text)
    return source


def said(built: Path, walls: Walls) -> str:
    """Run a program behind walls; return what it says on standard error."""
    with Sandbox(walls) as room:
        process = room.start([built], writes=[])
        process.wait()
        return process.stderr.decode(errors="replace")


@pytest.fixture
def treatment() -> Treatment:
    """The walls as the grader puts them up."""
    return make_treatment()


@pytest.fixture
def secret() -> Iterator[Path]:
    """A file that all may read: only walls keep anybody from it."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        place = Path(folder) / "secret.c"
        place.write_text("the solution\n")
        yield place


@pytest.fixture
def shared_segment() -> Iterator[int]:
    """The key of a SysV segment of this machine, that all may use."""
    libc, key = ctypes.CDLL(None, use_errno=True), os.getpid() + 1
    segment = libc.shmget(key, 4096, 0o1666)
    assert segment != -1, os.strerror(ctypes.get_errno())
    yield key
    libc.shmctl(segment, 0, None)


@pytest.fixture
def open_port() -> Iterator[int]:
    """A port of this machine where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


# --- what a running program finds ------------------------------------------

def without(*gone: str) -> Callable[[Walls], Walls]:
    """Take down namespaces."""
    return lambda walls: replace(walls, namespaces=tuple(
        n for n in walls.namespaces if n not in gone))


def tried(tmp_path: Path, treatment: Treatment, name: str,
          down: Callable[[Walls], Walls], **words: object) -> tuple[str, str]:
    """Try an attack behind all walls, and behind all but one."""
    built = treatment.build(armed(name, tmp_path, **words))
    return (said(built, treatment.running),
            said(built, down(treatment.running)))


def test_another_file_is_not_there(tmp_path, treatment, secret):
    held, stolen = tried(
        tmp_path, treatment, "reads",
        lambda walls: replace(walls, shows=(*walls.shows,
                                            str(secret.parent))),
        SECRET=secret)
    assert held.startswith("server: held: ") and "No such file" in held
    assert stolen.startswith("STOLEN: the solution")


@pytest.mark.parametrize("what", ["solutions/01-return-the-thanks/server.c",
                                  "tests/test_walls.py", "Makefile"])
def test_nothing_of_the_kit_is_there(tmp_path, treatment, what):
    built = treatment.build(armed("reads", tmp_path,
                                 SECRET=program.ROOT / what))
    assert "No such file" in said(built, treatment.running)


def test_what_is_to_be_hidden_is_hidden_under_what_is_shown(tmp_path,
                                                            treatment):
    header = Path("/usr/include/stdio.h")
    built = treatment.build(armed("reads", tmp_path, SECRET=header))
    assert "STOLEN" in said(built, treatment.running)
    assert "No such file" in said(built, replace(
        treatment.running, hides=(str(header.parent),)))


def test_the_first_process_is_no_way_out(tmp_path, treatment, secret):
    built = treatment.build(armed("climbs", tmp_path, SECRET=secret))
    assert "Permission denied" in said(built, treatment.running)


def test_the_network_ends_at_its_own_loopback(tmp_path, treatment, open_port):
    held, stolen = tried(tmp_path, treatment, "finds-a-network",
                         without("net"), PORT=open_port, ADDRESS="127.0.0.1")
    assert "Connection refused" in held
    assert "STOLEN: a connection" in stolen


def unfiltered(walls: Walls) -> Walls:
    """Let all system calls be made."""
    return replace(walls, filters=False)


def test_shared_memory_is_shared_with_nobody(tmp_path, treatment,
                                             shared_segment):
    """The namespace parts it, and the filter lets nobody ask."""
    treatment = replace(treatment, running=unfiltered(treatment.running))
    held, stolen = tried(tmp_path, treatment, "shares-memory", without("ipc"),
                         KEY=shared_segment)
    assert "held: shmget: No such file" in held
    assert "STOLEN: segment" in stolen


def test_what_no_namespace_parts_can_not_be_called(tmp_path, treatment):
    held, stolen = tried(tmp_path, treatment, "calls-by-number", unfiltered)
    assert "STOLEN" not in held and held.count("held: ") == 7, held
    for name in ("semget", "msgget", "shmget"):  # the rest may not be there
        assert f"STOLEN: {name}" in stolen


def test_nobody_sets_anothers_limits(tmp_path, treatment):
    held, stolen = tried(tmp_path, treatment, "limits-others", unfiltered)
    assert "held: prlimit: Operation not permitted" in held
    assert "STOLEN: a limit" in stolen


JOINS = """
import ctypes, dataclasses, platform, sys
from pathlib import Path
from lab.classroom.sandboxed import make_treatment
from lab.sandbox import Sandbox
keyctl = {"x86_64": 250, "aarch64": 219}[platform.machine()]
assert ctypes.CDLL(None).syscall(keyctl, 1, None) > 0  # a session's keyring
treatment = make_treatment()
built = treatment.build(Path(sys.argv[1]))
for _ in range(2):
    walls = dataclasses.replace(treatment.running, filters=False)
    with Sandbox(walls) as room:
        process = room.start([built])
        process.wait()
        print(process.stderr.decode(), end="")
"""


def python(code: str, *words: object, before: tuple[object, ...] = ()
           ) -> subprocess.CompletedProcess:
    """Run Python code that can import the lab."""
    return subprocess.run(
        [*map(str, before), sys.executable, "-c", code, *map(str, words)],
        text=True, capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(program.ROOT / "tests")})


def test_a_key_does_not_go_from_room_to_room(tmp_path):
    """A session's keyring is inherited (session-keyring(7))."""
    source = armed("keeps-keys", tmp_path, NAME=unheard_of())
    assert python(JOINS, source).stdout == "kept\n" * 2


def test_nobody_uses_a_key(tmp_path, treatment):
    held, kept = tried(tmp_path, treatment, "keeps-keys", unfiltered,
                       NAME=unheard_of())
    assert "held: Operation not permitted" in held and kept == "kept\n"


def test_no_walls_are_said_to_stand_where_calls_can_not_be_filtered():
    code = ("from lab.commands import doctor\n"
            "print(doctor._walls().present, doctor._walls().remedy)")
    done = python(code, before=(
        sys.executable, program.ROOT / "tests" / "without.py", "prctl"))
    assert done.stdout.startswith(
        "False seccomp: Operation not permitted; "), done


# --- how much it can take --------------------------------------------------

@pytest.mark.parametrize("name,more", [
    pytest.param("forks", {"processes": 80}, id="processes"),
    pytest.param("takes-memory", {"memory": 512 * MIB}, id="memory"),
    pytest.param("fills-the-disk", {"disk": 64 * MIB}, id="disk"),
    pytest.param("makes-files", {"inodes": 30_000}, id="empty files")])
def test_it_gets_so_much_and_no_more(tmp_path, treatment, name, more):
    held, stolen = tried(tmp_path, treatment, name,
                         lambda walls: replace(walls, **more))
    assert held.startswith("held: "), held
    assert stolen.startswith("STOLEN: "), stolen


@pytest.mark.groups
def test_many_processes_get_so_much_in_all(tmp_path, treatment):
    built = treatment.build(armed("takes-memory-together", tmp_path))
    with Group(512 * MIB, 100) as group:
        held = said(built, replace(treatment.running, group=group))
    assert held.startswith("held: "), held
    assert said(built, treatment.running) == "STOLEN: 8 of 8\n"


@pytest.mark.groups
def test_many_sandboxes_get_so_many_processes_in_all(tmp_path, treatment):
    built = treatment.build(armed("forks", tmp_path))
    with Group(512 * MIB, 12) as group:
        walls = replace(treatment.running, group=group)
        held = said(built, walls)
        with Sandbox(walls), Sandbox(walls):
            fewer = said(built, walls)
    count = [int(text.split()[1]) for text in (held, fewer)]
    assert 0 < count[1] < count[0] < 12, (held, fewer)


def leave_a_group() -> None:
    """Make a group in a process that is killed then."""
    told, tell = os.pipe()

    def makes() -> None:
        with sandboxed.bounded():
            os.write(tell, b".")
            signal.pause()
    with Worker(makes, 60.0):
        assert os.read(told, 1) == b"."
        cgroups.sweep()  # its maker lives
    os.close(told)
    os.close(tell)


@pytest.mark.groups
def test_a_group_goes_though_its_maker_was_killed():
    leave_a_group()
    assert cgroups._left_behind()
    cgroups.sweep(5.0)
    assert not cgroups._left_behind()


@pytest.mark.groups
def test_a_group_of_another_process_namespace_is_nobody_s_leavings(
        monkeypatch):
    """Its maker, who may live, has another number there."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(cgroups, "_name", lambda:
                          f"{cgroups.NAME}4026530000-")
        leave_a_group()
        left = cgroups._left_behind()
    assert left and not {*left} & {*cgroups._left_behind()}
    for place in left:
        place.rmdir()


def test_many_sandboxes_do_not_count_each_others_processes(tmp_path,
                                                           treatment):
    built = treatment.build(armed("forks", tmp_path))
    counts: list[str] = []
    threads = [threading.Thread(target=lambda: counts.append(
        said(built, treatment.running))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counts) == 3 and len(set(counts)) == 1, counts


def test_endless_printing_ends_at_the_limit(tmp_path, treatment):
    built = treatment.build(armed("prints-a-gigabyte", tmp_path))
    with Sandbox(treatment.running) as room:
        process = room.start([built], most=MIB)
        assert str(process.wait()) == "killed by SIGXFSZ"
        assert len(process.stdout) == MIB


def test_what_is_only_read_can_not_be_written(tmp_path, treatment):
    built = treatment.build(armed("writes-its-own-grade", tmp_path, OUT="/o"))
    with Sandbox(treatment.running) as room:
        file = Path(built).parent / "file"
        file.write_text("x")
        process = room.start([built, "127.0.0.1", "0", file])
        process.wait()
        assert "STOLEN" not in process.stderr.decode()
    assert file.exists() and built.exists()


# --- what ends with it -----------------------------------------------------

@contextmanager
def outer_wall() -> Iterator[subprocess.Popen]:
    """A process that somebody else has, and that must live."""
    with subprocess.Popen(["sleep", "600"]) as bystander:
        try:
            yield bystander
        finally:
            bystander.kill()


def test_kill_everybody_reaches_nobody_outside(tmp_path, treatment):
    """The process namespace stops it: it is never taken down here."""
    built = treatment.build(armed("kills", tmp_path))
    waits = treatment.build(armed("sleeps", tmp_path))
    with outer_wall() as bystander, Sandbox(treatment.running) as room, \
            Sandbox(treatment.running) as neighbours:
        victim, neighbour = room.start([waits]), neighbours.start([waits])
        killer = room.start([built])
        assert str(killer.wait()) == "exit 1", killer.stderr
        assert killer.stderr == b"held: the first process, 1, lives\n"
        assert victim.wait().signal is not None
        assert neighbour.poll(0) is None and bystander.poll() is None


def test_a_folder_is_lent_once(tmp_path, treatment):
    """What runs there by then may have put something else in its place."""
    folder = Path(tempfile.mkdtemp(dir=program.scratch()))
    inside = folder / "inside"
    inside.mkdir()
    with Sandbox(treatment.running) as room:
        room.start(["true"], writes=[folder]).wait()
        theirs = inside.stat().st_uid
        later = folder / "later"
        later.touch()
        room.start(["true"], writes=[folder]).wait()
    assert (theirs == os.getuid()) == (os.getuid() != 0)
    assert later.stat().st_uid == os.getuid()


def test_a_lower_limit_of_the_graders_own_is_kept():
    done = subprocess.run(
        ["sh", "-c", "ulimit -n 200 && exec " + shlex.join(
            [sys.executable, "-c", ASKS_WHY])],
        env={**os.environ, "PYTHONPATH": str(program.ROOT / "tests")},
        capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("''\n", "")


ASKS_WHY = """
from lab.classroom.sandboxed import make_treatment, trouble
from lab.classroom.worker import Worker
walls = make_treatment()
with Worker(lambda: trouble(walls), 60.0) as worker:
    print(repr(worker.answer().value))
"""


@pytest.mark.parametrize("change,said", (
    (dict(shows=Walls.shows + ("/etc/passwd",)),
     "the machine's files can be seen"),
    (dict(namespaces=("user", "pid", "mount", "ipc")),
     "the machine's network can be reached"),
    (dict(namespaces=("user", "mount", "net", "ipc")),
     "the machine's processes can be seen"),
    (dict(memory=4096 * MIB), "memory has no bound"),
    (dict(filters=False), "system calls are not filtered")), ids=(
        "files", "network", "processes", "memory", "filter"))
def test_a_wall_that_does_not_hold_is_found(treatment, change, said):
    """Before a class is graded, a program of the kit's own tries them all."""
    weaker = replace(treatment, running=replace(treatment.running, **change))
    with Worker(lambda: sandboxed.trouble(weaker), 60.0) as worker:
        assert worker.answer().value == f"a program there: {said}"


def unheard_of() -> str:
    """Return a name that no process has yet; the kernel keeps 15 bytes."""
    return f"left-{secrets.token_hex(5)}"


def comms() -> list[str]:
    """Return the names of all processes of this machine."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/comm"):
        try:
            found.append(entry.read_text().strip())
        except OSError:
            continue
    return found


def test_a_daemon_ends_with_its_room(tmp_path, treatment):
    name = unheard_of()
    built = treatment.build(armed("daemon", tmp_path, NAME=name))
    waits = treatment.build(armed("sleeps", tmp_path))
    with Sandbox(treatment.running) as room:
        room.start([built]).wait()
        assert room.start([waits]).until(lambda: name in comms(), 20)
    assert name not in comms()


def test_who_stops_all_others_ends_with_the_room(tmp_path, treatment):
    """It can stop what is about to become a program, and so the supervisor."""
    name = unheard_of()
    built = treatment.build(armed("stops", tmp_path, NAME=name))

    def start_for_ever() -> None:
        room = Sandbox(treatment.running)
        room.start([built])
        while True:
            room.start(["/bin/true"])
    with Worker(start_for_ever, 1.0) as worker:
        assert worker.answer().late
    with Sandbox() as other:
        waits = other.start(["sleep", "1000"])
        assert waits.until(lambda: name not in comms(), 20)


# --- the compiler ----------------------------------------------------------

def refused(treatment: Treatment, source: Path) -> str:
    """Return why a source can't become a program."""
    with pytest.raises(Refused) as caught:
        treatment.build(source)
    return str(caught.value)


def compiling(treatment: Treatment, **other: object) -> Treatment:
    """Change the walls of the compiler."""
    return replace(treatment, compiling=replace(treatment.compiling, **other))


def opened(treatment: Treatment, place: Path) -> Treatment:
    """Show the compiler one folder more."""
    return compiling(treatment,
                     shows=(*treatment.compiling.shows, str(place)))


def test_the_compiler_does_not_read_a_secret_aloud(tmp_path, treatment,
                                                   secret):
    source = armed("includes", tmp_path, SECRET=secret)
    held = refused(treatment, source)
    assert "No such file" in held and "solution" not in held
    told = refused(opened(treatment, secret.parent), source)
    assert "unknown type name" in told and "the" in told


def test_the_compiler_has_no_passwords(tmp_path, treatment):
    source = armed("includes", tmp_path, SECRET="/etc/passwd")
    assert "No such file" in refused(treatment, source)


def test_the_assembler_includes_no_secret(tmp_path, treatment, secret):
    source = armed("incbin", tmp_path, SECRET=secret)
    assert "file not found" in refused(treatment, source)
    built = opened(treatment, secret.parent).build(source)
    assert "STOLEN: the solution" in said(built, treatment.running)


def test_an_endless_compiler_is_stopped(tmp_path, treatment):
    source = armed("compiles-without-end", tmp_path)
    why = refused(compiling(treatment, seconds=1), source)
    assert "does not compile" in why


def test_a_compiler_gets_so_much_memory_and_no_more(tmp_path, treatment):
    source = armed("compiles-for-memory", tmp_path)
    why = refused(compiling(treatment, memory=256 * MIB), source)
    assert "memory" in why, why


def test_a_program_of_a_gigabyte_is_not_made(tmp_path, treatment):
    why = refused(treatment, armed("gigabyte-program", tmp_path))
    assert "makes a program of more than 8 MiB" in why


def test_a_compiler_that_is_short_of_something_costs_nobody_a_grade(
        classroom, treatment, monkeypatch):
    """As where the machine has no process left for what cc starts."""
    CallLog()  # builds what the kit itself needs
    assert treatment.build(SOLUTION).exists()
    with program.scratch_folder() as folder:
        os.chmod(folder, 0o755)
        short = Path(folder) / "cc"
        short.write_text("#!/bin/sh\necho 'cc: vfork: no more' >&2\nexit 1\n")
        short.chmod(0o755)
        hand_in(classroom, "ann", SOLUTION)
        monkeypatch.setenv("CC", str(short))
        row = graded(classroom)["ann"]
    assert row["total"] == "" and row["reason"] == (
        "01 grader's error: NotInstalled: the compiler makes no program here, "
        "not even of a right source: cc: vfork: no more"), row


# --- what is handed in -----------------------------------------------------

def test_nothing_beside_the_source_has_a_say(tmp_path, treatment):
    shutil.copy(program.ROOT / "tests" / "starters" / "01-return-the-thanks" /
                "server.c", tmp_path)
    (tmp_path / "stdio.h").write_text("#error ours\n")
    (tmp_path / "Makefile").write_text("all:\n\ttouch /tmp/made\n")
    (tmp_path / "specs").write_text("*cc1:\n-fplugin=evil.so\n")
    assert treatment.build(tmp_path / "server.c").exists()


def test_what_was_left_is_read_with_care(tmp_path):
    (tmp_path / "plain").write_bytes(b"x" * 10)
    (tmp_path / "link").symlink_to(tmp_path / "plain")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    assert read_untrusted(tmp_path / "plain") == b"x" * 10
    assert read_untrusted(tmp_path / "plain", most=9) is None
    for name in ("link", "fifo", "zero", ".", "not-there"):
        assert read_untrusted(tmp_path / name) is None


def test_a_disk_keeps_what_was_in_the_folder_and_is_bounded(treatment):
    folder = program.scratch() / "kept"
    folder.mkdir(mode=0o700)
    (folder / "old").write_text("old\n")
    with Sandbox(treatment.running) as room:
        seen = room.disk(folder, MIB, keep=True)
        shell = room.start(
            ["/bin/sh", "-c", 'cat old; echo new > new; ln -s /dev/zero zero; '
             "head -c 9999999 /dev/zero > big"], cwd=folder)
        shell.wait()
        assert shell.stdout == b"old\n", shell.stderr
        assert read_untrusted(seen / "new") == b"new\n"
        assert read_untrusted(seen / "zero") is None
        assert (seen / "big").stat().st_size <= MIB
    assert os.listdir(folder) == ["old"]
    shutil.rmtree(folder)


def test_only_what_is_named_can_be_written(treatment):
    folder = program.scratch() / "named"
    (folder / "here").mkdir(parents=True)
    script = ["/bin/sh", "-c", "echo x > here/x; echo x > x; exit 0"]
    with Sandbox(treatment.running) as room:
        for writes, made in (((), []), ((folder / "here",), ["x"])):
            shell = room.start(script, cwd=folder, writes=writes)
            shell.wait()
            assert b"cannot create x: Read-only file system" in shell.stderr
            assert os.listdir(folder / "here") == made
    shutil.rmtree(folder)


def filled() -> tuple[int, Path]:
    """In a worker, write more than it may; return the error, and where."""
    sandboxed.own_disk()
    place = program.scratch() / "file"
    try:
        with place.open("wb") as file:
            for _ in range(sandboxed.DISK // MIB + 1):
                file.write(bytes(MIB))
    except OSError as error:
        return error.errno or 0, place
    return 0, place


def test_all_that_is_temporary_is_bounded_and_goes_with_its_worker(
        monkeypatch):
    monkeypatch.setattr(sandboxed, "DISK", 4 * MIB)
    with Worker(filled, 60.0) as worker:
        answer = worker.answer()
    assert not answer.error, answer.detail
    number, place = answer.value
    assert number == errno.ENOSPC and not place.parent.exists()
    assert place.parent.parent.exists()  # what it was mounted on
    assert not list(place.parent.parent.iterdir())
