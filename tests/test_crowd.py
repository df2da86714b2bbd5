"""Chapter 12: one process, a crowd of clients, and nothing waits for one.

A client that is ours says what came to it, and how it ended. What the server
says of it names it by its address.
"""

from __future__ import annotations

import os
import resource
import signal
import time

import pytest

from lab import chapters, kernel, program
from lab.calls import Fault
from lab.meeting import EOF, RESET, Heard, Peer, Program
from lab.meeting.behaviours import polite
from lab.meeting.crowd import held, silent
from lab.meeting.pair import SAMPLE, Pair, PairMeeting
from lab.meeting.watch import pulse
from lab.race import NoSuchRace, race
from lab.race import crowd as crowd_race
from lab.race.course import Goal
from lab.verdicts import large
from checkers import SANITIZERS, valgrind
from expectations import has_epoll

pytestmark = pytest.mark.chapter("12")

SIZE = 16_000_000  # bytes: no kernel has as much room for one that waits
LATE = 0.5  # seconds that it may take longer on a busy machine
LIMIT = 32  # descriptors
LIMITED = ("/bin/sh", "-c", f'ulimit -n {LIMIT}; exec "$0" "$@"')


EDITIONS = [pytest.param(n, marks=pytest.mark.chapter(n))
            for n in chapters.editions("server.c", "12")]


@pytest.fixture(params=EDITIONS)
def number(request) -> str:
    """What `pair` is to play."""
    return request.param


@pytest.fixture(params=[*EDITIONS, "12/poll", "12/threads"])
def any_server(request, meet, tmp_path) -> PairMeeting:
    """A meeting with the server, or with one of those in its folders."""
    number, _, inside = request.param.partition("/")
    folder = program.chapter(number) / inside
    return meet(PairMeeting, Pair(request.param, number, folder), tmp_path)


def name(peer: Peer) -> str:
    """Return how the server calls a client of ours."""
    return "127.0.0.1 %d" % peer.conn.getsockname()[1]


def whole(it: PairMeeting, content: bytes = SAMPLE) -> Heard:
    """Return what comes to a client to whom all comes."""
    return Heard(it.pair.header(len(content)) + content, EOF)


def stops(it: PairMeeting, server: Program, messages: int, *told: str
          ) -> None:
    """Check that it ends when told to, and what it has said of clients."""
    it.finish(server)
    assert str(server.exit) == "exit 0", server.hang or server.stderr
    assert server.stdout.count("Message from client: Thank you ") == messages
    assert server.stderr.splitlines() == [f"server: {t}" for t in told]


# --- one does not wait for another -----------------------------------------

def test_conversations_go_on_side_by_side(any_server):
    it = any_server
    server = it.serve(SAMPLE)
    peers = [it.dial_server() for _ in range(5)]
    heard = [peer.hear() for peer in reversed(peers)]
    for peer in peers[::2] + peers[1::2]:
        peer.say(it.pair.thanks(len(SAMPLE)))
        peer.half_close()
    stops(it, server, 5)
    assert heard == [whole(it)] * 5


def test_a_client_that_does_not_read_holds_nobody_up(any_server):
    it, content = any_server, large(SIZE)
    server = it.serve(content)
    lazy, quick = it.dial_server(), it.dial_server()
    polite(quick, it.pair.thanks(SIZE))
    assert server.says(b"Thank you %d\n" % SIZE)
    assert lazy.hear() == whole(it, content)
    lazy.say(it.pair.thanks(SIZE))
    lazy.half_close()
    stops(it, server, 2)


def test_who_talks_before_it_listens_gets_its_file(any_server):
    it, content = any_server, large(SIZE)
    server = it.serve(content)
    peer = it.dial_server()
    assert peer.say(b"x" * 8_000_000) == 8_000_000
    assert peer.hear() == whole(it, content)
    peer.half_close()
    stops(it, server, 0, f"{name(peer)}: no receipt for {SIZE} bytes")


def test_who_has_half_closed_still_gets_its_file(any_server):
    """Its receipt came before its file: a receipt is as good as its giver."""
    it, content = any_server, large(SIZE)
    server = it.serve(content)
    peer = it.dial_server()
    peer.say(it.pair.thanks(SIZE))
    peer.half_close()
    assert it.until_read(peer)
    assert peer.hear() == whole(it, content)
    stops(it, server, 1)


def test_a_receipt_is_heard_though_its_fin_has_come_with_it(pair):
    """Then poll(2) shows POLLHUP together with POLLIN."""
    server = pair.serve(SAMPLE)
    peer = pair.dial_server()
    assert peer.hear() == whole(pair)
    pair.rest()
    server.signal(signal.SIGSTOP)
    server.until(lambda: kernel.stopped(server.pid))
    peer.say(pair.pair.thanks(len(SAMPLE)))
    peer.half_close()
    assert peer.arrived()
    server.signal(signal.SIGCONT)
    stops(pair, server, 1)


