"""The scenarios: what the world does to a server and a client.

Each plays one or more conversations on a stage, and says in two words what was
lost, or "ok". A scenario is named for the chapter that deals with it.
"""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Iterator, Optional

from .. import kernel
from ..calls import Fault
from ..outcome import Outcome, Part
from ..peer import EOF
from ..sandbox import Process, Sandbox
from .stage import (BOUND, PATIENCE, Pair, Stage, drip_until_read,
                    no_delay, settled, stage_folder)

OK = "ok"
SAMPLE = b"To be sent.\n"


class NoSuchScenario(Exception):
    """There is no scenario of the name that was asked for."""


@dataclass(frozen=True)
class Act:
    """One conversation of a scenario: what was seen, and what it came to."""

    title: str
    outcome: Outcome
    verdict: str


@dataclass(frozen=True)
class Scenario:
    """A column of the matrix; from chapter `chapter` on it must be ok."""

    slug: str
    title: str
    chapter: str
    play: Callable[[Stage], Iterator[Act]]


@functools.lru_cache(maxsize=None)
def large(size: int) -> bytes:
    """Return random bytes, the same each time: making them takes a while."""
    return random.Random(3).randbytes(size)


# --- verdicts --------------------------------------------------------------

def fate(part: Part) -> Optional[str]:
    """Return what is wrong with how a program ended, before its work."""
    if part.exit is None:
        return "hangs"
    if part.exit.signal is not None:
        return "killed"
    return None


def message(part: Part) -> Optional[str]:
    """Return what a server printed as the client's message."""
    _, found, text = part.stdout.partition("Message from client: ")
    return text[:-1] if found else None


def heard(part: Part, thanks: bytes) -> str:
    """Judge whether a server heard the thanks, all of them."""
    if fate(part):
        return fate(part) or ""
    if message(part) is None:
        return "ack lost"
    expected = thanks.decode().rstrip("\n")
    if message(part) != expected:
        longer = (message(part) or "").startswith(expected)
        return "ack garbled" if longer else "ack cut"
    return OK if part.exit and part.exit.status == 0 else "gives up"


def gave_up(part: Part) -> str:
    """Judge whether a program ended with a sentence and status 1."""
    if fate(part):
        return fate(part) or ""
    if part.exit and part.exit.status == 0:
        return "ack cut" if message(part) is not None else "half thanked"
    return OK if part.stderr.count("\n") == 1 else "no sentence"


def exchanged(stage: Stage, outcome: Outcome) -> str:
    """Judge a pair: the file whole, the thanks heard, both content."""
    if outcome.received != outcome.sent and not fate(outcome.client):
        honest = outcome.client.exit and outcome.client.exit.status
        return "gives up" if honest else "truncated"
    for part in (outcome.server, outcome.client):
        if fate(part):
            return fate(part) or ""
    verdict = heard(outcome.server, stage.pair.thanks(len(outcome.sent)))
    if verdict == OK and outcome.client.exit.status != 0:
        return "gives up"
    return verdict


# --- plays -----------------------------------------------------------------

def pair(content: bytes, title: str = "the pair",
         fault: Optional[Fault] = None, host: str = "127.0.0.1"
         ) -> Callable[[Stage], Iterator[Act]]:
    """Let the server and the client under test meet."""
    def play(stage: Stage) -> Iterator[Act]:
        server = stage.serve(content, host=host, fault=fault)
        client = stage.fetch(stage.port, host=host, fault=fault)
        try:
            kernel.settle([server, client], BOUND)
        except kernel.StillRunning:
            pass
        outcome = stage.outcome(server, client)
        yield Act(title, outcome, exchanged(stage, outcome))
    return play


def faults(stage: Stage) -> Iterator[Act]:
    """Cut the counts of some calls, interrupt others."""
    for title, fault in (
            ("every other count short", Fault("short", percent=50, seed=1)),
            ("a signal in every fifth call",
             Fault("EINTR", percent=20, seed=2))):
        stage.copy.unlink(missing_ok=True)
        yield from pair(large(3000), title, fault)(stage)


def thanks_in_bytes(stage: Stage) -> Iterator[Act]:
    """Say the thanks byte by byte, each after the last was read."""
    thanks = stage.pair.thanks(len(SAMPLE))
    server = stage.serve(SAMPLE)
    peer = stage.dial(server)
    no_delay(peer)
    peer.hear()
    for byte in thanks:
        if not drip_until_read(peer, server, bytes([byte])):
            break
    peer.half_close()
    settled(server)
    outcome = stage.outcome(server)
    yield Act("a client that thanks in single bytes", outcome,
              heard(outcome.server, thanks))


