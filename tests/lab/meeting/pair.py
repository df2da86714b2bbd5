"""A chapter's server and client, started by the command lines they share."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional, Sequence

from .. import chapters, kernel, program
from ..calls import WINSOCK, Fault
from ..chapters import Way
from ..outcome import Outcome
from ..sandbox import Sandbox
from . import HOST, TRUSTED, Disk, Limits, Meeting, Peer, Program

SAMPLE = b"To be sent.\n"  # at most 30 bytes: one segment, always
UNPROVED = 5.0  # seconds that programs are left to run if nothing is proved
SANITIZED = {"ASAN_OPTIONS": "verify_asan_link_order=0"}  # with the recorder
AMPLE = 60.0  # seconds that a patient program is given if none are named


@dataclass(frozen=True)
class Pair:
    """A server and a client of one folder.

    `number` is the chapter whose rules hold for it, "05"; `way` is one of
    several ways to run it, where there are.
    """

    name: str
    number: str
    folder: Path
    way: Way = Way()

    @staticmethod
    def of(number: str, way: Way = Way()) -> Pair:
        """Return the pair of a chapter; raises program.NoSuchChapter."""
        folder = program.chapter(number)
        return Pair(f"{folder.name} {way.name}".strip(), number, folder, way)

    def build(self, side: str, flags: tuple[str, ...] = ()) -> Path:
        """Build the "server" or the "client"; `flags` go to the compiler.

        Raises program.DoesNotCompile and program.NotInstalled.
        """
        source = self.folder / (self.way.server if side == "server"
                                else "client.c")
        if program.for_windows(source):
            flags = (*flags, *WINSOCK)
        return program.build(source, flags)

    @property
    def announces(self) -> bool:
        """Whether the server sends the length first (from 07 on)."""
        return chapters.builds_on(self.number, chapters.ANNOUNCES)

    @property
    def patient(self) -> bool:
        """Whether SECONDS can be given on the command line (from 06 on)."""
        return chapters.builds_on(self.number, chapters.PATIENT)

    @property
    def serves_many(self) -> bool:
        """Whether the server serves until it is told to stop."""
        return self.number in chapters.MANY

    def header(self, length: int) -> bytes:
        """Return what a server says before `length` bytes of file."""
        return b"%d\n" % length if self.announces else b""

    def thanks(self, length: int) -> bytes:
        """Return what a client says after `length` bytes of file."""
        return b"Thank you %d\n" % length if self.announces else b"Thank you"


class PairMeeting(Meeting):
    """A meeting with a pair, or with one of it and a peer in our hands.

    `files` is a folder of its own; `flags` go to the compiler. `port` tells
    where the server listens, or we in its place; where a relay stands between,
    (`between` is its source), it is the relay's. `sent` is the file that the
    server offers, and `copy` the place where the client stores it.
    """

    def __init__(self, pair: Pair, files: Path,
                 room: Optional[Sandbox] = None,
                 flags: tuple[str, ...] = (), recorded: bool = True,
                 limits: Limits = TRUSTED) -> None:
        super().__init__(room, limits, recorded)
        self.pair = pair
        self.files = files
        self.original, self.copy = files / "original", files / "copy"
        self.port = 0
        self.sent = b""
        self.server_port = 0
        self.between = pair.folder / pair.way.relay if pair.way.relay else None
        self.relay: Optional[Program] = None
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
        built = self.pair.build(side, self._flags)
        patience = [AMPLE if seconds is None else seconds] \
            if self.pair.patient else []
        last = self.pair.way.extra if side == "server" else ()
        return self.start(
            [*before, built, *words, *patience, *last], cwd=self.files,
            name=side, fault=fault,
            disk=self._disk if side == "client" else None, env=SANITIZED)

    def serve(self, content: bytes, host: str = HOST, port: int = 0,
              seconds: Optional[object] = None, fault: Optional[Fault] = None,
              before: Sequence[object] = ()) -> Program:
        """Start the server, `before` being the words that start it.

        Raises kernel.DidNotListen if it ends before it listens; it is the last
        of `programs` all the same.
        """
        if not self.original.exists() or self.original.read_bytes() != content:
            self.original.write_bytes(content)  # else somebody may be at it
        self.sent = content
        server = self._start_side(
            "server", [host, 0 if self.between else port, self.original.name],
            seconds, fault, before)
        self.port = self.server_port = self._listening(server)
        if self.between:
            self._start_relay(host, port, seconds)
        return server

    @staticmethod
    def _listening(server: Program) -> int:
        port = server.listens()
        if port is None:
            raise kernel.DidNotListen(
                f"{server.name}: {server.hang or server.exit} before it "
                f"listened; it said {server.stderr!r}")
        return port

    def _start_relay(self, host: str, port: int,
                     seconds: Optional[object]) -> None:
        """Put the relay before `port`, where a server or we listen."""
        assert self.between
        patience = [AMPLE if seconds is None else seconds] \
            if self.between.name == "relay.c" else []
        self.relay = self.start(
            [program.build(self.between, self._flags), host, port, host,
             self.port, *patience], cwd=self.files, name=self.between.stem,
            env=SANITIZED)
        self.port = self._listening(self.relay)

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

    def finish(self, server: Program) -> None:
        """Wait until the server has ended, or is given up.

        One that serves many is told to stop, once nobody waits for accept: it
        ends the conversations that have begun. So is a relay, before that.
        """
        if self.relay:
            self._stop(self.relay, self.port)
        if self.pair.serves_many:
            self._stop(server, self.server_port)
        server.ends()

    @staticmethod
    def _stop(server: Program, port: int) -> None:
        server.until(lambda: not kernel.backlog(server.pid, port))
        server.signal(signal.SIGTERM)
        server.ends()

    def dial_server(self) -> Peer:
        """Be the client: connect to the server. Raises ConnectionError."""
        return self.dial(self.port)

    def answer(self, file: Optional[object] = None, **how: object
               ) -> tuple[Program, Optional[Peer]]:
        """Be the server: start the client, as fetch() does, and accept it.

        None in place of a peer if the client never connects.
        """
        self.port = self.server_port = self.listen()
        if self.between:
            self._start_relay(HOST, 0, how.get("seconds"))
        client = self.fetch(self.port, file=file,
                            **how)  # type: ignore[arg-type]
        return client, self.accept(self.relay or client)

    def pair_outcome(self, server: Optional[Program] = None,
                     client: Optional[Program] = None) -> Outcome:
        """Return all that was seen, with the file at both ends."""
        received = self.copy.read_bytes() if self.copy.exists() else None
        relay = self.relay and (self.relay, self.server_port)
        if self.relay:
            self.programs.remove(self.relay)
        self.relay = None
        return self.outcome(server, client, self.sent, received, self.port,
                            relay)

    def left_over(self) -> list[str]:
        """Return the names of temporary files that lie about (from 07 on)."""
        return sorted(p.name for p in self.files.glob(".half-close.*"))


def converse(pair: Pair, content: bytes = SAMPLE) -> Outcome:
    """Let a chapter's own server and client meet, undisturbed.

    Returns once both have ended or are proved stuck; or, where nothing can be
    proved, if they still run after UNPROVED seconds. Raises
    kernel.DidNotListen.
    """
    limits = replace(TRUSTED, clock=UNPROVED) if kernel.why_no_proofs() \
        else TRUSTED
    with program.scratch_folder() as files, \
            PairMeeting(pair, Path(files), limits=limits) as meeting:
        server = meeting.serve(content)
        client = meeting.fetch()
        meeting.settle([client] if pair.serves_many else [server, client])
        meeting.finish(server)
        return meeting.pair_outcome(server, client)
