"""The conversations: what the client does, and what the server made of it."""

from __future__ import annotations

import random
import socket
import string
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Optional

from ... import program
from ...ladder import Ladder, ladder
from ...outcome import Outcome, Part
from ...peer import EOF, NOTHING, Heard, Peer
from ...sandbox import Exit, why_not_private
from ...judging.contents import binary
from ...judging.fault import Ending
from ...judging.run import Run

HOST = "127.0.0.1"
PREFIX = "Message from client: "
BOUND = 1024  # bytes of thanks that a server must take, and no more


@dataclass(frozen=True)
class Talk:
    """A conversation: what was given to the server, and what came of it.

    `early` is what it had printed before a client dialled, `trouble` why no
    client got through to it. `stayed` tells whether it was still there when
    the client had said all it had to say.
    """

    title: str
    file: bytes
    thanks: bytes
    asked: int
    port: Optional[int] = None
    early: str = ""
    trouble: str = ""
    heard: Heard = Heard(b"", NOTHING)
    stayed: bool = False
    reset: bool = False
    stdout: str = ""
    ending: Ending = field(default_factory=Ending)
    ladder: Optional[Ladder] = None

    @property
    def text(self) -> str:
        """The thanks as they are to be printed."""
        return self.thanks.rstrip(b"\0").decode()

    @property
    def message(self) -> Optional[str]:
        """All that it printed from the message on; None for no message."""
        _, found, rest = self.stdout.partition(PREFIX)
        return rest if found else None

    @property
    def accepted(self) -> bool:
        """Whether the server called the conversation a success."""
        return self.ending.exit == Exit(status=0)


# What the client does once it has read EOF. False: it could not do all of it,
# for the server had gone.
Answer = Callable[[Run, Peer, bytes, random.Random], bool]


def in_one(run: Run, peer: Peer, thanks: bytes, _: random.Random) -> bool:
    """Say the thanks and end them."""
    here = run.process.poll(0) is None
    peer.say(thanks)
    run.rest()  # lest a RST for thanks half read be lost behind our FIN
    peer.half_close()
    return here


def in_pieces(run: Run, peer: Peer, thanks: bytes,
              rng: random.Random) -> bool:
    """Say one byte, and so on: a piece goes when the one before was read."""
    cuts = [0, 1, *sorted(rng.sample(range(2, len(thanks)), 5)), len(thanks)]
    for start, stop in zip(cuts, cuts[1:]):
        peer.say(thanks[start:stop])
        if stop < len(thanks) and not run.takes(peer):
            return False
    peer.half_close()
    return True


def without_an_end(run: Run, peer: Peer, thanks: bytes,
                   _: random.Random) -> bool:
    """Say as much as is allowed, then a byte more, and no FIN."""
    peer.say(thanks[:BOUND])
    if not run.takes(peer):
        return False
    peer.say(thanks[BOUND:])
    return True


def broken_off(run: Run, peer: Peer, thanks: bytes, _: random.Random) -> bool:
    """Say half of the thanks, then vanish with a reset."""
    peer.say(thanks[:len(thanks) // 2])
    if not run.takes(peer):
        return False
    run.breaks_off(peer)
    return True


def letters(rng: random.Random, length: int) -> bytes:
    """Return readable thanks of some length in bytes."""
    text = "Thank you " + "".join(rng.choices(string.ascii_letters, k=BOUND))
    return text[:length].encode()


def plain(rng: random.Random, least: int, most: int) -> bytes:
    """Return random bytes, of which the last part would show in a message."""
    last = rng.choices(string.digits.encode(), k=BOUND)
    return binary(rng, least, most) + bytes(last)


@dataclass(frozen=True)
class Case:
    """What one conversation is about, and how to make up its inputs."""

    title: str
    file: Callable[[random.Random], bytes]
    thanks: Callable[[random.Random], bytes]
    answer: Answer = in_one
    any_port: bool = True


CASES = {
    "polite": Case("the client says its thanks in one piece",
                   lambda rng: plain(rng, 2_000, 3_000),
                   lambda rng: letters(rng, rng.randrange(12, 30))),
    "pieces": Case("the client says its thanks in pieces",
                   lambda rng: rng.randbytes(30 * rng.randrange(2, 9)),
                   lambda rng: letters(rng, rng.randrange(20, 30)),
                   in_pieces, any_port=False),
    "textbook": Case("the file is empty, the thanks end in a NUL",
                     lambda rng: b"",
                     lambda rng: letters(rng, rng.randrange(12, 29)) + b"\0"),
    "long": Case(f"the client's thanks are {BOUND:,} bytes long",
                 lambda rng: rng.randbytes(1),
                 lambda rng: letters(rng, BOUND)),
    "too long": Case(f"the client says {BOUND + 1:,} bytes, and no FIN",
                     lambda rng: rng.randbytes(rng.randrange(31, 99)),
                     lambda rng: letters(rng, BOUND + 1), without_an_end),
    "silent": Case("the client ends without thanks",
                   lambda rng: rng.randbytes(rng.randrange(31, 99)),
                   lambda rng: b""),
    "broken off": Case("the client breaks off in the middle of its thanks",
                       lambda rng: rng.randbytes(rng.randrange(31, 99)),
                       lambda rng: letters(rng, rng.randrange(20, 30)),
                       broken_off),
}


def a_port(rng: random.Random, private: bool) -> int:
    """Return a port that nobody uses where the server will run.

    It is below those that the kernel gives out (ip(7), ip_local_port_range),
    so that on a shared loopback nobody is given it meanwhile.
    """
    while True:
        port = rng.randrange(10_000, 30_000)
        if private and not why_not_private():
            return port
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port


def drawn(run: Run, peer: Peer, talk: Talk) -> Ladder:
    """Draw the conversation: our calls at the left, the server's right."""
    bench = Part(None, "", "", tuple(peer.calls), bench=True)
    outcome = Outcome(run.part(), bench, peer.ports[0], talk.file,
                      talk.heard.data, run.segments())
    return ladder(outcome, f"When {talk.title}:")


def talked(run: Run, talk: Talk, case: Case, rng: random.Random) -> Talk:
    """Be the client of a server that has just been started."""
    port = run.listens()
    if port is None:
        return replace(talk, trouble="It did not come to listen.")
    run.says(b"\n")
    talk = replace(talk, port=port, early=run.stdout)
    try:
        peer = run.dial(HOST, port)
    except OSError as error:
        return replace(talk, trouble=f"No client got through to {HOST} {port}:"
                       f" {error.strerror}.")
    heard, stayed = peer.hear(), False
    if heard.end == EOF:
        run.rest()
        stayed = case.answer(run, peer, talk.thanks, rng)
    run.finish()
    talk = replace(talk, heard=heard, stayed=stayed,
                   reset=not peer.arrived() and peer.was_reset())
    if not run.hang:  # else that would set it free
        peer.close()
    return replace(talk, ladder=drawn(run, peer, talk))


def converse(server: Path, name: str, seed: int, private: bool) -> Talk:
    """Have one conversation with a fresh server."""
    case, rng = CASES[name], random.Random(f"{seed} {name}")
    talk = Talk(case.title, case.file(rng), case.thanks(rng),
                0 if case.any_port else a_port(rng, private))
    with tempfile.TemporaryDirectory(dir=program.scratch()) as folder:
        file = Path(folder) / "file"
        file.write_bytes(talk.file)
        with Run([server, HOST, talk.asked, file], private) as run:
            talk = talked(run, talk, case, rng)
            run.finish()
            return replace(talk, stdout=run.stdout, ending=run.ending)
