"""A chapter's server and client, started by the command lines they share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Sequence

from .. import kernel, program
from ..calls import Fault
from ..outcome import Outcome
from ..sandbox import Sandbox
from . import HOST, Disk, Meeting, Peer, Program

AMPLE = 60.0  # seconds that a patient program is given if none are named


@dataclass(frozen=True)
class Pair:
    """A server and a client of one folder.

    `number` is the chapter whose rules hold for it, "05"; `extra` are words
    added to the server's command line.
    """

    name: str
    number: str
    folder: Path
    extra: tuple[str, ...] = ()

    @staticmethod
    def of(number: str) -> Pair:
        """Return the pair of a chapter; raises program.NoSuchChapter."""
        folder = program.chapter(number)
        return Pair(folder.name, number, folder)

    @property
    def announces(self) -> bool:
        """Whether the server sends the length first (from 07 on)."""
        return self.number >= "07"

    @property
    def patient(self) -> bool:
        """Whether SECONDS can be given on the command line (from 06 on)."""
        return self.number >= "06"

    def header(self, length: int) -> bytes:
        """Return what a server says before `length` bytes of file."""
        return b"%d\n" % length if self.announces else b""

    def thanks(self, length: int) -> bytes:
        """Return what a client says after `length` bytes of file."""
        return b"Thank you %d\n" % length if self.announces else b"Thank you"


class PairMeeting(Meeting):
    """A meeting with a pair, or with one of it and a peer in our hands.

    `files` is a folder of its own; `flags` go to the compiler. `port` tells
    where the server listens, or we in its place; `sent` is the file that the
    server offers, and `copy` the place where the client stores it.
    """

    def __init__(self, pair: Pair, files: Path,
                 room: Optional[Sandbox] = None,
                 flags: tuple[str, ...] = (), recorded: bool = True) -> None:
        super().__init__(room, recorded=recorded)
        self.pair = pair
        self.files = files
        self.original, self.copy = files / "original", files / "copy"
        self.port = 0
        self.sent = b""
        self._disk: Optional[Disk] = None
        self._flags = flags

    def small_disk(self, size: int) -> None:
        """Let the client store on a disk of `size` bytes."""
        folder = self.files / "disk"
        folder.mkdir()
        self._disk = Disk.of(self.room, folder, size)
        self.copy = self._disk.seen / "copy"

    def _start_side(self, side: str, words: Sequence[object],
                    seconds: Optional[object], fault: Optional[Fault],
                    before: Sequence[object]) -> Program:
        built = program.build(self.pair.folder / f"{side}.c", self._flags)
        patience = [AMPLE if seconds is None else seconds] \
            if self.pair.patient else []
        return self.start(
            [*before, built, *words, *patience], cwd=self.files, name=side,
            fault=fault, disk=self._disk if side == "client" else None,
            env={"ASAN_OPTIONS": "verify_asan_link_order=0"})

    def serve(self, content: bytes, host: str = HOST, port: int = 0,
              seconds: Optional[object] = None, fault: Optional[Fault] = None,
              before: Sequence[object] = ()) -> Program:
        """Start the server, `before` being the words that start it.

        Raises kernel.DidNotListen if it ends before it listens; it is the last
        of `programs` all the same.
        """
        self.original.write_bytes(content)
        self.sent = content
        server = self._start_side(
            "server", [host, port, self.original.name, *self.pair.extra],
            seconds, fault, before)
        listens_at = server.listens()
        if listens_at is None:
            raise kernel.DidNotListen(
                f"{server.name}: {server.hang or server.exit} before it "
                f"listened; it said {server.stderr!r}")
        self.port = listens_at
        return server

    def fetch(self, port: Optional[int] = None, host: str = HOST,
              file: Optional[object] = None,
              seconds: Optional[object] = None, fault: Optional[Fault] = None,
              before: Sequence[object] = ()) -> Program:
        """Start the client; it dials `port`, or the server started last."""
        place = self.files / "disk" / "copy" if self._disk else self.copy
        return self._start_side(
            "client", [host, self.port if port is None else port,
                       place.relative_to(self.files) if file is None
                       else file], seconds, fault, before)

    def dial_server(self) -> Peer:
        """Be the client: connect to the server. Raises ConnectionError."""
        return self.dial(self.port)

    def answer(self, **how: object) -> tuple[Program, Optional[Peer]]:
        """Be the server: start the client, as fetch() does, and accept it.

        None in place of a peer if the client never connects.
        """
        self.port = self.listen()
        client = self.fetch(self.port, **how)  # type: ignore[arg-type]
        return client, self.accept(client)

    def pair_outcome(self, server: Optional[Program] = None,
                     client: Optional[Program] = None) -> Outcome:
        """Return all that was seen, with the file at both ends."""
        return self.outcome(
            server, client, self.sent,
            self.copy.read_bytes() if self.copy.exists() else None, self.port)

    def left_over(self) -> list[str]:
        """Return the names of temporary files that lie about (from 07 on)."""
        return sorted(p.name for p in self.files.glob("half-close.*"))
