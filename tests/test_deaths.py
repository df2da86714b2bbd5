"""Chapter 07: a signal or kill -9 at any moment leaves no half file behind."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import Callable, Iterator, Optional

import pytest

from expectations import differs, said
import plain_sockets
from lab import program
from lab.calls import CallLog, Fault
from lab.meeting import EOF, Heard, Peer
from lab.meeting.pair import AMPLE, Pair, PairMeeting
from lab.sandbox import Process, Sandbox
from parameters import seeds
from storing import FILE, OLD, as_it_was, finish, half_way, taken

pytestmark = pytest.mark.chapter("07")


@pytest.fixture
def number() -> str:
    """What `pair` is to play."""
    return "07"


# --- deaths that the client lives to see -----------------------------------

@pytest.mark.parametrize("name", ("SIGTERM", "SIGINT", "SIGQUIT",
                                  "SIGHUP"))
@pytest.mark.parametrize("old", (None, OLD), ids=("new", "old"))
def test_a_client_that_is_told_to_stop_leaves_nothing_behind(
        client_of, name, old):
    number = getattr(signal, name)
    if old:
        client_of.copy.write_bytes(old)
    client, server = client_of.answer()
    with closing(server):
        server.say(b"12\n" + FILE)
        taken(client, server)
        assert len(client_of.left_over()) == 1
        client.signal(number)
        assert str(client.ends()) == f"killed by {name}"
        assert server.hear().data == b""
    as_it_was(client_of, old)


def test_a_client_under_nohup_goes_on(pair):
    client, server = pair.answer(
        before=["sh", "-c", 'trap "" HUP; exec "$@"', "sh"])
    with closing(server):
        server.say(b"12\n" + FILE[:6])
        taken(client, server)
        client.signal(signal.SIGHUP)
        server.say(FILE[6:])
        server.half_close()
        assert server.hear() == Heard(b"Thank you 12\n", EOF)
        assert str(client.ends()) == "exit 0", client.stderr
    as_it_was(pair, FILE)


def fetching(pair: PairMeeting, log: CallLog, shell: str = 'exec "$@"'
             ) -> tuple[Process, bytes]:
    """Be a server that has all of FILE; return the client, and what it said.

    The client runs as the last words of `shell` have it.
    """
    listener, port = plain_sockets.listen(pair.room)
    env = dict(log.env)
    env["PRELOAD"] = env.pop("LD_PRELOAD")  # it is not for the shell
    with listener:
        client = pair.room.start(
            ["sh", "-c", shell.replace("exec", "LD_PRELOAD=$PRELOAD exec"),
             "sh", program.build(pair.pair.folder / "client.c"), "127.0.0.1",
             port, pair.copy, AMPLE], name="client", env=env)
        listener.setblocking(False)

        def accepted() -> Optional[Peer]:
            try:
                return Peer(listener.accept()[0],
                            lambda: client.poll(0) is None)
            except OSError:
                return None
        server = client.until(accepted)
    if not server:
        return client, b""
    with closing(server):
        server.say(b"12\n" + FILE)
        server.half_close()
        heard = server.hear().data
    client.wait()
    return client, heard


def calls_of(log_of: Callable[[int], CallLog]) -> Iterator[CallLog]:
    """Give a log that strikes call 1, then 2, and so on to the last."""
    for at in itertools.count(1):
        log = log_of(at)
        yield log
        if not log.struck():
            assert at > 20
            return


@pytest.mark.parametrize("old", (None, OLD), ids=("new", "old"))
def test_a_signal_at_any_call_leaves_nothing_behind(client_of, old):
    for log in calls_of(lambda at: CallLog(Fault("SIGTERM", at=at))):
        client_of.copy.unlink(missing_ok=True)
        if old:
            client_of.copy.write_bytes(old)
        client, heard = fetching(client_of, log)
        ended = str(client.exit or client.ends())
        if log.struck():
            assert ended == "killed by SIGTERM", log.struck()
        else:
            assert (ended, heard) == ("exit 0", b"Thank you 12\n")
        now = client_of.copy.read_bytes() if client_of.copy.exists() else None
        assert now in (old, FILE) and (not heard or now == FILE), log.struck()
        assert not client_of.left_over(), log.struck()


def test_a_signal_removes_no_file_that_was_there_before(room, tmp_path):
    """One of the name that a client tries first, and does not get."""
    pair = PairMeeting(Pair.of("07"), tmp_path, room)
    log = CallLog(Fault("SIGTERM", at=1, calls=("openat",)))
    client, _ = fetching(
        pair, log, 'echo >"${4%/*}/.half-close.$$-0"; exec "$@"')
    assert str(client.exit or client.ends()) == "killed by SIGTERM"
    assert log.struck() == ["openat"]
    assert [name.rpartition("-")[2] for name in os.listdir(tmp_path)] == ["0"]


def test_a_hangup_at_any_call_under_nohup_changes_nothing(room, tmp_path):
    pair = PairMeeting(Pair.of("07"), tmp_path, room)
    for log in calls_of(lambda at: CallLog(Fault("SIGHUP", at=at))):
        client, heard = fetching(pair, log, 'trap "" HUP; exec "$@"')
        assert str(client.exit) == "exit 0", (log.struck(), client.stderr)
        assert heard == b"Thank you 12\n"


@pytest.mark.namespaces
def test_the_first_process_of_a_container_ends_as_well(pair):
    """A signal that it sends itself is not delivered (pid_namespaces(7))."""
    client, server = half_way(pair, before=["unshare", "-Urpf"])
    child, = Path(f"/proc/{client.pid}/task/{client.pid}/children"
                  ).read_text().split()
    os.kill(int(child), signal.SIGTERM)
    with closing(server):
        server.say(FILE[6:])
        server.half_close()
        assert server.hear().data == b""
    assert str(client.ends()) == f"exit {128 + signal.SIGTERM}"
    as_it_was(pair, None)


@pytest.mark.parametrize("old", (None, OLD), ids=("new", "old"))
def test_a_file_that_is_on_the_disk_too_late_is_not_stored(either, old):
    """fsync(2) can't be cut short. What it ends with is looked at after it."""
    if old:
        either.copy.write_bytes(old)
    client, server = half_way(either, seconds=0.5,
                              fault=Fault("slow", at=1, calls=("fsync",)))
    assert finish(client, server, 1) == \
        "gave up after 0.5 seconds: the file is not on the disk yet"
    assert client.log.struck() == ["fsync"]
    as_it_was(either, old)


