"""A program that runs in a sandbox, seen from outside."""

from __future__ import annotations

import os
import select
import signal
import struct
import time
from dataclasses import dataclass
from typing import BinaryIO, Callable, Optional, TypeVar

Fact = TypeVar("Fact")

MOST = 1 << 24  # bytes of its output that are read


class SandboxDied(ConnectionError):
    """A sandbox ended before it was closed.

    `ran` tells whether a program had been started there, whose doing it may
    be.
    """

    def __init__(self, ran: bool) -> None:
        super().__init__("the sandbox ended before it was closed")
        self.ran = ran


class StillRunning(Exception):
    """The bound passed and the program had not ended."""


@dataclass(frozen=True)
class Exit:
    """How a program ended: a status, or the signal that killed it."""

    status: Optional[int] = None
    signal: Optional[int] = None

    @staticmethod
    def of(wait_status: int) -> Exit:
        """Make one from what waitpid(2) gives."""
        if os.WIFSIGNALED(wait_status):
            return Exit(signal=os.WTERMSIG(wait_status))
        return Exit(status=os.WEXITSTATUS(wait_status))

    def __str__(self) -> str:
        if self.signal is not None:
            known = self.signal in signal.Signals.__members__.values()
            return "killed by " + (signal.Signals(self.signal).name if known
                                   else f"signal {self.signal}")
        return f"exit {self.status}"


class Process:
    """A started program; `pid` is its number outside the sandbox.

    `ended` is when its end was seen here (seconds, realtime).

    `holder` is the number of the process that holds its sockets: almost always
    itself.
    """

    def __init__(self, name: str, pid: int, status: int,
                 output: tuple[BinaryIO, BinaryIO],
                 kill: Callable[[int], object]) -> None:
        self.name = name
        self.pid = pid
        self.holder = pid
        self.exit: Optional[Exit] = None
        self.ended: Optional[float] = None
        self._status = status
        self._output = output
        self._kill = kill

    def fileno(self) -> int:
        """Readable once the program has ended: for poll(2)."""
        return self._status

    def poll(self, seconds: float) -> Optional[Exit]:
        """Wait at most `seconds` for the end; None if it has not come."""
        if self.exit is None:
            waiting = select.poll()
            waiting.register(self._status, select.POLLIN)
            if waiting.poll(max(0, seconds * 1000)):
                told = os.read(self._status, 4)
                if len(told) < 4:
                    raise SandboxDied(ran=True)
                self.exit = Exit.of(struct.unpack("i", told)[0])
                self.ended = time.time()
        return self.exit

    def wait(self, bound: float = 60.0) -> Exit:
        """Return how the program ended; StillRunning after `bound` s."""
        ended = self.poll(bound)
        if ended is None:
            raise StillRunning(f"{self.name} still ran after {bound:g} s; "
                               f"it had said {self.stdout + self.stderr!r}")
        return ended

    def until(self, fact: Callable[[], Optional[Fact]],
              bound: float = 60.0) -> Optional[Fact]:
        """Return `fact()` once it is true; None if the program ends first.

        For facts that the kernel shows in a table and announces to nobody.
        Raises StillRunning after `bound` seconds.
        """
        deadline = time.monotonic() + bound
        while True:
            found = fact()
            if found:
                return found
            if self.poll(0.002) is not None:
                return fact() or None
            if time.monotonic() > deadline:
                raise StillRunning(f"{self.name}: nothing came of waiting {bound:g} s; "
                                   f"it had said {self.stderr!r}")

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens if the program has ended."""
        if self.exit is None:
            self._kill(number)

    def _written(self, stream: BinaryIO) -> bytes:
        size = os.fstat(stream.fileno()).st_size
        return os.pread(stream.fileno(), min(size, MOST), 0)

    @property
    def stdout(self) -> bytes:
        """What it has written to standard output so far (at most 16 MiB)."""
        return self._written(self._output[0])

    @property
    def stderr(self) -> bytes:
        """What it has written to standard error so far (at most 16 MiB)."""
        return self._written(self._output[1])

    def close(self) -> None:
        """Give back the descriptors."""
        os.close(self._status)
        for stream in self._output:
            stream.close()