@pytest.mark.parametrize("said, told", [
    (b"", "no thanks"),
    (b"Thank you 11\n", "no receipt for 12 bytes"),
    (b"Thank you 12\n\0", "no receipt for 12 bytes"),
    (b"Thank you 12", "no receipt for 12 bytes"),
    (b"x" * 100_000, "no receipt for 12 bytes")])
def test_what_is_no_receipt_is_none(pair, said, told):
    server = pair.serve(SAMPLE)
    peer = pair.dial_server()
    peer.hear()
    peer.say(said)
    peer.half_close()
    stops(pair, server, 0, f"{name(peer)}: {told}")


# --- whose trouble it is ---------------------------------------------------

def test_a_file_that_grew_is_a_reset_and_then_another_file(pair):
    """The next client gets what FILE has become: it is opened once."""
    content = large(SIZE)
    server = pair.serve(content)
    peer = pair.dial_server()
    pair.rest()
    with open(pair.original, "ab") as file:
        file.write(b"more")
    assert peer.hear().end == RESET
    later = pair.dial_server()
    assert later.hear() == whole(pair, content + b"more")
    later.say(pair.pair.thanks(SIZE + 4))
    later.half_close()
    stops(pair, server, 1, f"{name(peer)}: read original: it has more than "
          f"{SIZE} bytes now")


def test_a_file_that_shrinks_is_a_reset(pair):
    server = pair.serve(large(SIZE))
    peer = pair.dial_server()
    pair.rest()
    os.truncate(pair.original, 10)
    assert peer.hear().end == RESET
    stops(pair, server, 0, f"{name(peer)}: read original: it has less than "
          f"{SIZE} bytes now")


def test_a_client_that_resets_troubles_nobody_else(any_server):
    it = any_server
    server = it.serve(SAMPLE)
    rude, other = it.dial_server(), it.dial_server()
    rude.hear()
    rude_name = name(rude)
    rude.reset()
    polite(other, it.pair.thanks(len(SAMPLE)))
    stops(it, server, 1, f"{rude_name}: read: Connection reset by peer")


def test_a_child_that_has_a_copy_wakes_nobody_who_has_gone(
        meet, tmp_path, number):
    """epoll goes on watching a connection that somebody still holds."""
    it = meet(PairMeeting, Pair.of(number), tmp_path, flags=SANITIZERS)
    server = it.serve(SAMPLE, fault=Fault("copied", at=1))
    first = it.dial_server()
    polite(first, it.pair.thanks(len(SAMPLE)))
    assert server.says(b"Thank you")
    first.close()  # a FIN and perhaps a RST come to what the child holds
    second = it.dial_server()
    polite(second, it.pair.thanks(len(SAMPLE)))
    assert server.until(lambda: server.stdout.count("Thank you") == 2)
    server.signal(signal.SIGTERM)
    assert str(server.ends()) == "exit 0", server.stderr
    assert server.stderr == ""


# --- time ------------------------------------------------------------------

@pytest.mark.timed
def test_each_client_has_a_clock_of_its_own(any_server):
    it, patience = any_server, 0.8
    server = it.serve(SAMPLE, seconds=patience)
    ends, began = [], []
    for count in (1, 2):
        began.append(time.monotonic())
        peer = it.dial_server()
        peer.hear()
        ends.append(f"{name(peer)}: gave up after 0.8 seconds: "
                    "sent 12 of 12 bytes, heard 0")
        server.process.poll(patience / 2)
    for count in (1, 2):
        assert server.until(lambda: ends[count - 1] in server.stderr)
        assert time.monotonic() - began[count - 1] >= patience
    assert time.monotonic() - began[1] <= patience + LATE
    stops(it, server, 0, *ends)


@pytest.mark.timed
def test_those_who_wait_cost_nothing(pair):
    server = pair.serve(SAMPLE)
    crowd = silent(pair, pair.port, 500)
    assert held(crowd) == 500
    assert server.until(lambda: not kernel.backlog(server.pid, pair.port))

    def calm() -> bool:
        """Whether it sleeps for half a second, now that all have come."""
        before = pulse([server.pid])
        server.process.poll(0.5)
        after = pulse([server.pid])
        return bool(before and after and after.turns - before.turns <= 1
                    and after.seconds - before.seconds <= 0.02)
    assert any(calm() for _ in range(10))


