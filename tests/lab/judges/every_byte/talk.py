"""The conversations: what the server does, and what the client made of it."""

from __future__ import annotations

import os
import random
import re
import signal
import stat
import string
import tempfile
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Callable, Iterator, Optional

from ... import program
from ...calls import Fault
from ...ladder import Ladder, ladder
from ...outcome import Outcome, Part
from ...peer import NOTHING, Heard, Peer
from ...sandbox import Exit, Privacy, Sandbox
from ...judging.contents import binary
from ...judging.fault import Ending
from ...judging.guest import PORT, Disk, Guest

HOST = "127.0.0.1"
THANKS = b"Thank you"
RECEIVED = "Received file data\n"
DISK = 32_768    # bytes, of a disk that is too small
PERCENT = 60     # of the calls of one kind, where they are interrupted
MOST = 1 << 20   # bytes of a file that are looked at


@dataclass(frozen=True)
class Talk:
    """A conversation: the file that was sent, and what came of it.

    `trouble` is why there was no conversation, `early` what the client said
    before the server's FIN, `heard` what it said after that. `stayed` tells
    whether it was still there when the server had said all it had to say;
    `stored` is what FILE holds at the end (None: there is no such file).
    """

    title: str
    file: bytes
    trouble: str = ""
    early: int = 0
    heard: Heard = Heard(b"", NOTHING)
    stayed: bool = False
    stored: Optional[bytes] = None
    stdout: str = ""
    ending: Ending = field(default_factory=Ending)
    ladder: Optional[Ladder] = None

    @property
    def accepted(self) -> bool:
        """Whether the client called the conversation a success."""
        return self.ending.exit == Exit(status=0)


# What the server does; it returns what is known then.
Serving = Callable[[Guest, Peer, Talk], Talk]


def ended(guest: Guest, peer: Peer, talk: Talk) -> Talk:
    """Let FIN follow the file, and hear the thanks."""
    peer.half_close()
    return replace(talk, stayed=True, heard=peer.hear())


def in_one(guest: Guest, peer: Peer, talk: Talk) -> Talk:
    """Send all of the file."""
    peer.say(talk.file)
    return ended(guest, peer, talk)


def in_pieces(guest: Guest, peer: Peer, talk: Talk) -> Talk:
    """Send the file in pieces: each goes when the one before was read."""
    step = len(talk.file) // 11
    for start in (0, *range(1, len(talk.file), step)):
        peer.say(talk.file[start:start + step if start else 1])
        if not guest.takes(peer):
            return replace(talk, heard=peer.hear())
    return ended(guest, peer, replace(talk, early=guest.waiting(peer)))


