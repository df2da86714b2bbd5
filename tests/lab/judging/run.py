"""One run of a program under judgement: alone in a room, and watched.

    with Run([program, "127.0.0.1", 0, file]) as run:
        port = run.listens()
        peer = run.dial("127.0.0.1", port)
        ...
        run.finish()

No wait here is longer than grades/hang.py allows, and none raises because of
what the program does.
"""

from __future__ import annotations

import resource
import signal
import time
from pathlib import Path
from typing import Callable, Optional, Sequence, TypeVar

from .. import kernel
from ..calls import CallLog, Fault
from ..meeting.peer import Peer
from ..meeting.watch import Limits, Watch
from ..outcome import Part
from ..sandbox import Exit, Sandbox
from ..wire import Segment, Wire
from .fault import Ending

Fact = TypeVar("Fact")

CALLS = 1 << 20   # bytes of its calls that are looked at
OUTPUT = 1 << 20  # bytes that a program may write into one file


class Run:
    """A program that is being judged; `hang` is why it was given up, or "".

    Everything in its room ends with it.
    """

    def __init__(self, argv: Sequence[object], private: bool = True,
                 room: Optional[Sandbox] = None, output: int = OUTPUT,
                 watched: bool = False, stdin: Optional[int] = None,
                 fault: Optional[Fault] = None,
                 writes: Sequence[Path] = (),
                 cwd: Optional[Path] = None) -> None:
        """Start it; in a `room` of the caller's it is recorded if `watched`.

        `stdin` is a descriptor, which stays the caller's; without it standard
        input is empty. What is watched can suffer a `fault`. Behind walls it
        can write only where `writes` says. It starts in the folder `cwd`.
        """
        self._own = room is None
        watched = watched or self._own
        self._output = output
        self.room = Sandbox(private) if room is None else room
        self.hang = ""
        self._just_lost = False
        self._asleep: Optional[kernel.Asleep] = None
        self._peers: list[Peer] = []
        self._log = CallLog(fault) if watched else None
        self._wire = Wire(self.room) if watched and self.room.private \
            else None
        try:
            self.process = self.room.start(
                argv, cwd=cwd, env=self._log.env if self._log else {},
                stdin=stdin,
                writes=[*writes, *([self._log.path] if self._log else [])],
                most=output)
        except OSError:
            if self._own:
                self.room.close()
            raise
        if not self.room.walled:
            limit(self.process.pid, output)
        self._patience = Watch(
            lambda: [] if self.process.poll(0) else [self.process], Limits())

    def _flow(self) -> list[tuple[int, Optional[int]]]:
        """Return what has come to each peer, and what waits to be read."""
        return [(peer.received(),
                 kernel.unread(self.process.pid, *peer.ports))
                for peer in self._peers]

    def _lost(self) -> str:
        return self._patience.given_up(
            quiet=not any(peer.under_way() for peer in self._peers),
            flow=self._flow)

    def _hope(self) -> bool:
        self._just_lost = not self.hang
        lost = self.hang or self._lost()
        if lost and self.process.poll(0) is None:
            self.hang = lost
            self._asleep = next(iter(self._patience.proof), None)
        return not lost

    def _regain(self) -> None:
        """Take it back: the program had acted, and then waited for us."""
        if self._just_lost:
            self.hang, self._asleep = "", None
            self._patience.renew()

    def until(self, fact: Callable[[], Optional[Fact]],
              needed: bool = False) -> Optional[Fact]:
        """Return `fact()` once it is true; None if it can't become so.

        A program that lets us wait in vain for what is `needed` is given up.
        """
        self._patience.renew()
        while True:
            found, lost = fact(), ""
            if not found and self.process.poll(0.002) is None:
                lost = self._lost()
                if not lost:
                    continue
            found = found or fact() or None
            if needed and not found:
                self.hang = lost
            return found

    def listens(self) -> Optional[int]:
        """Return the port that the program listens on.

        None if on none: then it has ended, or was given up.
        """
        return self.until(self.port, needed=True)

    def port(self) -> Optional[int]:
        """Return the port that the program listens on now, if any."""
        return next((c.port for c in kernel.connections(self.process.pid)
                     if c.state == "LISTEN"), None)

    def says(self, text: bytes) -> bool:
        """Wait until the program has printed some text; False if never."""
        return bool(self.until(lambda: text in self.process.stdout))

    def dial(self, host: str, port: int,
             hope: Optional[Callable[[], bool]] = None,
             narrow: bool = False) -> Peer:
        """Connect to the program; OSError if it refuses.

        Where the program may rest as long as it likes, the caller knows how
        long there is `hope`. For a `narrow` peer see Peer.dial.
        """
        self._patience.renew()
        peer = Peer.dial(self.room, host, port, hope or self._hope,
                         self._regain, narrow)
        self._peers.append(peer)
        return peer

    def rest(self) -> None:
        """Wait until the program has done all it does without a word.

        No verdict hangs on it: it makes a run go the same way each time.
        """
        self._patience.renew()
        while self.process.poll(0.002) is None \
                and not self._patience.resting():
            pass

    def takes(self, peer: Peer) -> bool:
        """Wait until all that a peer has said was read; False if it never is.

        A program that ends takes nothing any more.
        """
        self.until(lambda: peer.was_reset() or not peer.under_way()
                   and not kernel.unread(self.process.pid, *peer.ports))
        self.rest()
        return self.process.poll(0) is None and not peer.was_reset()

    def breaks_off(self, peer: Peer) -> None:
        """Let a peer end with a RST, and wait until that has arrived."""
        peer.reset()
        self.until(lambda: kernel.unread(self.process.pid, *peer.ports)
                   is None)

    def finish(self) -> Optional[Exit]:
        """Wait for the end; None if the program hangs, `hang` says how."""
        self._patience.renew()
        while self.process.poll(0.002) is None and self._hope():
            pass
        if self.process.exit == Exit(signal=signal.SIGXFSZ) and \
                len(self.process.stdout + self.process.stderr) < self._output:
            self.hang = "it made one call after another, without end"
        return self.process.exit

    def ends_by(self, moment: float) -> Optional[Exit]:
        """Wait for the end until a moment of time.monotonic(), no longer.

        None if the program is found asleep then, `hang` says how. It is only
        late if it sleeps: who waits for a processor is waited for.
        """
        self.process.poll(moment - time.monotonic())
        self._patience.renew()
        while self.process.poll(0.002) is None and not self._patience.late():
            pass
        if self.process.poll(0) is None and not self.hang:
            proof = kernel.stuck([self.process])
            self._asleep = proof[0] if proof else None
            self.hang = f"it is still {proof[0]}" if proof else \
                "it still goes on"
            self.process.signal(signal.SIGSTOP)  # what follows is not ours
        return self.process.exit

    def segments(self) -> Optional[tuple[Segment, ...]]:
        """Return what crossed; None where packets can't be seen."""
        if self._wire is None:
            return None
        return tuple(self._wire.read(until_over=self.process.exit is not None,
                                     bound=0.5))

    def part(self) -> Part:
        """Return what is known of the program, as a ladder wants it."""
        return Part(None if self.hang else self.process.exit, self.stdout,
                    self.stderr,
                    tuple(self._log.read(CALLS) if self._log else ()),
                    self._asleep, ended=self.process.ended)

    @property
    def ending(self) -> Ending:
        """Return how it ended, or why it was given up."""
        return Ending(None if self.hang else self.process.exit, self.hang,
                      self.stderr)

    @property
    def stdout(self) -> str:
        """What it has printed."""
        return self.process.stdout.decode(errors="replace")

    @property
    def stderr(self) -> str:
        """What it has complained of."""
        return self.process.stderr.decode(errors="replace")

    def close(self) -> None:
        """End the program, and with a room of its own all it started."""
        for peer in self._peers:
            peer.close()
        if self._wire:
            self._wire.close()
        if self._own:
            self.room.close()
        else:
            self.room.clear()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def limit(pid: int, output: int) -> None:
    """Bound what a program can write into one file; leave no core behind.

    setrlimit(2): SIGXFSZ ends a program that goes on.
    """
    for what, most in ((resource.RLIMIT_FSIZE, output),
                       (resource.RLIMIT_CORE, 0)):
        try:
            resource.prlimit(pid, what, (most, most))
        except ProcessLookupError:
            pass  # it has ended