def test_told_to_stop_it_lets_begun_conversations_end(any_server):
    it = any_server
    server = it.serve(SAMPLE)
    peer = it.dial_server()
    peer.hear()
    server.signal(signal.SIGTERM)

    def refused() -> bool:
        with it.room.socket() as late:
            return late.connect_ex(("127.0.0.1", it.port)) != 0
    assert server.until(refused)
    peer.say(it.pair.thanks(len(SAMPLE)))
    peer.half_close()
    assert str(server.ends()) == "exit 0", server.hang
    assert "Thank you 12" in server.stdout


# --- no descriptor left ----------------------------------------------------

@pytest.mark.parametrize("flags", ((), SANITIZERS), ids=("plain", "sanitized"))
def test_nobody_is_lost_when_descriptors_run_out(
        meet, tmp_path, number, flags):
    it = meet(PairMeeting, Pair.of(number), tmp_path, flags=flags)
    server = it.serve(SAMPLE, before=LIMITED)
    peers = [it.dial_server() for _ in range(2 * LIMIT)]
    assert server.until(lambda: "Too many open files" in server.stderr)
    for peer in peers:
        assert peer.hear() == whole(it)
        peer.say(it.pair.thanks(len(SAMPLE)))
        peer.half_close()
        peer.close()
    it.finish(server)
    assert str(server.exit) == "exit 0", server.hang or server.stderr
    assert server.stdout.count("Thank you 12\n") == 2 * LIMIT
    assert set(server.stderr.splitlines()) == {
        "server: accept a client: Too many open files"}


def test_a_descriptor_that_others_give_back_is_found(pair):
    """With no client of its own that could leave, it asks every second."""
    server = pair.serve(SAMPLE)
    assert server.until(lambda: has_epoll(server))  # and a limit of its own
    most = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (3, most[1]))
    peer = pair.dial_server()
    assert server.until(lambda: "Too many open files" in server.stderr)
    before = pulse([server.pid])
    server.process.poll(0.3)
    after = pulse([server.pid])
    assert after.seconds - before.seconds <= 0.05
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, most)
    polite(peer, pair.pair.thanks(len(SAMPLE)))
    assert server.says(b"Thank you 12\n")


def test_it_asks_for_all_the_descriptors_that_it_may_have(pair):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    server = pair.serve(SAMPLE, before=(
        "/bin/sh", "-c", 'ulimit -S -n 20; exec "$0" "$@"'))
    assert server.says(f"at most {most} descriptors\n".encode())
    assert resource.prlimit(server.pid, resource.RLIMIT_NOFILE) == (most, most)


def overflows(pair: PairMeeting) -> int:
    """Return how many SYNs have met a full queue so far (proc(5), netstat)."""
    shown = pair.room.start(["cat", "/proc/net/netstat"])
    assert shown.wait()
    names, counts = (line.split() for line in
                     shown.stdout.decode().splitlines()
                     if line.startswith("TcpExt:"))
    return int(counts[names.index("ListenOverflows")])


@pytest.mark.namespaces
def test_a_burst_of_clients_is_connected_at_once(pair):
    """Nobody has to send a SYN again: SOMAXCONN of them may wait."""
    server = pair.serve(SAMPLE)
    pair.rest()
    server.signal(signal.SIGSTOP)
    server.until(lambda: kernel.stopped(server.pid))
    crowd = silent(pair, pair.port, 200)
    assert held(crowd) == 200
    assert overflows(pair) == 0
    server.signal(signal.SIGCONT)


# --- calls that fail -------------------------------------------------------

@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fault", ("short", "EINTR"))
def test_calls_that_do_less_than_asked_change_nothing(
        meet, tmp_path, number, fault, seed):
    it = meet(PairMeeting, Pair.of(number), tmp_path, flags=SANITIZERS)
    content = large(3000)
    server = it.serve(content, fault=Fault(fault, percent=90, seed=seed))
    peers = [it.dial_server() for _ in range(8)]
    for peer in peers:
        assert peer.hear() == whole(it, content)
        peer.say(it.pair.thanks(3000))
    for peer in peers:
        peer.half_close()
    assert server.until(lambda: server.stdout.count("Thank you 3000\n") == 8)
    server.signal(signal.SIGTERM)
    assert str(server.ends()) == "exit 0", server.stderr
    assert server.stderr == ""
    short, interrupted = {
        "12": ({"read", "pread", "write"}, {"epoll_pwait"}),
        "14": ({"read", "sendfile"}, {"epoll_pwait", "sendfile"})}[number]
    struck = set(server.log.struck())
    assert struck >= {"short": short, "EINTR": interrupted}[fault], struck


