"""Proofs that programs wait for ever: nothing is left that could wake them.

Sources: proc(5), tcp(7), asm/unistd.h.
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
from typing import Optional, Protocol, Sequence

from .network import arriving, ending, read_connections, sockets
from .processes import family, thread_ended

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
NEEDED = ("syscall", "timers")  # of /proc/PID: not every kernel has them
# Those in which it may wait for a time, or for what is no socket.
LIMITED_CALLS = {
    "x86_64": {7: "poll", 271: "ppoll", 23: "select", 270: "pselect6",
               232: "epoll_wait", 281: "epoll_pwait", 35: "nanosleep",
               230: "clock_nanosleep", 202: "futex", 128: "rt_sigtimedwait",
               130: "rt_sigsuspend"},
    "aarch64": {73: "ppoll", 72: "pselect6", 22: "epoll_pwait",
                101: "nanosleep", 115: "clock_nanosleep", 98: "futex",
                137: "rt_sigtimedwait", 133: "rt_sigsuspend"},
}
SYS_PIDFD_OPEN, SYS_PIDFD_GETFD = 434, 438  # the same on every architecture

_libc = ctypes.CDLL(None, use_errno=True)


class HasPid(Protocol):
    """A sandbox.Process, or anything else that knows its number."""

    pid: int


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
    return descriptor in sockets(pid).values() and not any(
        _time_limit(pid, descriptor, option)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO))


@functools.lru_cache(maxsize=None)
def why_no_proofs() -> str:
    """Return "" where a program can be proved stuck, else what is missing.

    A child of ours that waits for us is looked at. A container's seccomp(2)
    profile may forbid pidfd_getfd(2), Yama (ptrace(2)) may too, and not every
    kernel has what is NEEDED.
    """
    if platform.machine() not in SOCKET_CALLS:
        return f"the numbers of {platform.machine()}'s system calls"
    ours, theirs = socket.socketpair()
    with ours, theirs, subprocess.Popen(
            ["cat"], stdin=theirs, stdout=subprocess.DEVNULL) as child:
        try:
            _time_limit(child.pid, 0, socket.SO_RCVTIMEO)
            for name in NEEDED:
                Path(f"/proc/{child.pid}/{name}").read_text()
        except OSError as error:
            what = f"/proc/PID/{name}" if error.filename else error.strerror
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


def waits_in(pid: int) -> str:
    """Return the call in which a process waits, "read(4)" or "poll()".

    That is its first thread's; "" if it is another call, or can't be seen.
    """
    try:
        words = Path(f"/proc/{pid}/syscall").read_text().split()
    except OSError:
        return ""
    number, machine = words[0], platform.machine()
    if not number.isdigit():
        return ""
    call = SOCKET_CALLS.get(machine, {}).get(int(number))
    if call:
        return f"{call}({int(words[1], 16)})"
    call = OTHER_CALLS.get(machine, {}).get(int(number)) \
        or LIMITED_CALLS.get(machine, {}).get(int(number))
    return f"{call}()" if call else ""


def _has_timers(pid: int) -> bool:
    """Whether a process has made a timer with timer_create(2).

    /proc/PID/timers; OSError where the kernel does not tell.
    """
    return bool(Path(f"/proc/{pid}/timers").read_text())


def _nothing_comes(pid: int, found: Sequence[Asleep]) -> bool:
    """Whether nothing is queued, or on its way, to threads that are asleep.

    Raises OSError if the sockets can't be seen.
    """
    awaited = {waiting.descriptor for waiting in found
               if waiting.descriptor is not None}
    open_ones = read_connections(pid)
    if not awaited <= {c.descriptor for c in open_ones}:
        return False  # a connection that is over: its reader is about to know
    for c in open_ones:
        if c.state == "LISTEN" and c.descriptor not in awaited:
            continue  # a client that waits to be accepted wakes nobody
        if c.unsent or c.unread or c.timer:
            return False
        if c.descriptor in awaited and (
                arriving(pid, c.port) if c.state == "LISTEN"
                else ending(pid, c)):
            return False
    return True


def asleep(pid: int) -> list[Asleep]:
    """Return how each thread of a process waits.

    Empty unless every one of them is asleep in a call that has no time limit,
    with nothing queued in or out and no timer armed on its sockets; and if
    that can't be seen.
    """
    found = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            if not thread_ended(task):
                waiting = _waiting(pid, task)
                if waiting is None:
                    return []
                found.append(waiting)
        if _has_timers(pid) or not _nothing_comes(pid, found):
            return []
    except OSError:  # it ended, is just being executed, or closes a socket
        return []
    return found


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
