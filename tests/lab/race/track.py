"""Where a race takes place: a network of its own, the same for all parties.

A machine's default congestion control can pace loopback (tcp_bbr), and then
ratios say nothing of programs. All that is started goes with the track.
"""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path
from typing import Optional, Sequence

from .. import kernel, program
from ..meeting import HOST
from ..sandbox import Process, Sandbox

CONTROL = "reno"
BOUND = 120.0  # seconds that anything here may take
SETTINGS = {
    "tcp_congestion_control": CONTROL,
    "ip_unprivileged_port_start": "0",  # nginx's port is out of their range
    "ip_local_port_range": "1024 65535"}  # a port for each of a crowd


class Broken(Exception):
    """What was to be measured failed; the text says how."""


class Track:
    """One network, on which programs are started; closing it ends them.

    Raises PermissionError where there are no namespaces.
    """

    def __init__(self) -> None:
        self.room = Sandbox(crowded=True)
        if not self.room.private:
            self.room.close()
            raise PermissionError(self.room.why_not)
        for name, value in SETTINGS.items():
            self.room.sysctl(name, value)

    def start(self, argv: Sequence[object], cwd: Optional[Path] = None
              ) -> Process:
        """Start a program."""
        return self.room.start(argv, cwd)

    def run(self, argv: Sequence[object]) -> str:
        """Run a program to its end; return what it printed, or Broken."""
        process = self.start(argv)
        ended = process.wait(BOUND)
        if ended.status != 0:
            raise Broken(f"{process.name}: {ended}: "
                         + process.stderr.decode(errors="replace"))
        return process.stdout.decode()

    def listens(self, argv: Sequence[object], cwd: Optional[Path] = None
                ) -> tuple[Process, int]:
        """Start a server; return it, and its port."""
        server = self.start(argv, cwd)
        return server, kernel.listening(server, BOUND)

    def end(self, process: Process) -> None:
        """End a program that was started here."""
        process.signal(signal.SIGKILL)
        process.wait(BOUND)

    def close(self) -> None:
        """End all."""
        self.room.close()

    def __enter__(self) -> Track:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def processor(pid: int) -> float:
    """Return how many seconds of processor a process has used (proc(5))."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, words[11:13])) / os.sysconf("SC_CLK_TCK")


def cpu(pid: int) -> float:
    """Return the same of its first thread, to the microsecond.

    /proc/PID/schedstat (Documentation/scheduler/sched-stats.rst).
    """
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def memory(pid: int) -> int:
    """Return how many bytes of memory are a process's own (proc(5))."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise Broken("this kernel does not tell RssAnon")


def descriptors() -> int:
    """Return how many a program may have at most."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def built(folder: Path, *parts: str) -> Path:
    """Build a program as the Makefile does."""
    return program.build(folder.joinpath(*parts), ("-O2",))


__all__ = ["Broken", "HOST", "Track", "built", "cpu", "descriptors", "memory",
           "processor"]
