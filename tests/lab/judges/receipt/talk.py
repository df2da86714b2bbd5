"""The conversations: what the server says, and what the client made of it.

A pause of the server's is a wait for the client's end, with a bound.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Optional

from ... import program
from ...ladder import Ladder, ladder
from ...outcome import Outcome, Part
from ...peer import NOTHING, RESET, Heard, Peer
from ...sandbox import Privacy, Sandbox
from ...judging.again import again, tardy
from ...judging.contents import binary
from ...judging.fault import Ending
from ...judging.guest import PORT, Disk, Guest
from ...judging.untrusted import left

HOST = "127.0.0.1"
FILE = "copy"        # the name that the client is given
OLD_MODE = 0o640     # of a FILE that was there before
LATE = 0.5           # seconds that a client may take longer
PAUSE = 0.1          # seconds
DRIP = 0.05          # seconds between two drips
SMALL_DISK = 64 << 10  # bytes
GOOD_DISK = 1 << 20    # bytes
SHOWN = 3  # names of what was left behind


@dataclass(frozen=True)
class Talk:
    """A conversation: what was said to the client, and what came of it.

    `stayed` tells whether it was still there when the judge had said the part
    after which it looked at the disk. FILE held `midway` then, `when_thanked`
    when the first byte of a receipt came, and `after` when the client had
    ended; None for no FILE. `premature` is what had come before all was said.
    `others` are the names of what else is in the folder. `lasted` is the time
    in seconds from before the client was started to its end. It was `in_vain`
    if the judge itself was too late to see anything.
    """

    title: str
    patience: str
    file: bytes
    old: Optional[bytes] = None
    trouble: str = ""
    stayed: bool = False
    midway: Optional[bytes] = None
    premature: bool = False
    when_thanked: Optional[bytes] = None
    heard: Heard = Heard(b"", NOTHING)
    lasted: Optional[float] = None
    in_vain: bool = False
    after: Optional[bytes] = None
    mode: int = 0
    others: tuple[str, ...] = ()
    stdout: str = ""
    ending: Ending = field(default_factory=Ending)
    ladder: Optional[Ladder] = None

    @property
    def receipt(self) -> bytes:
        """What a client says that has the whole file."""
        return b"Thank you %d\n" % len(self.file)

    @property
    def latest(self) -> float:
        """Seconds after which a client that gives up has done so."""
        return float(self.patience) + LATE


class Server:
    """The judge in one conversation; `folder` is where FILE is seen."""

    def __init__(self, guest: Guest, peer: Peer, talk: Talk, folder: Path
                 ) -> None:
        self.guest, self.peer, self.talk = guest, peer, talk
        self.folder = folder
        self.limit: Optional[float] = None
        self.came = time.monotonic()

    def announce(self) -> None:
        """Say how long the file is."""
        self.peer.say(b"%d\n" % len(self.talk.file))

    def say(self, start: int = 0, stop: Optional[int] = None) -> None:
        """Say a part of the file."""
        self.peer.say(self.talk.file[start:stop])

    def half(self) -> None:
        """Announce the file and say the first half; wait until it is read."""
        self.announce()
        self.say(0, self.middle)
        self.look()

    @property
    def middle(self) -> int:
        """Where the second half begins."""
        return len(self.talk.file) // 2

    def look(self) -> None:
        """Look at the disk once the client waits for us."""
        stayed = self.guest.takes(self.peer)
        self.talk = replace(self.talk, stayed=stayed,
                            midway=content(self.folder / FILE))

    def hear(self) -> None:
        """Hear what the client says; look at FILE when that comes."""
        if self.peer.waits_for_input():
            self.talk = replace(self.talk,
                                when_thanked=content(self.folder / FILE))
        self.talk = replace(self.talk, heard=self.peer.hear())


def content(file: Path) -> Optional[bytes]:
    """Return what is in a plain file; None if there is none."""
    return left(file)


def permissions(file: Path) -> int:
    """Return the mode of a file, 0 if there is none; no link is followed."""
    try:
        return file.lstat().st_mode & 0o777
    except OSError:
        return 0


def good(server: Server) -> None:
    """Do all as it should be."""
    server.announce()
    server.say()
    server.peer.half_close()


def slow(server: Server) -> None:
    """Do the same with pauses: in the length, the file, before EOF."""
    line = b"%d\n" % len(server.talk.file)
    for said in (line[:1], line[1:], server.talk.file[:1],
                 server.talk.file[1:]):
        server.peer.say(said)
        server.guest.process.poll(PAUSE)
    server.peer.half_close()


def taken(server: Server) -> None:
    """Let a folder have the name of FILE before the file is whole."""
    server.half()
    try:
        (server.folder / FILE).mkdir()
    except FileExistsError:
        pass  # the client has it already: that is seen midway
    server.say(server.middle)
    server.peer.half_close()


def short(server: Server) -> None:
    """End half way."""
    server.half()
    server.peer.half_close()


def one_more(server: Server) -> None:
    """Say the whole file, and then a byte."""
    server.announce()
    server.say()
    server.look()
    server.talk = replace(server.talk, premature=server.peer.has_input())
    server.peer.say(b"!")
    server.peer.half_close()


def too_many(server: Server) -> None:
    """Say a byte too many in the same breath."""
    server.peer.say(b"%d\n" % len(server.talk.file) + server.talk.file + b"!")
    server.peer.half_close()


def reset(server: Server) -> None:
    """Break off half way."""
    server.half()
    server.guest.breaks_off(server.peer)
    server.talk = replace(server.talk, heard=Heard(b"", RESET))


def silent(server: Server) -> None:
    """Say nothing at all."""
    server.limit = server.came + server.talk.latest


def dripping(server: Server) -> None:
    """Say the file a byte at a time."""
    server.limit = server.came + server.talk.latest
    server.announce()
    for place in range(len(server.talk.file)):
        if (server.guest.process.poll(DRIP) is not None
                or time.monotonic() > server.limit):
            break
        server.say(place, place + 1)


@dataclass(frozen=True)
class Case:
    """What one conversation is about, and how to make up its inputs.

    `length` is between which bounds the file's is. Where there is an `old`
    FILE, and a `disk` of some size for the folder, the client meets these.
    """

    title: str
    script: Callable[[Server], None]
    length: tuple[int, int] = (2_000, 5_000)
    patience: Callable[[random.Random], str] = lambda rng: ""
    old: bool = False
    disk: int = 0


def ample(rng: random.Random) -> str:
    """Return a patience that nobody uses up."""
    return str(rng.randrange(300, 900))


def brief(rng: random.Random) -> str:
    """Return a patience in which each digit matters."""
    return f"0.{rng.randrange(90, 98)}"


CASES = {
    "whole": Case("all is well", good),
    "empty": Case("the file is empty", good, (0, 1)),
    "replaced": Case("there is an old FILE, in a folder on another disk",
                     good, (100_000, 200_000), old=True, disk=GOOD_DISK),
    "slow": Case("the server is slow, but in time", slow, (20, 99), ample),
    "taken": Case("a folder takes the name of FILE, half way", taken),
    "short": Case("the server ends half way", short, old=True),
    "one more": Case("the whole file comes, and then one byte more", one_more,
                     old=True),
    "too many": Case("one byte too many comes", too_many),
    "reset": Case("the server breaks off half way", reset, old=True),
    "silent": Case("the server never speaks", silent, patience=brief),
    "dripping": Case(f"a byte of the file comes every {DRIP:g} seconds",
                     dripping, patience=brief),
    "full disk": Case(f"the disk has {SMALL_DISK >> 10} kB, and the file more",
                      good, (150_000, 300_000), old=True, disk=SMALL_DISK),
}


def drawn(server: Server) -> Ladder:
    """Draw the conversation: the client's calls at the left, ours right."""
    bench = Part(None, "", "", tuple(server.peer.calls), bench=True)
    outcome = Outcome(bench, server.guest.part(), server.guest.port,
                      server.talk.file, server.talk.after,
                      server.guest.segments())
    return ladder(outcome, f"When {server.talk.title}:")


