"""The socket calls that a program makes, written down by a library of ours.

    log = CallLog()
    room.start([...], env=log.env)
    ...
    calls = log.read()
"""

from __future__ import annotations

import errno
import os
import re
import struct
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional, Sequence

from .. import program

SIZE = 1 << 25  # bytes, of struct log in preload/log.c
PRELOAD = Path(__file__).parent / "preload" / "preload.c"
PARTS = tuple(  # of the same library
    str(source) for source in sorted(PRELOAD.parent.glob("[!.]*.c"))
    if source != PRELOAD)

# Flags to program.build: into a Windows program its library is linked.
WINSOCK = (str(Path(__file__).with_name("winsock.c")),
           *(f"-Wl,--wrap=__imp_{name}" for name in (
               "accept", "connect", "send", "recv", "shutdown",
               "closesocket")))

# Winsock's errors have numbers of their own (winsock2.h).
WINSOCK_ERRORS = {
    10004: "WSAEINTR", 10035: "WSAEWOULDBLOCK", 10038: "WSAENOTSOCK",
    10053: "WSAECONNABORTED", 10054: "WSAECONNRESET", 10057: "WSAENOTCONN",
    10058: "WSAESHUTDOWN", 10060: "WSAETIMEDOUT", 10061: "WSAECONNREFUSED",
    10093: "WSANOTINITIALISED"}


# What the library writes (preload/log.h): nothing else is taken for a call.
NUMBER = r"-?\d{1,20}"
LINE = re.compile(
    rf"\d{{1,10}} \d{{1,12}}\.\d{{1,9}} \w{{1,20}} {NUMBER} {NUMBER}"
    rf" (- -|{NUMBER} \d{{1,5}})", re.ASCII)


@dataclass(frozen=True)
class Call:
    """One call on a socket, or on what was one before it was closed.

    `pid` is the number of the thread that made it. `argument` is a count of
    bytes, or the second argument of shutdown(2). `result` is None where the
    call never returned; `error` is the name of an errno, "" for none. `time`
    is when it began (seconds, realtime). `winsock` says that it was made in
    Windows, where names differ.
    """

    pid: int
    time: float
    name: str
    fd: int
    argument: int
    result: Optional[int]
    error: str
    winsock: bool = False


@dataclass(frozen=True)
class Fault:
    """What is to go wrong: `kind` is one of those in preload/faults.h.

    Either the call number `at` is struck, of those that can suffer it, or
    each may be, with a chance of `percent`, repeated by the same `seed`; but
    the `first` few of each name are struck anyhow, on sockets and on files.
    Where `calls` are named no others are struck.
    """

    kind: str
    at: int = 0
    percent: int = 0
    seed: int = 0
    calls: tuple[str, ...] = ()
    first: int = 0

    def __str__(self) -> str:
        what = self.kind + (f" in {','.join(self.calls)}" if self.calls
                            else "")
        if self.at:
            return f"{what} at {self.at}"
        return (f"{what} chance {self.percent} seed {self.seed} "
                f"first {self.first}")


def _name(number: int) -> str:
    if number == 0:
        return ""
    return errno.errorcode.get(number) or WINSOCK_ERRORS.get(number,
                                                             str(number))


def _parse(lines: list[str]) -> list[Call]:
    """Pair each call's line before with its line after."""
    calls: list[Call] = []
    begun: dict[tuple[str, str], int] = {}  # of a thread, by name
    for line in lines:
        if not LINE.fullmatch(line):
            continue  # a fault, or the program wrote here itself
        pid, when, name, fd, argument, result, number = line.split()
        if result == "-":
            begun[pid, name] = len(calls)
            calls.append(Call(int(pid), float(when), name, int(fd),
                              int(argument), None, ""))
            continue
        error = _name(int(number))
        place = begun.pop((pid, name), None)
        if place is None:  # there was no line before: it never waits
            calls.append(Call(int(pid), float(when), name, int(fd),
                              int(argument), int(result), error))
        else:
            calls[place] = Call(int(pid), calls[place].time, name, int(fd),
                                int(argument), int(result), error)
    return calls


