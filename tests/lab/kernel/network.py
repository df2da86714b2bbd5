"""TCP sockets, as /proc/net shows them (proc(5))."""

from __future__ import annotations

import os
import re
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Optional

from ..sandbox import Process
from .processes import ends

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


def _connection(row: list[str], descriptor: int) -> Connection:
    """Read a row of /proc/net/tcp or tcp6."""
    host, port = row[1].split(":")
    queues = [int(n, 16) for n in row[4].split(":")]
    return Connection(descriptor, _address(host), int(port, 16),
                      int(row[2].split(":")[1], 16), STATES[int(row[3], 16)],
                      *queues, row[5].split(":")[0] != "00")


def read_connections(pid: int) -> list[Connection]:
    """Return the TCP sockets of a process.

    Raises OSError if it has gone, is just being executed, or hides them.
    """
    found, held = [], sockets(pid)
    for name in ("tcp", "tcp6"):  # a read of either can take 4 ms
        if len(found) == len(held):
            break
        found += [_connection(row, held[row[9]]) for row in _rows(pid, name)
                  if row[9] in held]
    return found


def connections(pid: int) -> list[Connection]:
    """Return the TCP sockets of a process; none if they can't be read."""
    try:
        return read_connections(pid)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []


def hides(pid: int) -> bool:
    """Whether a process keeps its descriptors from us.

    It may do so (prctl(2), PR_SET_DUMPABLE), but not from root. One that has
    ended hides nothing.
    """
    try:
        sockets(pid)
    except PermissionError:
        return not ends(pid)
    except OSError:
        pass
    return False


def _rows_at(pid: int, port: int) -> Iterator[list[str]]:
    """Return the rows whose own end is at `port`, whoever holds them.

    `pid` names any process of the same network. Raises OSError if it has gone.
    """
    own = f":{port:04X}"
    for name in ("tcp", "tcp6"):
        for row in _rows(pid, name):
            if row[1].endswith(own):
                yield row


def _at_port(pid: int, port: int) -> Iterator[list[str]]:
    """Return the same rows; none if the process has gone."""
    try:
        yield from _rows_at(pid, port)
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
    Raises OSError if the process has gone.
    """
    return any(STATES[int(row[3], 16)] == "SYN_RECV"
               for row in _rows_at(pid, port))


def ending(pid: int, c: Connection) -> bool:
    """Whether a connection's other end has sent what is not here yet.

    That is data or a FIN that nobody has acknowledged; or a RST, after which
    an end stands in no table. On a busy machine even a loopback takes a while.
    Raises OSError if the process has gone.
    """
    for row in _rows_at(pid, c.peer_port):
        if row[2].endswith(f":{c.port:04X}"):
            return int(row[4].split(":")[0], 16) > 0
    return True


def _all_listeners(pid: int) -> list[tuple[Connection, int]]:
    """Return who listens in a process's network, and the user of each."""
    return [(_connection(row, -1), int(row[7])) for name in ("tcp", "tcp6")
            for row in _rows(pid, name)
            if row[3] == f"{STATES.index('LISTEN'):02X}"]


def listeners(pid: int, alone: bool = False) -> list[Connection]:
    """Return the sockets on which a process listens.

    Of one that hides its descriptors those are known only if it is `alone` in
    its network: their `descriptor` is -1 then.
    """
    if alone and hides(pid):
        try:
            return [found for found, _ in _all_listeners(pid)]
        except OSError:
            return []  # it has just ended
    return [c for c in connections(pid) if c.state == "LISTEN"]


def listens_at(pid: int, alone: bool = False,
               said: Callable[[], Optional[int]] = lambda: None
               ) -> Optional[int]:
    """Return the port that a process listens on; None if on none.

    One that hides its descriptors and is not `alone` in its network is taken
    at its word, `said()`, if a socket of its user listens there.
    """
    found = next((c.port for c in listeners(pid, alone)), None)
    if found is not None or alone or not hides(pid):
        return found
    port = said()
    try:
        if port and (port, _user(pid)) in {
                (c.port, user) for c, user in _all_listeners(pid)}:
            return port
    except OSError:
        pass  # it has just ended
    return None


def _user(pid: int) -> int:
    """Return who a process is, though its files may be root's (proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("\nUid:")[2].split()[0])


class DidNotListen(Exception):
    """A server ended before it listened."""


def listening(process: Process, bound: float = 60.0) -> int:
    """Wait until a program listens, and return its port.

    Raises DidNotListen if it ends first, StillRunning after `bound` seconds.
    """
    def port() -> Optional[int]:
        return next((c.port for c in listeners(process.holder)), None)
    found = process.until(port, bound)
    if found is None:
        raise DidNotListen(f"{process.name}: {process.exit} before it "
                           f"listened; it said {process.stderr!r}")
    return found
