"""Chapter 14's programs beside others: one way, to a file, through a relay.

All send one file, which is in memory, through one connection. The clock of our
sink runs from connect(2) to EOF. Where a file is stored, ours runs from the
start of the client to its end, fsync(2) and the receipt included. curl and
iperf3 have clocks of their own, which leave their start out.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import struct
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from .. import program
from ..sandbox import Process
from .bars import bars
from .course import (Goal, Rounds, machine, noisy, note, ratios, rounds,
                     spread)
from .track import (BOUND, CONTROL, HOST, Track, built, cpu, memory)

CHAPTER = "14"
GIB, MIB = 1 << 30, 1 << 20
PATIENCE = 1000  # seconds, where nobody is to be given up
THROWN, STORED, RELAYED = "thrown away", "stored", "relayed"
FAST = f"14, {THROWN}"
NGINX = """
user root; daemon off; master_process off; worker_processes 1; pid nginx.pid;
error_log stderr crit; events {}
http {
    client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t;
    uwsgi_temp_path t; scgi_temp_path t;
    access_log off; sendfile on; tcp_nopush on; keepalive_timeout 0;
    server { listen 127.0.0.1:80; root .; }
}
"""
HAPROXY = """
global
    %s
defaults
    mode tcp
    timeout connect 1000s
    timeout client 1000s
    timeout server 1000s
listen relay
    bind 127.0.0.1:%d
    server target 127.0.0.1:%d
    %s