# --- deaths at any moment --------------------------------------------------

class Encounter:
    """A pair that meets over a file which a seed decides."""

    def __init__(self, room: Sandbox, files: Path, seed: int) -> None:
        chance = random.Random(seed)
        size = chance.choice((0, 1, chance.randrange(100_000),
                              chance.randrange(3_000_000), 3_000_000))
        self.data = chance.randbytes(size)
        self.old = chance.choice((None, OLD))
        self.victims = chance.choice((("server",), ("client",),
                                      ("server", "client")))
        self.share = chance.random() * chance.choice((0.3, 1.1))
        self.pair = PairMeeting(Pair.of("07"), files, room)

    def begin(self) -> None:
        """Start both."""
        self.pair.copy.unlink(missing_ok=True)
        if self.old is not None:
            self.pair.copy.write_bytes(self.old)
        self.server = self.pair.serve(self.data)
        self.client = self.pair.fetch(self.pair.port)

    def takes(self) -> float:
        """Return in how many seconds the two are done if nobody dies."""
        self.begin()
        began = time.monotonic()
        assert str(self.client.ends()) == "exit 0", self.client.stderr
        assert str(self.server.ends()) == "exit 0", self.server.stderr
        return time.monotonic() - began

    def struck(self, number: int, after: float) -> None:
        """Send the victims a signal `after` seconds; let both end."""
        self.begin()
        self.client.poll(after)
        for name in self.victims:
            getattr(self, name).signal(number)
        self.pair.settle()
        for process in (self.server, self.client):
            assert process.exit or process.asleep, self.told(after)
        if self.server.exit is None:  # it waits for a client, as it should
            assert self.server.asleep.call == "accept", self.told(after)
            assert self.client.exit.signal == number, self.told(after)

    def told(self, after: float) -> str:
        """Say what was seen."""
        return f"{' and '.join(self.victims)} struck after {after:.6f} s, " \
            f"{len(self.data)} bytes, {'an' if self.old else 'no'} old file; "\
            f"server {self.server.exit}, {self.server.stderr!r}; client " \
            f"{self.client.exit}, {self.client.stderr!r}; left over " \
            f"{self.pair.left_over()}"

    def judge(self, after: float) -> None:
        """Check that nothing half is called whole."""
        what = self.told(after)
        stored = self.pair.copy.read_bytes() if self.pair.copy.exists() \
            else None
        whole = stored == self.data
        assert whole or stored == self.old, \
            f"{what}: a wrong file: {differs(stored or b'', self.data)}"
        ends = {p: p.exit for p in (self.server, self.client) if p.exit}
        receipt = f"Message from client: Thank you {len(self.data)}\n"
        if said(self.server) or str(self.server.exit) == "exit 0":
            assert said(self.server) == receipt and whole, what
        if self.client.stdout or str(self.client.exit) == "exit 0":
            assert whole, what
        for process, ended in ends.items():
            if ended.signal is not None:
                assert process.name in self.victims, what
            elif ended.status != 0:
                assert ended.status == 1, what
                assert process.stderr.count("\n") == 1, what


@pytest.mark.soak
@seeds(20, 300)
def test_killed_at_any_moment_nothing_half_is_called_whole(
        room, tmp_path, seed):
    pair = Encounter(room, tmp_path, seed)
    after = pair.share * pair.takes()
    pair.struck(signal.SIGKILL, after)
    pair.judge(after)
    if "client" not in pair.victims:
        assert not pair.pair.left_over(), pair.told(after)


@pytest.mark.soak
@seeds(5, 100)
def test_told_to_stop_at_any_moment_the_client_leaves_nothing_behind(
        room, tmp_path, seed):
    pair = Encounter(room, tmp_path, seed)
    pair.victims = ("client",)
    after = pair.share * pair.takes()
    pair.struck(random.Random(seed).choice(
        (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)),
        after)
    pair.judge(after)
    assert not pair.pair.left_over(), pair.told(after)
