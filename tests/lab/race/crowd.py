"""Chapter 12's server beside others, alone and behind ten thousand.

The load generator, crowd.c, takes the second processor.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Sequence

from .. import kernel, program
from ..meeting.crowd import counted, source
from ..sandbox import Process
from .course import Goal, Rounds, machine, note, ratios, rounds, spread
from .track import (BOUND, CONTROL, HOST, Track, built, descriptors, memory,
                    processor)

CHAPTER = "12"
BYTES = 1000      # of the file
PATIENCE = 1000   # seconds, where nobody is to be given up
AT_ONCE = {"10": 5}  # its backlog: who finds that full waits for seconds
LIMIT = 200       # descriptors, where they are to run out
NGINX = """
user root; daemon off; master_process off; worker_processes 1; pid nginx.pid;
worker_rlimit_nofile 20000; error_log stderr crit;
events { worker_connections 20000; }
http {
    client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t;
    uwsgi_temp_path t; scgi_temp_path t;
    access_log off; client_header_timeout 1000s; keepalive_timeout 0;
    server { listen 127.0.0.1:80 backlog=4096; root .; }
}
"""


@dataclass(frozen=True)
class Size:
    """How much is measured: of clients, of conversations, of rounds."""

    rounds: int = 5
    silent: int = 10_000
    stretch: int = 19_900
    alone: int = 1500      # conversations, one after the other
    at_once: int = 8000    # 50 of them at once
    slow: int = 60         # where each takes milliseconds
    expiry: float = 3.0    # seconds, in which all can connect


TINY = Size(1, 20, 30, 20, 60, 5, 0.3)


class Crowd:
    """The programs of this race, and what is measured of each."""

    def __init__(self, track: Track, files: Path, size: Size) -> None:
        self.track = track
        self.files = files
        self.size = size
        (files / "file").write_bytes(b"x" * BYTES)
        (files / "nginx.conf").write_text(NGINX)
        self.load = built(source())

    # --- who runs ----------------------------------------------------------

    def _kit(self, number: str, *parts: str, seconds: float = PATIENCE,
             before: Sequence[str] = ()) -> tuple[Process, int]:
        server = built(program.chapter(number), *parts, "server.c")
        return self.track.listens(
            [*before, server, HOST, 0, "file", seconds], self.files)

    def _nginx(self) -> tuple[Process, int]:
        return self.track.listens(
            ["nginx", "-p", self.files, "-c", "nginx.conf", "-e", "stderr"],
            self.files)

    def runners(self) -> dict[str, Callable[[], tuple[Process, int]]]:
        """Return who can run here, by name."""
        known = {"12": lambda: self._kit("12"),
                 "12 on poll": lambda: self._kit("12", "poll"),
                 "12 with threads": lambda: self._kit("12", "threads")}
        with contextlib.suppress(program.NoSuchChapter):
            program.chapter("10")
            known["10"] = lambda: self._kit("10")
        if shutil.which("nginx"):
            known["nginx"] = self._nginx
        return known

    # --- what is measured --------------------------------------------------

    @contextlib.contextmanager
    def behind(self, server: Process, port: int, count: int
               ) -> Iterator[int]:
        """Have `count` silent clients at a server; gives how many it holds."""
        if not count:
            yield 0
            return
        crowd = self.track.start([self.load, HOST, port, count])
        crowd.until(lambda: b"clients\n" in crowd.stdout, BOUND)
        server.until(lambda: not kernel.backlog(server.pid, port), BOUND)
        yield counted(crowd.stdout.decode())
        self.track.end(crowd)

    def converse(self, name: str, port: int, count: int, at_once: int
                 ) -> tuple[float, float, float]:
        """Return conversations a second, and microseconds: median, p99."""
        words = ["GET /file HTTP/1.0\r\n\r\n"] if name == "nginx" else []
        for round_count in (at_once, count):  # the first are to warm up
            said = self.track.run(
                [self.load, HOST, port, 0, round_count, at_once, *words])
        figures = re.findall(r"(?:: |took |hundred )([\d.]+)", said)
        rate, median, p99 = map(float, figures)
        return rate, median * 1000, p99 * 1000

    def measure(self, figures: Rounds, name: str, silent: int,
                alone: int, at_once: int) -> None:
        """Add one server's figures of one round."""
        server, port = self.runners()[name]()
        empty = memory(server.pid)
        label = f"{name}, {silent:,} silent"
        with self.behind(server, port, silent) as held:
            if silent:
                note(figures, f"{label}: held", held)
                note(figures, f"{label}: bytes each",
                     (memory(server.pid) - empty) / silent)
            if alone:
                _, median, p99 = self.converse(name, port, alone, 1)
                note(figures, f"{label}: median", median)
                note(figures, f"{label}: p99", p99)
            if at_once:
                note(figures, f"{label}: a second", self.converse(
                    name, port, at_once, AT_ONCE.get(name, 50))[0])
        self.track.end(server)

    def round(self, figures: Rounds) -> None:
        """Measure all of them once, one after the other."""
        size, known = self.size, self.runners()
        self.measure(figures, "12", 0, size.alone, size.at_once)
        self.measure(figures, "12", size.silent, size.alone, size.at_once)
        for name, count in (("nginx", size.at_once),
                            ("12 with threads", size.at_once // 2),
                            ("10", size.at_once // 20)):
            if name in known:
                self.measure(figures, name, 0, 0, count)

    def poll(self, figures: Rounds) -> None:
        """Measure the server on poll, once: ten thousand are a long list."""
        size = self.size
        self.measure(figures, "12 on poll", 0, size.alone, size.at_once // 2)
        self.measure(figures, "12 on poll", size.silent, size.slow,
                     size.slow * 10)

    def expiry(self, figures: Rounds) -> None:
        """Have all clients' time over at once: how long does it take?

        The server is stopped when all have come, and goes on when the time of
        the last is over; then it has to close them all before it ends.
        """
        server, port = self._kit("12", seconds=self.size.expiry)
        with self.behind(server, port, self.size.silent):
            server.signal(signal.SIGSTOP)
            server.poll(self.size.expiry)
            server.signal(signal.SIGTERM)
            began = time.monotonic()
            server.signal(signal.SIGCONT)
            server.wait(BOUND)
            took = time.monotonic() - began
        said = server.stderr.decode()
        note(figures, "closed", said.count("gave up"))
        note(figures, "closed in ms", took * 1000)

    def limit(self, figures: Rounds) -> None:
        """Have more clients than descriptors: what does it cost to wait?"""
        server, port = self._kit("12", before=(
            "/bin/sh", "-c", f'ulimit -n {LIMIT}; exec "$0" "$@"'))
        crowd = self.track.start([self.load, HOST, port, 2 * LIMIT])
        crowd.until(lambda: b"clients\n" in crowd.stdout, BOUND)
        began = processor(server.pid)
        server.poll(1.0)
        note(figures, "processor at the limit",
             processor(server.pid) - began)
        self.track.end(crowd)
        self.track.end(server)


def _best(figures: Rounds, name: str) -> str:
    """Return how far nginx comes beside chapter 10: a fork can be cheap."""
    both = [f"{who}, 0 silent: a second" for who in ("nginx", name)]
    if name != "10" or both[0] not in figures:
        return ""
    return f" (nginx: {spread(ratios(*(figures[who] for who in both)))})"


def goals(figures: Rounds, size: Size, most: int) -> list[Goal]:
    """Return what was wanted of the figures."""
    here, crowd = "12, 0 silent: ", f"12, {size.silent:,} silent: "
    found = [
        Goal(f"silent clients held, of {size.silent:,}",
             figures[crowd + "held"], size.silent),
        Goal(f"silent clients held, of {most:,}",
             figures[f"12, {most:,} silent: held"], most),
        Goal("memory of ours for each",
             figures[crowd + "bytes each"], 512, False, " bytes"),
        Goal("a new client's median, beside an empty server's",
             ratios(figures[crowd + "median"], figures[here + "median"]),
             1.5, False),
        Goal("a new client's 99 %, beside an empty server's",
             ratios(figures[crowd + "p99"], figures[here + "p99"]),
             2.5, False),
        Goal("conversations, beside an empty server's",
             ratios(figures[crowd + "a second"], figures[here + "a second"]),
             0.7)]
    for name, bound in (("nginx", 0.6), ("12 with threads", 1.2),
                        ("10", 10)):
        other = f"{name}, 0 silent: a second"
        if other in figures:
            found.append(Goal(
                f"conversations, beside {name}{_best(figures, name)}",
                ratios(figures[here + "a second"], figures[other]), bound))
    return found + [
        Goal(f"{size.silent:,} that expire together, closed in",
             figures["closed in ms"], 100, False, " ms"),
        Goal("processor in a second at the limit",
             figures["processor at the limit"], 0.1, False, " s")]


def main(size: Size = Size()) -> list[str]:
    """Run the race; return its report, in lines."""
    most = min(size.stretch, descriptors() - 20)
    with program.scratch_folder() as files, Track() as track:
        crowd = Crowd(track, Path(files), size)
        head = f"{machine()}, {CONTROL}; medians of {size.rounds} rounds " \
            "(lowest to highest)"
        figures = rounds(size.rounds, crowd.round)
        crowd.measure(figures, "12", most, size.alone, 0)
        crowd.poll(figures)
        crowd.limit(figures)
        crowd.expiry(figures)
        absent = {"nginx", "10"} - set(crowd.runners())
    lines = [head, ""]
    lines += [f"{name:44} {spread(values)}"
              for name, values in sorted(figures.items())]
    lines += ["", *map(str, goals(figures, size, most))]
    return lines + [f"absent: {name}" for name in sorted(absent)]