"""
SPLICING = ("tune.pipesize 1048576",
            "option splice-request\n    option splice-response")


@dataclass(frozen=True)
class Size:
    """How much is measured: bytes of the files, rounds."""

    rounds: int = 7
    large: int = 512 * MIB
    small: int = 4 * MIB    # where 30 bytes go at a time
    stalled: int = 20       # links whose reader has stopped


TINY = Size(1, 4 * MIB, 100_000, 3)


class Fast:
    """The programs of this race, and what is measured of each."""

    def __init__(self, track: Track, folder: Path, size: Size) -> None:
        self.track = track
        self.size = size
        self.folder = folder  # as programs in the room see it
        disk = track.room.disk(folder, 4 * size.large + 64 * MIB)
        with (disk / "large").open("wb") as file:
            for _ in range(0, size.large, MIB):
                file.write(b"To be sent.\n" * (MIB // 12) + b"sent")
        (disk / "small").write_bytes(b"To be sent\n" * (size.small // 11))
        (disk / "nginx.conf").write_text(NGINX)
        self.disk = disk
        self.seconds = 0.0  # of processor, of both sides, in the last run
        self.servers: dict[str, tuple[Process, int]] = {}
        self.sink = self._program("14", "sink.c")
        self._start_those_that_stay()

    @staticmethod
    def _program(number: str, source: str) -> Path:
        return built(program.chapter(number), source)

    # --- who runs ----------------------------------------------------------

    def _stays(self, name: str, argv: list[object]) -> int:
        self.servers[name] = self.track.listens(argv, self.folder)
        return self.servers[name][1]

    def _start_those_that_stay(self) -> None:
        port = self._stays("14", [self._program("14", "server.c"), HOST, 0,
                                  "large", PATIENCE])
        for number in ("13", "14"):
            self._stays(f"relay {number}", [
                self._program(number, "relay.c"), HOST, 0, HOST, port])
        if shutil.which("nginx"):
            self._stays("nginx", ["nginx", "-p", self.folder, "-c",
                                  "nginx.conf", "-e", "stderr"])
        if shutil.which("haproxy"):
            for name, at, how in (("plain", 81, ("", "")),
                                  ("spliced", 82, SPLICING)):
                conf = HAPROXY % (how[0], at, port, how[1])
                (self.disk / f"{name}.conf").write_text(conf)
                self._stays(f"haproxy {name}",
                            ["haproxy", "-db", "-f", f"{name}.conf"])
        if shutil.which("socat"):
            self._stays("socat relay", [
                "socat", "-b1048576", "TCP-LISTEN:83,bind=127.0.0.1,fork",
                f"TCP:127.0.0.1:{port}"])

    @contextlib.contextmanager
    def once(self, *argv: object):
        """Have a server for one conversation; gives it and its port."""
        server, port = self.track.listens(argv, self.folder)
        yield server, port
        server.wait(BOUND)

    # --- one run: bytes a second -------------------------------------------

    def receive(self, port: int, buffer: int, server: Optional[Process] = None,
                request: str = "") -> float:
        """Receive and throw away; return bytes a second."""
        before = cpu(server.pid) if server else 0.0
        said = self.track.run([self.sink, HOST, port, buffer,
                               *([request] if request else [])])
        count, took, used = map(float, re.findall(r"[\d.]+", said))
        assert count >= self.size.small // 11 * 11, said
        self.seconds = used + (cpu(server.pid) - before if server else 0.0)
        return count / took

    def _stayer(self, name: str) -> Callable[[], float]:
        return lambda: self.receive(self.servers[name][1], MIB)

    def by_30_bytes(self) -> float:
        """Chapter 03's server: 30 bytes a call, here and there."""
        with self.once(self._program("03", "server.c"), HOST, 0, "small"
                       ) as (_, port):
            return self.receive(port, 30)

    def by_64_kib(self) -> float:
        """Chapter 07's server, and 64 KiB a call."""
        with self.once(self._program("07", "server.c"), HOST, 0, "large",
                       PATIENCE) as (_, port):
            return self.receive(port, 65536)

    def fast(self) -> float:
        """Chapter 14's server; notes what both sides cost."""
        server, port = self.servers["14"]
        return self.receive(port, MIB, server)

    def nginx_ours(self) -> float:
        """nginx, and our own way to receive."""
        return self.receive(self.servers["nginx"][1], MIB,
                            request="GET /large HTTP/1.0\r\n\r\n")

    def curl(self, *output: object) -> float:
        """nginx and curl, by curl's own clock."""
        said = self.track.run([
            "curl", "-s", "-o", *output, "-w", "%{size_download} "
            "%{time_total}", f"http://{HOST}/large"])
        count, took = map(float, said.split())
        assert count == self.size.large, said
        return count / took

    def iperf3(self) -> float:
        """iperf3 as it comes: 128 KiB a call, out of nothing."""
        with self.once("iperf3", "-s", "-1") as (_, port):
            said = self.track.run(["iperf3", "-c", HOST, "-p", port, "-J",
                                   "-n", self.size.large])
        end = json.loads(said)["end"]["sum_received"]
        return float(end["bits_per_second"]) / 8

    def socat(self) -> float:
        """socat with 1 MiB a call, and our own way to receive."""
        with self.once("socat", "-u", "-b1048576", "OPEN:large",
                       "TCP-LISTEN:0,bind=127.0.0.1") as (_, port):
            return self.receive(port, MIB)

    def stored(self, number: str, port: int) -> float:
        """Have a chapter's client store the file; by our clock."""
        client = self._program(number, "client.c")
        copy = self.folder / "copy"
        began = time.monotonic()
        self.track.run([client, HOST, port, copy, PATIENCE])
        took = time.monotonic() - began
        assert (self.disk / "copy").stat().st_size == self.size.large
        (self.disk / "copy").unlink()
        return self.size.large / took

    def stored_07(self) -> float:
        """Chapter 07's pair."""
        with self.once(self._program("07", "server.c"), HOST, 0, "large",
                       PATIENCE) as (_, port):
            return self.stored("07", port)

    def stored_14(self) -> float:
        """Chapter 14's pair."""
        return self.stored("14", self.servers["14"][1])

    def stored_curl(self) -> float:
        """nginx, and curl -o."""
        speed = self.curl(self.folder / "copy")
        (self.disk / "copy").unlink()
        return speed

    # --- all of them -------------------------------------------------------

    def runs(self) -> dict[str, Callable[[], float]]:
        """Return what can be measured here, by name, in the order told."""
        known: dict[str, Callable[[], float]] = {
            f"03, 30 bytes, {THROWN}": self.by_30_bytes,
            f"07, 64 KiB, {THROWN}": self.by_64_kib,
            FAST: self.fast}
        if "nginx" in self.servers:
            known[f"nginx and our client, {THROWN}"] = self.nginx_ours
            if shutil.which("curl"):
                known[f"nginx and curl, {THROWN}"] = \
                    lambda: self.curl("/dev/null")
        if shutil.which("iperf3"):
            known[f"iperf3, {THROWN}"] = self.iperf3
        if shutil.which("socat"):
            known[f"socat -b1M, {THROWN}"] = self.socat
        known[f"07, {STORED}"] = self.stored_07
        known[f"14, {STORED}"] = self.stored_14
        if "nginx" in self.servers and shutil.which("curl"):
            known[f"nginx and curl -o, {STORED}"] = self.stored_curl
        for name, server in (("13", "relay 13"), ("14", "relay 14"),
                             ("socat -b1M", "socat relay"),
                             ("HAProxy", "haproxy plain"),
                             ("HAProxy, splice and 1 MiB",
                              "haproxy spliced")):
            if server in self.servers:
                known[f"{name}, {RELAYED}"] = self._stayer(server)
        return known

    def round(self, figures: Rounds) -> None:
        """Measure all of them once, one after the other."""
        for name, run in self.runs().items():
            note(figures, name, run() / GIB)
            if name == FAST:
                note(figures, "14, processor of both sides",
                     self.seconds / self.size.large * GIB)

    def stalled(self, figures: Rounds) -> None:
        """Have readers that stop: what waits in the relay, at what cost?"""
        relay, port = self.servers["relay 14"]
        before = memory(relay.pid)
        with contextlib.ExitStack() as kept:
            for _ in range(self.size.stalled):
                conn = kept.enter_context(self.track.room.socket())
                conn.connect((HOST, port))
            relay.until(lambda: waiting(relay.pid)[0] == self.size.stalled,
                        BOUND)
            used, began = cpu(relay.pid), time.monotonic()
            relay.poll(1.0)
            note(figures, "14, stalled: processor",
                 (cpu(relay.pid) - used) / (time.monotonic() - began))
            note(figures, "14, stalled: MiB a link",
                 (waiting(relay.pid)[1] + memory(relay.pid) - before)
                 / self.size.stalled / MIB)