def talked(guest: Guest, talk: Talk, case: Case, folder: Path, born: float
           ) -> Talk:
    """Be the server of a client that has just been started."""
    peer = guest.comes()
    if talk.patience:
        talk = replace(talk, in_vain=tardy(born, talk.patience))
    if peer is None:
        return replace(talk, trouble="It did not connect.")
    server = Server(guest, peer, talk, folder)
    case.script(server)
    if server.limit is not None:
        guest.ends_by(server.limit)
    if peer.conn.fileno() != -1:
        server.hear()
    if guest.finish():
        server.talk = replace(server.talk, lasted=time.monotonic() - born)
        peer.close()
    file = folder / FILE
    others = sorted(name for name in os.listdir(folder) if name != FILE)
    return replace(server.talk, ladder=drawn(server), after=content(file),
                   mode=permissions(file), others=tuple(others[:SHOWN]))


def converse(client: Path, name: str, seed: int, private: Privacy) -> Talk:
    """Have a conversation with a fresh client, again if it was in vain."""
    return again(lambda: conversed(client, name, seed, private))


def conversed(client: Path, name: str, seed: int, private: Privacy) -> Talk:
    """Have one conversation with a fresh client."""
    case, rng = CASES[name], random.Random(f"{seed} {name}")
    patience = case.patience(rng)
    talk = Talk(case.title, patience, binary(rng, *case.length),
                rng.randbytes(500) if case.old else None)
    with tempfile.TemporaryDirectory(dir=program.scratch()) as scratch:
        folder = Path(scratch) / "here"
        folder.mkdir()
        if talk.old is not None:
            (folder / FILE).write_bytes(talk.old)
            (folder / FILE).chmod(OLD_MODE)
        room = Sandbox(private)
        disk = Disk.of(room, folder, case.disk) if case.disk else None
        born = time.monotonic()
        own = () if case.disk else (folder,)
        with Guest([client, HOST, PORT, FILE if own else folder / FILE,
                    *([patience] if patience else [])], room=room,
                   writes=[folder], cwd=folder if own else Path(scratch),
                   disk=disk) as guest:
            talk = talked(guest, talk, case, disk.seen if disk else folder,
                          born)
            return replace(talk, stdout=guest.stdout, ending=guest.ending)