def thanks_too_long(stage: Stage) -> Iterator[Act]:
    """Say a megabyte of thanks."""
    server = stage.serve(SAMPLE)
    peer = stage.dial(server)
    peer.hear()
    peer.say(b"Thank you! " * 100_000)
    peer.half_close()
    settled(server)
    outcome = stage.outcome(server)
    verdict = gave_up(outcome.server)
    if "Bad file descriptor" in outcome.server.stderr:
        verdict = "ack lost"
    yield Act("a client that thanks without end", outcome, verdict)


def silent(stage: Stage) -> Iterator[Act]:
    """Say nothing: as the client, then as the server."""
    server = stage.serve(SAMPLE, seconds=PATIENCE)
    stage.dial(server).hear()
    settled(server)
    outcome = stage.outcome(server)
    verdict = gave_up(outcome.server)
    if "Bad file descriptor" in outcome.server.stderr:
        verdict = "ack lost"
    yield Act("a client that never speaks", outcome, verdict)

    client, _ = stage.answer(seconds=PATIENCE)
    settled(client)
    outcome = stage.outcome(client=client)
    yield Act("a server that never speaks", outcome, gave_up(outcome.client))


def _drip(stage: Stage, peer, program: Process) -> int:
    """Drip bytes until a program ends, or is found waiting without limit.

    Returns how many it took.
    """
    taken = 0
    no_delay(peer)
    while taken < 3 or (stage.pair.patient and program.poll(0.02) is None
                        and taken < 500):
        if not drip_until_read(peer, program, b"T"):
            break
        taken += 1
    settled(program)
    return taken


def dripping(stage: Stage) -> Iterator[Act]:
    """Speak a byte at a time and never end."""
    server = stage.serve(SAMPLE, seconds=PATIENCE)
    peer = stage.dial(server)
    peer.hear()
    taken = _drip(stage, peer, server)
    outcome = stage.outcome(server)
    yield Act("a client that drips", outcome,
              gave_up(outcome.server) if taken else "ack lost")

    client, peer = stage.answer(seconds=PATIENCE)
    peer.say(stage.pair.header(1_000_000))
    _drip(stage, peer, client)
    outcome = stage.outcome(client=client)
    yield Act("a server that drips", outcome, gave_up(outcome.client))


def vanishing(stage: Stage) -> Iterator[Act]:
    """Go away in the middle of the file: as the client, as the server."""
    server = stage.serve(large(3_000_000))
    peer = stage.dial(server)
    peer.half_close()
    server.until(lambda: any(c.state == "CLOSE_WAIT" for c in
                             kernel.connections(server.pid)), BOUND)
    peer.reset()
    settled(server)
    outcome = stage.outcome(server)
    yield Act("a client that vanishes", outcome, gave_up(outcome.server))

    client, peer = stage.answer()
    peer.say(stage.pair.header(len(SAMPLE)) + SAMPLE[:6])
    client.until(lambda: kernel.unread(client.pid, *peer.ports) == 0, BOUND)
    peer.reset()
    settled(client)
    outcome = stage.outcome(client=client)
    yield Act("a server that vanishes", outcome, gave_up(outcome.client))


def power_cut(stage: Stage) -> Iterator[Act]:
    """Lose the network while the client waits for the rest of the file."""
    client, peer = stage.answer(seconds=PATIENCE)
    peer.say(stage.pair.header(len(SAMPLE)) + SAMPLE[:6])
    client.until(lambda: kernel.unread(client.pid, *peer.ports) == 0, BOUND)
    client.until(lambda: not peer.under_way(), BOUND)
    stage.power_cut()
    settled(client)
    outcome = stage.outcome(client=client)
    yield Act("a server whose power fails", outcome, gave_up(outcome.client))


def _left_by(stage: Stage, content: bytes, sent: int, title: str) -> Act:
    """Send a client `sent` bytes of a file, then FIN, and see what it kept."""
    client, peer = stage.answer()
    peer.say(stage.pair.header(len(content)) + content[:sent])
    peer.half_close()
    peer.hear()
    settled(client)
    outcome = stage.outcome(client=client)
    verdict = gave_up(outcome.client)
    if verdict == OK and stage.copy.exists():
        verdict = "half kept"
    return Act(title, outcome, verdict)


def disk_full(stage: Stage) -> Iterator[Act]:
    """Run out of disk half way; what is sent is whole."""
    stage.small_disk(64 * 1024)
    yield _left_by(stage, large(200_000), 200_000, "a disk that is full")


def killed(stage: Stage) -> Iterator[Act]:
    """Send the FIN that a killed server's kernel would, half way.

    And live on, to hear whether there are thanks for that.
    """
    yield _left_by(stage, SAMPLE, 6, "a server that is killed")


