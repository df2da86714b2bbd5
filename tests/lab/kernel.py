"""What the kernel's tables say about programs and their connections.

Everything here is read from /proc (proc(5)), of this machine or of a sandbox,
so a fact needs no packet, no sleep and no word from the program itself.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import re
import socket
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional, Protocol, Sequence

from .sandbox import Process

STATES = ("", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",
          "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING")

# The calls in which a program can wait for a peer for ever, by their number
# (asm/unistd.h): the descriptor is their first argument.
SOCKET_CALLS = {
    "x86_64": {0: "read", 1: "write", 43: "accept", 288: "accept4",
               42: "connect", 44: "sendto", 45: "recvfrom", 46: "sendmsg",
               47: "recvmsg", 19: "readv", 20: "writev", 40: "sendfile"},
    "aarch64": {63: "read", 64: "write", 202: "accept", 242: "accept4",
                203: "connect", 206: "sendto", 207: "recvfrom",
                211: "sendmsg", 212: "recvmsg", 65: "readv", 66: "writev",
                71: "sendfile"},
}
# Those in which it waits for a child, or for a signal, and for no time.
OTHER_CALLS = {
    "x86_64": {34: "pause", 61: "wait4", 247: "waitid"},
    "aarch64": {260: "wait4", 95: "waitid"},
}
SYS_PIDFD_OPEN, SYS_PIDFD_GETFD = 434, 438  # the same on every architecture

_libc = ctypes.CDLL(None, use_errno=True)


class HasPid(Protocol):
    """A sandbox.Process, or anything else that knows its number."""

    pid: int


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


@dataclass(frozen=True)
class Asleep:
    """A thread that waits with no time limit, in a socket call or for a child.

    `descriptor` is None where the call has none.
    """

    pid: int
    call: str
    descriptor: Optional[int]
    switches: int

    def __str__(self) -> str:
        shown = "" if self.descriptor is None else str(self.descriptor)
        return f"asleep in {self.call}({shown})"


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


def _sockets(pid: int) -> dict[str, int]:
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
        held = _sockets(pid)
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


def children(pid: int) -> list[int]:
    """Return the children of a process; OSError if it has gone."""
    return [int(word) for task in Path(f"/proc/{pid}/task").iterdir()
            for word in (task / "children").read_text().split()]


def family(pid: int) -> list[int]:
    """Return a process and all that descends from it.

    Whoever has lost its parent descends from nobody here. Raises OSError if
    one of them goes meanwhile.
    """
    members = [pid]
    for member in members:
        members += children(member)
    return members


def stopped(pid: int) -> bool:
    """Whether a program has stopped for a signal (proc(5)), or has gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rsplit(")", 1)[1].split()[0] in "TZX"


