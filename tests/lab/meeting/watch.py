"""The one answer to "has it ended, is it stuck, or is it given up?"

A proof that programs are stuck needs no time (kernel). Where there is none,
time counts only while it is the programs' own, spent asleep or on a processor:
a program that waits for its turn on a busy machine loses nothing.
"""

from __future__ import annotations

import math
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional, Sequence

from .. import kernel
from ..sandbox import Process

LOOK = 0.03      # seconds between two looks at most
AT_REST = 0.004  # seconds of doing nothing after which it waits for us
BUSY = 0.1       # seconds of processor time after which it won't come to rest
AFTER_END = 0.5  # seconds in which an ended program's last bytes arrive

SPINS = "it went round and round, and nothing came of it"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Limits:
    """How long the bench waits for programs that nothing proves stuck.

    All are seconds: `asleep` is sleep at a stretch, `dozing` all sleep and
    `computing` all processor time since a byte moved, `clock` all time of one
    wait, `total` all time of all waits.
    """

    asleep: float = 1.0
    dozing: float = 2.0
    computing: float = 0.5
    clock: float = 20.0
    total: float = 40.0


# For programs that we trust: a proof is enough, and a clock is a last resort.
TRUSTED = Limits(math.inf, math.inf, math.inf, 60.0, math.inf)


@dataclass(frozen=True)
class Pulse:
    """What programs and their children are at: compare two to see them live.

    `turns` counts how often they were given the processor or gave it up,
    `seconds` is how long they had it, `moved` counts the bytes that they have
    read and written: None if one of them hides that.
    """

    idle: bool
    turns: int
    seconds: float
    moved: Optional[int]


def _moved(pid: int) -> Optional[int]:
    """Return how many bytes a process has read and written, in its life.

    recv(2) and send(2) are not counted. None where the kernel counts nothing,
    or does not tell us (kernel.hides).
    """
    try:
        counts = Path(f"/proc/{pid}/io").read_text()
    except (FileNotFoundError, PermissionError):
        return None
    return sum(map(int, re.findall(r"^[rw]char: (\d+)", counts, re.M)))


def pulse(pids: Sequence[int]) -> Optional[Pulse]:
    """Look at programs (proc(5)); None if they changed while we looked."""
    idle, turns, ticks = True, 0, 0
    moved: list[Optional[int]] = []
    try:
        for member in (m for pid in pids for m in kernel.family(pid)):
            stat = Path(f"/proc/{member}/stat").read_text()
            fields = stat.rsplit(")", 1)[1].split()
            if member in pids and (fields[0], fields[17]) == ("Z", "1"):
                return None  # it has ended, and nobody has told us yet
            ticks += sum(map(int, fields[11:15]))
            moved.append(_moved(member))
            for task in Path(f"/proc/{member}/task").iterdir():
                status = (task / "status").read_text()
                idle = idle and not re.search(r"^State:\s+[RD]", status,
                                              re.M)
                turns += sum(int(number) for number in re.findall(
                    r"ctxt_switches:\s+(\d+)", status))
    except OSError:
        return None
    return Pulse(idle, turns, ticks / TICKS, None if None in moved
                 else sum(count or 0 for count in moved))


class Watch:
    """Looks at programs that only have each other and us.

    All is counted from the last `renew()`. `running()` are those that have not
    ended; `proof` is how they wait, once they are proved stuck; `time_is_over`
    tells whether the clock alone gave them up.
    """

    def __init__(self, running: Callable[[], Sequence[Process]],
                 limits: Limits) -> None:
        self._running = running
        self._limits = limits
        self._born = time.monotonic()
        self.proof: list[kernel.Asleep] = []
        self.time_is_over = False
        self.renew()

    def renew(self) -> None:
        """Begin anew: something was said to a program."""
        self.proof, self.time_is_over = [], False
        self._began = self._looked = self._next = time.monotonic()
        self._moved = self._began  # when a byte crossed last
        self._ended: Optional[float] = None
        self._still = self._slept = 0.0
        self._first: Optional[Pulse] = None
        self._last: Optional[Pulse] = None
        self._flow: object = None

    def still(self) -> float:
        """Look; return for how many seconds the programs have done nothing."""
        seen = pulse([process.pid for process in self._running()])
        now, last = time.monotonic(), self._last
        passed = now - self._looked
        asleep = seen and last and seen.idle and last.idle
        self._slept += passed if asleep else 0
        self._still = self._still + passed if asleep and seen == last else 0.0
        self._first, self._last = self._first or seen, seen
        self._looked = now
        return self._still

    def resting(self) -> bool:
        """Look; whether they wait for us, or compute and will not rest."""
        return self.still() > AT_REST or self.spent() > BUSY

    def late(self) -> bool:
        """Look; whether they have slept, or computed, when they had to end."""
        return self.resting() or self._slept > LOOK

    def spent(self) -> float:
        """Return the processor time used, in seconds, of all looks so far.

        Those before `given_up` saw something come of it do not count any more.
        """
        if not self._first or not self._last:
            return 0.0
        return self._last.seconds - self._first.seconds

    def _hidden(self) -> bool:
        """Whether nobody sees what comes of what they do."""
        return self._last is not None and self._last.moved is None

    def _came_of_it(self, flow: Callable[[], object]) -> bool:
        """Whether bytes have moved since this was asked last."""
        before, self._flow = self._flow, (
            flow(), self._last and self._last.moved)
        return before not in (None, self._flow)

    def given_up(self, quiet: bool, flow: Callable[[], object]) -> str:
        """Return why the programs will not go on, "" while they may.

        `quiet` says that nothing is on its way from us to them. `flow()`
        changes whenever bytes have crossed between them and us.
        """
        now, running = time.monotonic(), self._running()
        if not running:
            self._ended = self._ended or now
            return "it has ended" if now - self._ended > AFTER_END else ""
        if now < self._next:
            return ""
        self._next = now + min(LOOK, (now - self._began) / 4)
        self.proof = kernel.stuck(running) if quiet else []
        if self.proof:
            return f"it is {self.proof[0]}, and nothing is on its way there"
        self.time_is_over = now - self._born > self._limits.total \
            or now - self._began > self._limits.clock
        if now - self._born > self._limits.total:
            return f"it was still there after {self._limits.total:g} seconds"
        looks = math.isfinite(self._limits.asleep)
        if self.time_is_over:
            # On a busy machine its processor time may be short by then.
            idly = now - self._moved - self._slept > self._limits.clock / 2
            return SPINS if looks and idly and not self._hidden() else \
                f"{self._limits.clock:g} seconds later it had not ended"
        return self._idle_or_busy(flow) if looks else ""

    def _idle_or_busy(self, flow: Callable[[], object]) -> str:
        """Look; return what the programs did too long, "" for nothing."""
        if self.still() > self._limits.asleep:
            calls = [kernel.waits_in(p.pid) for p in self._running()]
            return "it did nothing for a second" + (
                f", asleep in {calls[0]}" if any(calls[:1]) else "")
        if self._came_of_it(flow):
            self._first, self._slept = self._last, 0.0
            self._moved = time.monotonic()
        if self._hidden():
            return ""
        if self.spent() > self._limits.computing:
            return SPINS
        if self._slept > self._limits.dozing:
            return "it slept and woke by turns, and nothing came of it"
        return ""