def broken_off(guest: Guest, peer: Peer, talk: Talk) -> Talk:
    """Send half of the file, then vanish with a reset."""
    peer.say(talk.file[:len(talk.file) // 2])
    stayed = guest.takes(peer)
    early = guest.waiting(peer)
    guest.breaks_off(peer)
    return replace(talk, stayed=stayed, early=early)


def stopped(pid: int) -> bool:
    """Whether a program has stopped for a signal (proc(5)), or has gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return bool(re.search(r"^State:\s+T", status, re.M))


def gone(guest: Guest, peer: Peer, talk: Talk) -> Talk:
    """Send the file and FIN, then reset, all while the client can't look.

    It finds a whole file, and then nobody to thank.
    """
    guest.rest()
    guest.process.signal(signal.SIGSTOP)
    guest.until(lambda: stopped(guest.process.pid))
    peer.say(talk.file)
    peer.half_close()
    peer.arrived()
    guest.breaks_off(peer)
    guest.process.signal(signal.SIGCONT)
    return replace(talk, stayed=True)


def some(least: int, most: int) -> Callable[[random.Random], bytes]:
    """Return what makes up a file of that many random bytes."""
    return lambda rng: binary(rng, least, most)


def text(least: int, most: int) -> Callable[[random.Random], bytes]:
    """Return what makes up a file of that many letters."""
    letters = string.ascii_letters.encode()
    return lambda rng: bytes(rng.choices(letters,
                                         k=rng.randrange(least, most)))


def strikes(seed: int) -> Iterator[bool]:
    """Say of one call after the other whether it suffers (preload.c)."""
    while True:
        seed = (seed * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        yield (seed >> 33) % 100 < PERCENT


def at_once(rng: random.Random) -> int:
    """Return a seed with which the first three calls suffer."""
    while True:
        seed = rng.randrange(1 << 40)
        if all(islice(strikes(seed), 3)):
            return seed


def interrupted(*calls: str) -> Callable[[random.Random], Fault]:
    """Return what makes up a fault: signals come while calls wait."""
    return lambda rng: Fault("EINTR", percent=PERCENT,
                             seed=at_once(rng), calls=calls)


def once(call: str) -> Callable[[random.Random], Fault]:
    """Return what makes up a fault: a signal comes in the first such call."""
    return lambda _: Fault("EINTR", at=1, calls=(call,))


@dataclass(frozen=True)
class Case:
    """What one conversation is about, and how to make up its inputs.

    `old` is how many bytes FILE has before; `full` says that its disk has no
    room for all of the file.
    """

    title: str
    file: Callable[[random.Random], bytes] = text(300, 400)
    serving: Serving = in_one
    fault: Optional[Callable[[random.Random], Fault]] = None
    old: int = 0
    full: bool = False


CASES = {
    "polite": Case("the file comes in one piece, over a longer one",
                   some(2_000, 3_000), old=4_000),
    "large": Case("the file is large", some(66_000, 70_000)),
    "empty": Case("the file is empty", some(0, 1)),
    "pieces": Case("the file comes in pieces", serving=in_pieces),
    "short": Case("each write takes a single byte", fault=lambda _: Fault(
        "short", percent=100, calls=("write", "send"))),
    "read": Case("signals interrupt it while it waits to read",
                 serving=in_pieces,
                 fault=interrupted("read", "recv", "poll")),
    "write": Case("signals interrupt it while it waits to write",
                  fault=interrupted("write", "send")),
    "connect": Case("a signal interrupts it while it connects",
                    fault=once("connect")),
    "close": Case("a signal interrupts its first close",
                  fault=once("close")),
    "broken off": Case("the server breaks off in the middle of the file",
                       serving=broken_off),
    "full": Case("the disk has no room for the end of the file",
                 text(DISK + 50, DISK + 120), full=True),
    "gone": Case("the server is gone when the file has come", serving=gone),
}


def drawn(guest: Guest, peer: Peer, talk: Talk) -> Ladder:
    """Draw the conversation: the client's calls at the left, ours right."""
    bench = Part(None, "", "", tuple(peer.calls), bench=True)
    outcome = Outcome(bench, guest.part(), guest.port, talk.file, None,
                      guest.segments())
    return ladder(outcome, f"When {talk.title}:")


def talked(guest: Guest, talk: Talk, case: Case) -> Talk:
    """Be the server of a client that has just been started."""
    peer = guest.comes()
    if peer is None:
        return replace(talk, trouble="It did not connect.")
    talk = case.serving(guest, peer, talk)
    guest.finish()
    if not guest.hang:  # else that would set it free
        peer.close()
    return replace(talk, ladder=drawn(guest, peer, talk))


def read(file: Path) -> Optional[bytes]:
    """Return what a file holds, whatever stands in its place; None if none."""
    try:
        here = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with open(here, "rb") as opened:
        plain = stat.S_ISREG(os.fstat(here).st_mode)
        return opened.read(MOST) if plain else None


def converse(client: Path, name: str, seed: int, private: Privacy) -> Talk:
    """Have one conversation with a fresh client."""
    case, rng = CASES[name], random.Random(f"{seed} {name}")
    talk = Talk(case.title, case.file(rng))
    fault = case.fault(rng) if case.fault else None
    with tempfile.TemporaryDirectory(dir=program.scratch()) as given:
        folder = Path(given)
        file, room = folder / "copy", Sandbox(private)
        if case.old:
            file.write_bytes(rng.randbytes(case.old))
        disk = Disk.of(room, folder, DISK) if case.full else None
        with Guest([client, HOST, PORT, file], fault=fault, room=room,
                   writes=[folder], disk=disk) as guest:
            talk = talked(guest, talk, case)
            guest.finish()
            return replace(talk, stored=read(file), stdout=guest.stdout,
                           ending=guest.ending)