def waiting(pid: int) -> tuple[int, int]:
    """Return how many pipes of a process hold bytes, and how many these are.

    FIONREAD in pipe(7); a pipe's two descriptors are told apart by their mode.
    """
    full = total = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            flags = Path(f"/proc/{pid}/fdinfo/{entry.name}").read_text()
            if not os.readlink(entry).startswith("pipe:") or \
                    int(re.findall(r"flags:\s+(\d+)", flags)[0], 8) \
                    & os.O_WRONLY:
                continue
            pipe = os.open(entry, os.O_RDONLY | os.O_NONBLOCK)
        except FileNotFoundError:  # closed since we listed it
            continue
        held, = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD,
                                               bytes(4)))
        os.close(pipe)
        full, total = full + (held > 0), total + held
    return full, total


# What is compared: with what, and what is to be reached.
COMPARED = (
    (FAST, f"nginx and curl, {THROWN}", 2.0),
    (FAST, f"nginx and our client, {THROWN}", 0.85),
    (FAST, f"iperf3, {THROWN}", 0.8),
    (FAST, f"07, 64 KiB, {THROWN}", 2.0),
    (f"14, {STORED}", f"nginx and curl -o, {STORED}", 1.0),
    (f"14, {RELAYED}", f"HAProxy, splice and 1 MiB, {RELAYED}", 0.85),
    (f"14, {RELAYED}", f"HAProxy, {RELAYED}", 2.5),
    (f"14, {RELAYED}", f"socat -b1M, {RELAYED}", 1.1),
    (f"14, {RELAYED}", f"13, {RELAYED}", 1.4),
    (f"14, {RELAYED}", FAST, 0.55))


def goals(figures: Rounds) -> list[Goal]:
    """Return what was wanted of the figures, but for those of the absent."""
    found = [Goal(f"{mine}, beside {other}",
                  ratios(figures[mine], figures[other]), bound)
             for mine, other, bound in COMPARED if other in figures]
    return found + [
        Goal("processor of both sides for a GiB",
             figures["14, processor of both sides"], 0.3, False, " s"),
        Goal("memory of a stalled link",
             figures["14, stalled: MiB a link"], 2, False, " MiB"),
        Goal("processor in a second, stalled",
             figures["14, stalled: processor"], 0.05, False, " s")]


def measured(size: Size = Size()) -> Rounds:
    """Run the race; return its figures, in GiB a second."""
    with program.scratch_folder() as folder, Track() as track:
        race = Fast(track, Path(folder), size)
        figures = rounds(size.rounds, race.round)
        race.stalled(figures)
    return figures


def head(figures: Rounds) -> str:
    """Return on what it ran, and how."""
    return f"{machine()}, {CONTROL}, one connection, GiB a second; medians " \
        f"of {len(figures[FAST])} rounds (lowest to highest)"


def told(figures: Rounds) -> list[str]:
    """Return the report of a race, in lines."""
    lines = [head(figures), ""]
    lines += [f"{name:44} {spread(values)}"
              for name, values in figures.items()]
    lines += ["", *map(str, goals(figures))]
    lines += [f"noisy: {name}" for name in noisy(figures)]
    return lines + [f"absent: {guest}" for guest in (
        "curl", "haproxy", "iperf3", "nginx", "socat")
        if not shutil.which(guest)]


def main(size: Size = Size(), picture: Optional[Path] = None) -> list[str]:
    """Run the race; draw its picture if asked, and return its report."""
    figures = measured(size)
    if picture:
        kinds = {kind: {name.removesuffix(f", {kind}"): values
                        for name, values in figures.items()
                        if name.endswith(f", {kind}")}
                 for kind in (THROWN, STORED, RELAYED)}
        picture.write_text(bars(kinds, head(figures)))
    return told(figures)
