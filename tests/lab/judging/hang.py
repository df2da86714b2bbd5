"""When to stop waiting for a program: proved where it can be, else measured.

A proof needs no time (kernel.py). Without one, time counts only while it is
the program's own, spent asleep or on a processor. A program that waits for its
turn on a busy machine loses nothing.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from .. import kernel
from ..sandbox import Process

ASLEEP = 1.0     # seconds of sleep at a stretch
BY_TURNS = 2.0   # seconds of sleep of which nothing came, by turns with waking
COMPUTING = 0.5  # seconds of processor time of which nothing came
CLOCK = 20.0     # seconds in all, whatever the reason
SELDOM = 0.03    # seconds between two looks, once it has been a while
AT_REST = 0.004  # seconds of doing nothing after which it waits for a word
RESTLESS = 0.1   # seconds of processor time after which it won't rest

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Pulse:
    """What a program and its children are at: compare two to see it live.

    `turns` counts how often they were given the processor or gave it up,
    `seconds` is how long they had it, `moved` counts the bytes that they have
    read and written.
    """

    idle: bool
    turns: int
    seconds: float
    moved: int


def _moved(pid: int) -> int:
    """Return how many bytes a process has read and written, in its life.

    recv(2) and send(2) are not counted; 0 where the kernel counts nothing.
    """
    try:
        counts = Path(f"/proc/{pid}/io").read_text()
    except (FileNotFoundError, PermissionError):
        return 0
    return sum(map(int, re.findall(r"^[rw]char: (\d+)", counts, re.M)))


def pulse(pid: int) -> Optional[Pulse]:
    """Look at a program (proc(5)); None if it changed while we looked."""
    idle, turns, ticks, moved = True, 0, 0, 0
    try:
        for member in kernel.family(pid):
            stat = Path(f"/proc/{member}/stat").read_text()
            fields = stat.rsplit(")", 1)[1].split()
            if member == pid and (fields[0], fields[17]) == ("Z", "1"):
                return None  # it has ended, and nobody has told us yet
            ticks += sum(map(int, fields[11:15]))
            moved += _moved(member)
            for task in Path(f"/proc/{member}/task").iterdir():
                status = (task / "status").read_text()
                idle = idle and not re.search(r"^State:\s+[RD]", status,
                                              re.M)
                turns += sum(int(number) for number in re.findall(
                    r"ctxt_switches:\s+(\d+)", status))
    except OSError:
        return None
    return Pulse(idle, turns, ticks / TICKS, moved)


class Patience:
    """How long to wait for one program, counted from the last `renew()`."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.proof: Optional[kernel.Asleep] = None
        self.renew()

    def renew(self) -> None:
        """Begin anew: something was said to the program."""
        self.proof = None
        self._began = self._looked = self._next = time.monotonic()
        self._still = self._slept = 0.0
        self._first: Optional[Pulse] = None
        self._last: Optional[Pulse] = None
        self._flow: object = None

    def still(self) -> float:
        """Look; return for how many seconds the program has done nothing."""
        seen, now = pulse(self._process.pid), time.monotonic()
        passed, last = now - self._looked, self._last
        asleep = seen and last and seen.idle and last.idle
        self._slept += passed if asleep else 0
        self._still = self._still + passed if asleep and seen == last else 0.0
        self._first, self._last = self._first or seen, seen
        self._looked = now
        return self._still

    def late(self) -> bool:
        """Look; whether it has slept since, when it had to be done.

        So has a program that had the processor to itself meanwhile.
        """
        return (self.still() > AT_REST or self._slept > SELDOM
                or self.spent() > RESTLESS)

    def spent(self) -> float:
        """Return the processor time used, in seconds, of all looks so far.

        Those before `lost` saw something come of it do not count any more.
        """
        if not self._first or not self._last:
            return 0.0
        return self._last.seconds - self._first.seconds

    def _came_of_it(self, flow: Callable[[], object]) -> bool:
        """Whether bytes have moved since this was asked last."""
        before, self._flow = self._flow, (
            flow(), self._last and self._last.moved)
        return before not in (None, self._flow)

    def lost(self, quiet: bool, flow: Callable[[], object]) -> str:
        """Return why the program will not go on, "" while it may.

        `quiet` says that nothing is on its way to the program. `flow()`
        changes whenever bytes have crossed between it and its peers.
        """
        now = time.monotonic()
        if now < self._next:
            return ""
        self._next = now + min(SELDOM, (now - self._began) / 4)
        proof = kernel.stuck_family(self._process.pid) if quiet else []
        if proof:
            self.proof = proof[0]
            return f"it is {proof[0]}, and nothing is on its way there"
        if self.still() > ASLEEP:
            return "it did nothing for a second"
        if self._came_of_it(flow):
            self._first, self._slept = self._last, 0.0
        if self.spent() > COMPUTING:
            return "it went round and round, and nothing came of it"
        if self._slept > BY_TURNS:
            return "it slept and woke by turns, and nothing came of it"
        if now - self._began > CLOCK:
            return f"{CLOCK:g} seconds later it had not ended"
        return ""
