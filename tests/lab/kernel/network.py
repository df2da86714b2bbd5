"""TCP sockets, as /proc/net shows them (proc(5))."""

from __future__ import annotations

import os
import re
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional

from ..sandbox import Process

STATES = ("", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",
          "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING")


@dataclass(frozen=True)
class Connection:
    """A row of /proc/net/tcp or tcp6 that belongs to a program.

    `host` and `port` are its own end. Queues are in bytes: `unsent` or not yet
    acknowledged, `unread`.
    """

    descriptor: int
    host: str
    port: int
    peer_port: int
    state: str
    unsent: int
    unread: int
    timer: bool


def _view(pid: int) -> Path:
    """Return the place in /proc of a thread that has the process's files.

    It is the first thread, unless that has ended before others: a program may
    call pthread_exit(3) in main.
    """
    first = Path(f"/proc/{pid}")
    if not (first / "net" / "tcp").exists():
        for task in sorted((first / "task").iterdir()):
            if (task / "net" / "tcp").exists():
                return task
    return first


def sockets(pid: int) -> dict[str, int]:
    """Return the descriptor of each socket a process holds, by its inode."""
    held = {}
    for entry in (_view(pid) / "fd").iterdir():
        try:
            target = os.readlink(entry)
        except FileNotFoundError:
            continue
        match = re.fullmatch(r"socket:\[(\d+)\]", target)
        if match:
            held[match[1]] = int(entry.name)
    return held


def _address(digits: str) -> str:
    """Read an address as /proc/net shows it: 32-bit words in this order."""
    words = [int(digits[i:i + 8], 16) for i in range(0, len(digits), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(
        socket.AF_INET6 if len(words) == 4 else socket.AF_INET, packed)


def _rows(pid: int, name: str) -> Iterator[list[str]]:
    """Return the rows of /proc/net/tcp or tcp6 as a process sees it."""
    with open(_view(pid) / "net" / name, encoding="ascii") as table:
        for line in table:
            yield line.split()


def connections(pid: int) -> list[Connection]:
    """Return the TCP sockets of a process; none if it has gone."""
    found = []
    try:
        held = sockets(pid)
        for name in ("tcp", "tcp6"):  # a read of either can take 4 ms
            if len(found) == len(held):
                break
            for row in _rows(pid, name):
                if row[9] not in held:
                    continue
                host, port = row[1].split(":")
                queues = [int(n, 16) for n in row[4].split(":")]
                found.append(Connection(
                    held[row[9]], _address(host), int(port, 16),
                    int(row[2].split(":")[1], 16), STATES[int(row[3], 16)],
                    *queues, row[5].split(":")[0] != "00"))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []  # it ended, or is just being executed
    return found


def _at_port(pid: int, port: int) -> Iterator[list[str]]:
    """Return the rows whose own end is at `port`, whoever holds them.

    `pid` names any process of the same network; no rows if it has gone.
    """
    own = f":{port:04X}"
    try:
        for name in ("tcp", "tcp6"):
            for row in _rows(pid, name):
                if row[1].endswith(own):
                    yield row
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return


def unread(pid: int, port: int, peer_port: int) -> Optional[int]:
    """Return how many bytes wait to be read at the `port` end of a connection.

    `pid` names any process of the same network. None if the connection, or
    that process, has gone.
    """
    for row in _at_port(pid, port):
        if row[2].endswith(f":{peer_port:04X}"):
            return int(row[4].split(":")[1], 16)
    return None


def state(pid: int, port: int, peer_port: int) -> Optional[str]:
    """Return the state of the `port` end of a connection, "ESTABLISHED".

    As unread() otherwise.
    """
    return next((STATES[int(row[3], 16)] for row in _at_port(pid, port)
                 if row[2].endswith(f":{peer_port:04X}")), None)


def backlog(pid: int, port: int) -> int:
    """Return how many connections wait at a listening port for accept(2).

    With those whose handshake is not finished.
    """
    return sum(
        int(row[4].split(":")[1], 16) if STATES[int(row[3], 16)] == "LISTEN"
        else STATES[int(row[3], 16)] == "SYN_RECV"
        for row in _at_port(pid, port))


def arriving(pid: int, port: int) -> bool:
    """Whether the last ACK of a handshake is still on its way to a listener.

    The client's connect has returned by then, and nothing else shows it.
    """
    return any(STATES[int(row[3], 16)] == "SYN_RECV"
               for row in _at_port(pid, port))


def ending(pid: int, c: Connection) -> bool:
    """Whether a connection's other end has sent what is not here yet.

    That is data or a FIN that nobody has acknowledged; or a RST, after which
    an end stands in no table. On a busy machine even a loopback takes a while.
    """
    for row in _at_port(pid, c.peer_port):
        if row[2].endswith(f":{c.port:04X}"):
            return int(row[4].split(":")[0], 16) > 0
    return True


def listens_at(pid: int, alone: bool = False) -> Optional[int]:
    """Return the port that a process listens on; None if on none.

    A process may hide its descriptors (prctl(2), PR_SET_DUMPABLE). Then that
    is only told of one that is `alone` in its network.
    """
    found = next((c.port for c in connections(pid) if c.state == "LISTEN"),
                 None)
    if found is not None or not alone:
        return found
    try:
        sockets(pid)
        return None
    except PermissionError:
        pass  # it hides them; or it has gone, and we are an ordinary user
    except OSError:
        return None  # it has gone
    try:
        return next((int(row[1].split(":")[1], 16) for name in ("tcp", "tcp6")
                     for row in _rows(pid, name)
                     if row[3] == f"{STATES.index('LISTEN'):02X}"), None)
    except OSError:
        return None


class DidNotListen(Exception):
    """A server ended before it listened."""


def listening(process: Process, bound: float = 60.0) -> int:
    """Wait until a program listens, and return its port.

    Raises DidNotListen if it ends first, StillRunning after `bound` seconds.
    """
    def port() -> Optional[int]:
        return next((c.port for c in connections(process.holder)
                     if c.state == "LISTEN"), None)
    found = process.until(port, bound)
    if found is None:
        raise DidNotListen(f"{process.name}: {process.exit} before it "
                           f"listened; it said {process.stderr!r}")
    return found
