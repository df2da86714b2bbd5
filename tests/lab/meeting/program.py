"""A program under test: started, recorded, bounded."""

from __future__ import annotations

import re
import resource
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional, TypeVar

from .. import kernel
from ..calls import CallLog
from ..outcome import Part
from ..sandbox import Exit, Process, Sandbox

if TYPE_CHECKING:
    from . import Meeting

Fact = TypeVar("Fact")

RUNNABLE_SHARE = 0.5  # of its life in which a busy program has not slept
CALLS = 1 << 20   # bytes of its calls that are looked at
OUTPUT = 1 << 20  # bytes that a program may write into one file

# Before a command: what it prints finds no room (full(4)).
FULL_OUTPUT = ("/bin/sh", "-c", 'exec "$0" "$@" >/dev/full')


@dataclass(frozen=True)
class Disk:
    """A disk that a folder has for itself, `seen` from outside at some place.

    Without namespaces there is none. In its place RLIMIT_FSIZE bounds files to
    `most` bytes, with SIGXFSZ ignored: the next write fails, with EFBIG for
    ENOSPC. `before` stands before the command then.
    """

    seen: Path
    before: tuple[str, ...] = ()
    most: int = OUTPUT

    @staticmethod
    def of(room: Sandbox, folder: Path, size: int) -> Disk:
        """Give a folder a disk of `size` bytes; its plain files move in."""
        if room.private:
            return Disk(room.disk(folder, size, keep=True))
        return Disk(folder, ("/bin/sh", "-c",
                             'trap "" XFSZ; exec "$0" "$@"'), size)


class Program:
    """A program of a meeting.

    `hang` is why it was given up, "" if it was not; it was `hidden` if nobody
    could see then what it waited for. `asleep` is how it waits if it was
    proved stuck; it `serves` if it has been found listening.
    `waited` is for how many seconds it has waited for a processor, when that
    was looked at last. No wait here raises because of what a program does, and
    each ends: with a fact, or with the program's end, or when the program is
    given up (watch.py).
    """

    def __init__(self, meeting: Meeting, process: Process,
                 log: Optional[CallLog], most: int) -> None:
        self._meeting = meeting
        self._most = most
        self._began = time.monotonic()
        self.process = process
        self.log = log
        self.hang = ""
        self.hidden = False
        self.asleep: Optional[kernel.Asleep] = None
        self.serves = False
        self.waited = 0.0

    @property
    def exit(self) -> Optional[Exit]:
        """How it ended; None while it runs, and if it was given up."""
        return None if self.hang else self.process.exit

    @property
    def pid(self) -> int:
        """Its number outside the sandbox."""
        return self.process.pid

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.process.name

    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll(0) is None

    def poll(self, seconds: float) -> Optional[Exit]:
        """Wait at most `seconds` for the end; None if it has not come."""
        return self.process.poll(seconds)

    def port(self) -> Optional[int]:
        """Return the port that it listens on now, if any."""
        return kernel.listens_at(self.process.holder,
                                 self._meeting.room.private, self._said)

    def _said(self) -> Optional[int]:
        """Return the port that it says it listens on."""
        found = re.search(r"^listening on \S+ (\d+)$", self.stdout, re.M)
        return int(found[1]) if found else None

    def hosts(self) -> set[str]:
        """Return the addresses that it listens at; none if it hides that."""
        return {c.host for c in kernel.listeners(
            self.process.holder, self._meeting.room.private)}

    def listens(self) -> Optional[int]:
        """Wait until it listens; return the port.

        None if it won't: it has ended, or was given up.
        """
        port = self.until(self.port, needed=True)
        self.serves = self.serves or port is not None
        return port

    def says(self, text: bytes) -> bool:
        """Wait until it has printed some text; False if it never does."""
        return bool(self.until(lambda: text in self.process.stdout))

    def until(self, fact: Callable[[], Optional[Fact]],
              needed: bool = False) -> Optional[Fact]:
        """Return `fact()` once it is true; None if it can't become so.

        If it never becomes so, and was `needed`, the program is given up.
        """
        return self._meeting.until(fact, needed, self)

    def ends(self) -> Optional[Exit]:
        """Wait for the end; None if it was given up, `hang` says why."""
        self._meeting.settle([self])
        if self.process.exit == Exit(signal=signal.SIGXFSZ) and \
                len(self.process.stdout + self.process.stderr) < self._most:
            self.hang = "it made one call after another, without end"
        return self.exit

    def ends_by(self, moment: float) -> Optional[Exit]:
        """Wait for the end until a moment of time.monotonic(), no longer.

        None if the program is found asleep, or computing, then; `hang` says
        so. It is waited for if it waits for a processor, unless it has hardly
        slept before: then the wait is of its own making.
        """
        watch = self._meeting.watch
        self.process.poll(moment - time.monotonic())
        watch.renew()
        never_sleeps = kernel.runnable(self.pid) > \
            RUNNABLE_SHARE * (time.monotonic() - self._began)
        while self.process.poll(0.002) is None and not never_sleeps \
                and not watch.late():
            self.look_how_long_it_waited()
        if self.process.poll(0) is None and not self.hang:
            proof = kernel.stuck([self.process])
            self.asleep = proof[0] if proof else None
            self.hang = f"it is still {proof[0]}" if proof else \
                "it still goes on"
            self.process.signal(signal.SIGSTOP)  # what follows is not judged
        return self.exit

    def look_how_long_it_waited(self) -> None:
        """Look at how long it has waited for a processor."""
        self.waited = max(self.waited, kernel.waited(self.pid))

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens if it has ended."""
        self.process.signal(number)

    def part(self) -> Part:
        """Return what is known of it, as an outcome wants it."""
        return Part(self.exit, self.stdout, self.stderr,
                    tuple(self.log.read(CALLS) if self.log else ()),
                    self.asleep, ended=self.process.ended)

    @property
    def stdout(self) -> str:
        """What it has written to standard output."""
        return self.process.stdout.decode(errors="replace")

    @property
    def stderr(self) -> str:
        """What it has written to standard error."""
        return self.process.stderr.decode(errors="replace")


def limit(pid: int, most: int) -> None:
    """Bound what a program can write into one file; leave no core behind.

    setrlimit(2): SIGXFSZ ends a program that goes on.
    """
    for what, bound in ((resource.RLIMIT_FSIZE, most),
                        (resource.RLIMIT_CORE, 0)):
        try:
            resource.prlimit(pid, what, (bound, bound))
        except ProcessLookupError:
            pass  # it has ended