def out_of_turn(stage: Stage) -> Iterator[Act]:
    """Speak first, and read only when the server has done all it will."""
    server = stage.serve(large(400_000))
    peer = stage.dial(server)
    peer.say(b"Thank you! " * 1000)
    settled(server)
    came = peer.hear()
    peer.half_close()
    settled(server)
    outcome = stage.outcome(server)
    whole = stage.pair.header(400_000) + large(400_000)
    yield Act("a client that speaks first", outcome,
              OK if came.data == whole and came.end == EOF else "truncated")


def copied(stage: Stage) -> Iterator[Act]:
    """Leave a copy of the connection's descriptor in a child."""
    server = stage.serve(SAMPLE, fault=Fault("copied", at=1))
    peer = stage.dial(server)
    came = peer.hear()
    if came.end == EOF:
        peer.say(stage.pair.thanks(len(SAMPLE)))
        peer.half_close()
    settled(server)
    outcome = stage.outcome(server)
    verdict = heard(outcome.server, stage.pair.thanks(len(SAMPLE)))
    yield Act("a server whose child has a copy", outcome,
              verdict if came.end == EOF else "no EOF")


def second(stage: Stage) -> Iterator[Act]:
    """Come second, behind a client that never speaks."""
    server = stage.serve(SAMPLE, seconds=PATIENCE)
    stage.dial(server).hear()
    try:
        came = stage.dial(server).hear()
    except ConnectionRefusedError:
        came = None
    outcome = stage.outcome(server)
    whole = stage.pair.header(len(SAMPLE)) + SAMPLE
    yield Act("a second client", outcome,
              OK if came and came.data == whole else "not served")


def restart(stage: Stage) -> Iterator[Act]:
    """Start the server again at once on the same port."""
    act = next(pair(SAMPLE)(stage))
    if fate(act.outcome.server):
        yield Act("the pair", act.outcome, fate(act.outcome.server) or "")
        return
    port = stage.port
    try:
        server = stage.serve(SAMPLE, port=port)
    except kernel.DidNotListen:
        yield Act("the server once more", stage.outcome(stage.server),
                  "port busy")
        return
    verdict = OK if stage.port == port else "port busy"
    yield Act("the server once more", stage.outcome(server), verdict)


def ipv6(stage: Stage) -> Iterator[Act]:
    """Meet on ::1."""
    try:
        act = next(pair(SAMPLE, "the pair on ::1", host="::1")(stage))
    except kernel.DidNotListen:
        yield Act("the pair on ::1", stage.outcome(stage.server), "IPv4 only")
        return
    strayed = bool(act.outcome.segments)  # the wire shows IPv4 alone
    yield replace(act, verdict="IPv4 only") if strayed else act


SCENARIOS = (
    Scenario("polite", "polite", "03", pair(SAMPLE)),
    Scenario("empty", "empty file", "03", pair(b"", "an empty file")),
    Scenario("multiple", "full buffers", "03",
             pair(b"x" * 3000, "a file of full buffers")),
    Scenario("binary", "binary file", "03",
             pair(bytes(range(256)) * 16, "a file of all bytes")),
    Scenario("bytes", "thanks in bytes", "05", thanks_in_bytes),
    Scenario("long", "endless thanks", "05", thanks_too_long),
    Scenario("faults", "short counts, EINTR", "05", faults),
    Scenario("vanishing", "peer vanishes", "05", vanishing),
    Scenario("restart", "restart at once", "05", restart),
    Scenario("ipv6", "IPv6", "05", ipv6),
    Scenario("silent", "silent peer", "06", silent),
    Scenario("dripping", "dripping peer", "06", dripping),
    Scenario("power-cut", "power cut", "06", power_cut),
    Scenario("killed", "server killed", "07", killed),
    Scenario("disk-full", "disk full", "07", disk_full),
    Scenario("out-of-turn", "out of turn", "08", out_of_turn),
    Scenario("copied", "copy in a child", "10", copied),
    Scenario("second", "second client", "10", second),
)


def play(scenario: Scenario, pair_: Pair) -> list[Act]:
    """Play a scenario with a pair, in a sandbox of its own."""
    with stage_folder() as name, Sandbox() as room:
        stage = Stage(pair_, room, Path(name))
        try:
            return list(scenario.play(stage))
        finally:
            stage.close()


def scenario(slug: str) -> Scenario:
    """Return a scenario by its slug; raises NoSuchScenario."""
    for known in SCENARIOS:
        if known.slug == slug:
            return known
    raise NoSuchScenario(f"there is no peer {slug!r}: there are "
                         + ", ".join(s.slug for s in SCENARIOS))


def verdict(acts: list[Act]) -> str:
    """Return what a scenario came to: its first loss, or ok."""
    return next((act.verdict for act in acts if act.verdict != OK), OK)