def runnable(pid: int) -> float:
    """Return for how many seconds a process has not slept.

    It ran then, or waited for a processor (/proc/PID/task/TID/schedstat, of
    the thread that did so longest); 0 where the kernel does not count it, or
    if the process has gone.
    """
    try:
        return max(sum(map(int, (task / "schedstat").read_text().split()[:2]))
                   for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9
    except (OSError, ValueError):
        return 0.0


def waited(pid: int) -> float:
    """Return for how many seconds a process has waited for a processor.

    /proc/PID/schedstat; 0 where the kernel does not count it, or if the
    process has gone.
    """
    try:
        text = Path(f"/proc/{pid}/schedstat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(text.split()[1]) / 1e9


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


def _arriving(pid: int, port: int) -> bool:
    """Whether the last ACK of a handshake is still on its way to a listener.

    The client's connect has returned by then, and nothing else shows it.
    """
    return any(STATES[int(row[3], 16)] == "SYN_RECV"
               for row in _at_port(pid, port))


def _ending(pid: int, c: Connection) -> bool:
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
        _sockets(pid)
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


def _time_limit(pid: int, descriptor: int, option: int) -> float:
    """Return a socket's SO_RCVTIMEO or SO_SNDTIMEO in seconds, 0 for none.

    The socket is borrowed with pidfd_getfd(2), Linux 5.6 and later. Raises
    OSError where that is not allowed.
    """
    handle = _libc.syscall(SYS_PIDFD_OPEN, pid, 0)
    if handle == -1:
        raise OSError(ctypes.get_errno(), "pidfd_open")
    borrowed = _libc.syscall(SYS_PIDFD_GETFD, handle, descriptor, 0)
    number = ctypes.get_errno()
    os.close(handle)
    if borrowed == -1:
        raise OSError(number, "pidfd_getfd")
    try:
        ours = socket.socket(fileno=borrowed)
    except OSError:  # it is no socket any more
        os.close(borrowed)
        raise
    with ours:
        raw = ours.getsockopt(socket.SOL_SOCKET, option, 16)
    seconds, microseconds = struct.unpack("@ll", raw)
    return seconds + microseconds / 1e6


def _waits_on(pid: int, descriptor: int) -> bool:
    """Whether a descriptor is a socket on which calls have no time limit."""
    return descriptor in _sockets(pid).values() and not any(
        _time_limit(pid, descriptor, option)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO))


@functools.lru_cache(maxsize=None)
def why_no_proofs() -> str:
    """Return "" where a program can be proved stuck, else what is missing.

    A child of ours that waits for us is looked at. A container's seccomp(2)
    profile may forbid pidfd_getfd(2), Yama (ptrace(2)) may too, and not every
    kernel has /proc/PID/syscall.
    """
    if platform.machine() not in SOCKET_CALLS:
        return f"the numbers of {platform.machine()}'s system calls"
    ours, theirs = socket.socketpair()
    with ours, theirs, subprocess.Popen(
            ["cat"], stdin=theirs, stdout=subprocess.DEVNULL) as child:
        try:
            _time_limit(child.pid, 0, socket.SO_RCVTIMEO)
            Path(f"/proc/{child.pid}/syscall").read_text()
        except OSError as error:
            what = error.filename and "/proc/PID/syscall" or error.strerror
            return f"{what}: {os.strerror(error.errno or 0)}"
        finally:
            ours.shutdown(socket.SHUT_WR)  # it ends
    return ""


def _waiting(pid: int, task: Path) -> Optional[Asleep]:
    """Return how a thread waits, if it is in one of these calls for ever."""
    words = (task / "syscall").read_text().split()
    if not words[0].isdigit():
        return None
    number, machine = int(words[0]), platform.machine()
    call = SOCKET_CALLS.get(machine, {}).get(number)
    descriptor = int(words[1], 16) if call else None
    call = call or OTHER_CALLS.get(machine, {}).get(number)
    if not call or descriptor is not None and not _waits_on(pid, descriptor):
        return None
    status = (task / "status").read_text()
    if not re.search(r"^State:\s+S", status, re.M):
        return None
    if int(re.search(r"^SigCgt:\s+(\w+)", status, re.M)[1], 16) & 1 << 13:
        return None  # it catches SIGALRM: an alarm(2) may be coming
    switches = sum(int(n) for n in
                   re.findall(r"ctxt_switches:\s+(\d+)", status))
    return Asleep(pid, call, descriptor, switches)


def _has_timers(pid: int) -> bool:
    """Whether a process has made a timer with timer_create(2).

    /proc/PID/timers; False where the kernel does not tell.
    """
    try:
        return bool(Path(f"/proc/{pid}/timers").read_text())
    except FileNotFoundError:
        return False


def _ended(task: Path) -> bool:
    """Whether a thread has ended, while others of its process go on."""
    return (task / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def asleep(pid: int) -> list[Asleep]:
    """Return how each thread of a process waits.

    Empty unless every one of them is asleep in a call that has no time limit,
    with nothing queued in or out and no timer armed on its sockets.
    """
    try:
        found = [_waiting(pid, task) for task in
                 Path(f"/proc/{pid}/task").iterdir() if not _ended(task)]
        if not all(found) or _has_timers(pid):
            return []
    except OSError:  # it ended, is just being executed, or closes a socket
        return []
    awaited = {waiting.descriptor for waiting in found
               if waiting and waiting.descriptor is not None}
    open_ones = connections(pid)
    if not awaited <= {c.descriptor for c in open_ones}:
        return []  # a connection that is over: its reader is about to be told
    for c in open_ones:
        if c.state == "LISTEN" and c.descriptor not in awaited:
            continue  # a client that waits to be accepted wakes nobody
        if c.unsent or c.unread or c.timer:
            return []
        if c.descriptor in awaited and (
                _arriving(pid, c.port) if c.state == "LISTEN"
                else _ending(pid, c)):
            return []
    return found  # type: ignore[return-value]


def stuck(processes: Sequence[HasPid]) -> list[Asleep]:
    """Prove that programs which only have each other will never go on.

    A proof, not a guess: nothing is under way, so nothing can wake them. All,
    with all that descend from them (family), are found asleep, with empty
    queues and idle timers; then they are counted again, for one may have been
    born before its parent fell asleep; then all are asleep as before, not
    having run in between. Returns how each waits, the first program first;
    empty if there is no proof. A caught SIGALRM, a timer, or a time limit on
    the call defeats it. What it can't see is an alarm(2) or setitimer(2) that
    nobody catches and that will kill. Sources: proc(5), tcp(7).
    """
    def members() -> list[int]:
        return [member for process in processes
                for member in family(process.pid)]
    try:
        counted = members()
        first = [asleep(pid) for pid in counted]
        if not all(first) or members() != counted \
                or [asleep(pid) for pid in counted] != first:
            return []
    except OSError:
        return []  # one has just ended
    return [waiting for found in first for waiting in found]