class CallLog:
    """Where one program's calls are written; `env` makes it do so.

    With a fault some of its calls fail. A program for `windows` must have been
    built with WINSOCK, and knows no faults. Raises program.DoesNotCompile
    where the library can't be built.
    """

    def __init__(self, fault: Optional[Fault] = None,
                 windows: bool = False) -> None:
        descriptor, path = tempfile.mkstemp(dir=program.scratch())
        if not windows:
            os.truncate(descriptor, SIZE)
        os.close(descriptor)
        self._path = Path(path)
        self._windows = windows
        self.env = {"LAB_CALLS": path}
        if not windows:
            self.env["LD_PRELOAD"] = str(
                program.build(PRELOAD, ("-fPIC", "-shared", *PARTS)))
        if fault:
            self.env["LAB_FAULT"] = str(fault)

    def _text(self, most: int) -> str:
        if self._windows:
            return self._path.read_text()
        with self._path.open("rb") as log:
            head = log.read(struct.calcsize("N")).ljust(8, b"\0")
            used, = struct.unpack("N", head)  # the program may write there too
            return log.read(min(used, most)).split(b"\0")[0].decode(
                errors="replace")

    @property
    def path(self) -> Path:
        """Where they are written, by the program itself."""
        return self._path

    def _lines(self, most: int = SIZE) -> list[str]:
        text = self._text(most)
        return text[:text.rfind("\n") + 1].splitlines()

    def read(self, most: int = SIZE) -> list[Call]:
        """Return the calls so far, in the order in which they began.

        Of a program that calls without end `most` bytes of lines will do.
        """
        return [replace(call, winsock=self._windows)
                for call in _parse(self._lines(most))]

    def _marked(self, mark: str) -> list[str]:
        found = (re.match(rf"\S+ \S+ {mark}:(\w+)", line)
                 for line in self._lines())
        return [name[1] for name in found if name]

    def struck(self) -> list[str]:
        """Return the names of the calls that suffered the fault so far."""
        return self._marked("fault")

    def spared(self) -> list[str]:
        """Return the names of the calls on sockets that no signal can meet.

        They would have suffered an EINTR if they could wait.
        """
        return self._marked("spared")


READS = ("read", "recv", "recvfrom", "recvmsg", "readv", "splice_in",
         "aio_read")
WRITES = ("write", "send", "sendto", "sendmsg", "writev", "sendfile",
          "splice_out", "aio_write")


def moved(calls: Sequence[Call], names: Sequence[str]) -> int:
    """Return how many bytes these of the calls have moved in all."""
    return sum(call.result for call in calls
               if call.name in names and call.result and call.result > 0)


def evaded(log: CallLog, fault: Fault, sent: int, received: int) -> str:
    """Say how a program's calls kept clear of a fault; "" if they did not.

    A check about faults shows nothing then. `sent` and `received` are as
    account() has them.

    It is no wall: a program that is out to deceive can write its own lines.
    """
    if not log.struck() and not log.spared():
        return ("your program's calls can't be seen: it made none of "
                f"{', '.join(fault.calls)} through the C library")
    return account(log.read(), sent, received)


def account(calls: Sequence[Call], sent: int, received: int) -> str:
    """Return "" if recorded calls account for what crossed, else a sentence.

    `sent` is how many bytes came from the program to its peers, by the peers'
    own count; `received` is how many it must have read. A program moves more
    than its calls show in assembler, or with a static libc, and then no fault
    can strike it. What stdio moves is seen where a fault was given.
    """
    for names, due, what in ((WRITES, sent, "sent"),
                             (READS, received, "received")):
        seen = moved(calls, names)
        if seen < due:
            return (f"your program's calls can't be seen: it {what} {due:,} "
                    f"bytes, and {seen:,} of them through {', '.join(names)}")
    return ""