@pytest.mark.parametrize("call, told", [
    ("read", "read"), ("write", "write"), ("shutdown", "shutdown"),
    ("pread", "read original")])
def test_an_error_ends_its_conversation_and_no_other(pair, call, told):
    """And never in a success: to say thanks for it would be too early."""
    server = pair.serve(SAMPLE, seconds=1, fault=Fault(
        "EIO", at=1, calls=(call,)))
    peer = pair.dial_server()
    its_name = name(peer)
    if call == "read":
        peer.say(b"x")
    later = pair.dial_server()
    polite(later, pair.pair.thanks(len(SAMPLE)))
    assert server.says(b"Thank you 12\n")
    assert peer.hear().end == RESET or call != "pread"
    peer.close()
    pair.finish(server)
    assert str(server.exit) == "exit 0" and server.log.struck() == [call]
    assert server.stdout.count("Thank you") == 1
    assert server.stderr.splitlines()[0] == \
        f"server: {its_name}: {told}: Input/output error"


def test_a_client_that_could_not_be_accepted_is_asked_for_again(pair):
    server = pair.serve(SAMPLE, fault=Fault("EIO", at=1, calls=("accept",)))
    polite(pair.dial_server(), pair.pair.thanks(len(SAMPLE)))
    stops(pair, server, 1, "accept a client: Input/output error")


def test_it_is_clean_under_valgrind(pair):
    server = pair.serve(SAMPLE, seconds=30, before=valgrind())
    rude, mute, kind = (pair.dial_server() for _ in range(3))
    rude.hear()
    rude_name, mute_name = name(rude), name(mute)
    rude.reset()
    mute.hear()
    mute.half_close()
    polite(kind, pair.pair.thanks(len(SAMPLE)))
    pair.finish(server)
    assert str(server.exit) == "exit 0", server.hang or server.stderr
    assert sorted(server.stderr.splitlines()) == sorted([
        f"server: {rude_name}: read: Connection reset by peer",
        f"server: {mute_name}: no thanks"])


def test_a_write_that_takes_nothing_ends_that_conversation_alone(
        any_server):
    """A sendfile that sends nothing says that the file ends here."""
    it = any_server  # the first write is the length
    server = it.serve(SAMPLE, fault=Fault("nothing", at=2,
                                          calls=("write", "sendfile")))
    peer = it.dial_server()
    assert len(peer.hear().data) < len(whole(it).data)
    later = it.dial_server()
    polite(later, it.pair.thanks(len(SAMPLE)))
    told = "read original: it has less than 12 bytes now" \
        if "sendfile" in server.log.struck() else "write: Input/output error"
    stops(it, server, 1, f"{name(peer)}: {told}")


def test_a_file_that_cannot_be_read_is_a_reset(pair):
    server = pair.serve(SAMPLE, fault=Fault("EIO", at=1, calls=("pread",)))
    peer = pair.dial_server()
    assert peer.hear().end == RESET
    later = pair.dial_server()
    polite(later, pair.pair.thanks(len(SAMPLE)))
    stops(pair, server, 1,
          f"{name(peer)}: read original: Input/output error")


# --- the race --------------------------------------------------------------

@pytest.mark.namespaces
def test_the_race_runs_and_its_columns_add_up():
    report = crowd_race.main(crowd_race.TINY)
    figures = dict(line.rsplit("  ", 1) for line in report if "  " in line)
    found = {name.strip(): value.strip() for name, value in figures.items()}
    assert found["12, 20 silent: held"] == "20"
    assert found["12, 30 silent: held"] == "30"
    assert found["closed"] == "20"
    goals = [line for line in report if line.startswith(("met ", "NOT MET "))]
    assert len(goals) >= 8 and any("beside 10" in goal for goal in goals)
    assert not list(program.scratch().glob("*/nginx.conf"))


def test_a_race_that_there_is_not_is_refused():
    with pytest.raises(NoSuchRace, match="'01'"):
        race("01")


@pytest.mark.parametrize("values, bound, at_least, met", [
    ((1, 2, 9), 2, True, True), ((1, 2, 9), 2.1, True, False),
    ((1, 2, 9), 2, False, True), ((1, 2, 9), 1.9, False, False)])
def test_a_goal_is_met_by_the_median(values, bound, at_least, met):
    goal = Goal("x", values, bound, at_least)
    assert goal.met is met
    assert str(goal).startswith("met " if met else "NOT MET ")
    assert "2 (1 to 9)" in str(goal)


# --- what changed ----------------------------------------------------------

def test_the_client_stays_the_same_to_the_byte():
    before, this = (program.chapter(n) / "client.c" for n in ("10", "12"))
    assert this.read_bytes() == before.read_bytes()
