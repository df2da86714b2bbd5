"""A sandbox in which one scenario is played, and all of it is watched.

A stage starts the programs under test, gives the bench's own peers a place on
the same network, and turns what was seen into an outcome.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, ContextManager, Optional

from .. import kernel, peer, program
from ..calls import Call, CallLog, Fault
from ..outcome import Outcome, Part
from ..sandbox import Process, Sandbox
from ..wire import Wire

PATIENCE = 0.8  # seconds that a patient program is given where it must give up
BOUND = 30.0  # seconds to wait where nothing can be proved


@dataclass(frozen=True)
class Pair:
    """A server and a client of one folder: a row of the matrix.

    `number` is the chapter whose rules hold for it, "05".
    """

    name: str
    number: str
    folder: Path
    extra: tuple[str, ...] = ()

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


class Stage:
    """Where one pair is tried; `files` is a folder of its own."""

    def __init__(self, pair: Pair, room: Sandbox, files: Path) -> None:
        self.pair = pair
        self.room = room
        self.files = files
        self.sent = b""
        self.port = 0
        self.server: Optional[Process] = None
        self._folder = self._stored = files
        self._wire = Wire(room) if room.private else None
        self._shown = 0  # segments that belong to outcomes given before
        self._logs: dict[int, CallLog] = {}
        self._peers: list[peer.Peer] = []

    @property
    def copy(self) -> Path:
        """What the client under test has stored, seen from outside."""
        return self._stored / "copy"

    def small_disk(self, size: int) -> None:
        """Let the client under test store on a disk of `size` bytes."""
        disk = self.files / "disk"
        disk.mkdir()
        self._folder, self._stored = disk, self.room.disk(disk, size)

    def _start(self, argv: list[object], seconds: Optional[float],
               fault: Optional[Fault]) -> Process:
        if self.pair.patient:
            argv = [*argv, 60 if seconds is None else seconds]
        log = CallLog(fault)
        process = self.room.start(argv, cwd=self.files, env=log.env)
        self._logs[process.pid] = log
        return process

    def serve(self, content: bytes, host: str = "127.0.0.1", port: int = 0,
              seconds: Optional[float] = None,
              fault: Optional[Fault] = None) -> Process:
        """Start the server under test; `port` tells where it listens then.

        Raises kernel.DidNotListen; `server` is the program all the same.
        """
        original = self.files / "original"
        original.write_bytes(content)
        self.sent = content
        self.server = self._start(
            [program.build(self.pair.folder / "server.c"), host, port,
             original.name, *self.pair.extra], seconds, fault)
        self.port = kernel.listening(self.server)
        return self.server

    def fetch(self, port: int, host: str = "127.0.0.1",
              seconds: Optional[float] = None,
              fault: Optional[Fault] = None) -> Process:
        """Start the client under test."""
        return self._start(
            [program.build(self.pair.folder / "client.c"), host, port,
             (self._folder / "copy").relative_to(self.files)], seconds, fault)

    def dial(self, server: Process) -> peer.Peer:
        """Be the client: connect to the server under test.

        The peer waits only while the server may still do something.
        """
        made = peer.Peer.dial(self.room, "127.0.0.1", self.port, hope(server))
        self._peers.append(made)
        return made

    def answer(self, seconds: Optional[float] = None,
               fault: Optional[Fault] = None
               ) -> tuple[Process, peer.Peer]:
        """Be the server: start the client under test and accept it."""
        listener, self.port = peer.listen(self.room)
        with listener:
            client = self.fetch(self.port, seconds=seconds, fault=fault)
            began = time.time()
            conn = peer.accept(listener)
            made = peer.Peer(conn, hope(client))
            made.calls.append(Call(os.getpid(), began, "accept",
                                   listener.fileno(), 0, conn.fileno(), ""))
        self._peers.append(made)
        return client, made

    def power_cut(self) -> None:
        """Take the network down: no FIN, no RST, nothing."""
        self.room.link(up=False)

    def part(self, played: Optional[Process]) -> Part:
        """Return what a program did; the bench's own part if None."""
        if played is None:
            calls = tuple(c for p in self._peers for c in p.calls)
            return Part(None, "", "", calls, bench=True)
        asleep = kernel.stuck([played]) if played.exit is None else []
        return Part(played.exit, played.stdout.decode(errors="replace"),
                    played.stderr.decode(errors="replace"),
                    tuple(self._logs[played.pid].read()),
                    asleep[0] if asleep else None, ended=played.ended)

    def outcome(self, server: Optional[Process] = None,
                client: Optional[Process] = None) -> Outcome:
        """Return all that was seen; None for the part that the bench played.

        That ends the conversation: the bench hangs up.
        """
        parts = self.part(server), self.part(client)
        segments = None
        if self._wire:
            ended = all(p.exit or p.bench for p in parts)
            seen = self._wire.read(until_over=ended, bound=0.2)
            segments = tuple(s for s in seen[self._shown:]
                             if self.port in (s.source, s.destination))
            self._shown = len(seen)
        for made in self._peers:
            made.close()
        self._peers.clear()
        return Outcome(*parts, self.port, self.sent,
                       self.copy.read_bytes() if self.copy.exists() else None,
                       segments)

    def close(self) -> None:
        """Hang up."""
        for made in self._peers:
            made.close()
        if self._wire:
            self._wire.close()


def may_go_on(process: Process) -> bool:
    """Whether a program has neither ended nor is proved stuck."""
    return process.poll(0) is None and not kernel.stuck([process])


def hope(process: Process) -> Callable[[], bool]:
    """Return what tells a peer whether waiting for a program makes sense."""
    deadline = time.monotonic() + peer.BOUND
    return lambda: may_go_on(process) and time.monotonic() < deadline


def settled(process: Process, bound: float = BOUND) -> bool:
    """Wait until a program has ended or is proved stuck; False if neither."""
    try:
        kernel.settle([process], bound)
    except kernel.StillRunning:
        return False
    return True


def drip_until_read(made: peer.Peer, server: Process, byte: bytes) -> bool:
    """Send one byte and wait until the program took it; False if it won't."""
    if made.say(byte) != 1:
        return False
    ports = made.ports
    waiting = server.until(
        lambda: kernel.unread(server.pid, *ports) in (0, None)
        or not may_go_on(server), BOUND)
    return bool(waiting) and not made.was_reset()


def no_delay(made: peer.Peer) -> None:
    """Send every byte at once (tcp(7), TCP_NODELAY)."""
    made.conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def stage_folder() -> ContextManager[str]:
    """Return a folder for one stage, which goes with it."""
    return program.scratch_folder()
