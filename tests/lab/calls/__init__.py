"""The socket calls that a program makes, written down by a preloaded library.

    log = CallLog()
    room.start([...], env=log.env)
    ...
    calls = log.read()
"""

from __future__ import annotations

import errno
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from .. import program

PRELOAD = Path(__file__).with_name("preload.c")


@dataclass(frozen=True)
class Call:
    """One call on a socket, or on what was one before it was closed.

    `argument` is a count of bytes, or the second argument of shutdown(2).
    `result` is None where the call never returned; `error` is the name of an
    errno, "" for none. `time` is when it began (seconds, realtime).
    """

    pid: int
    time: float
    name: str
    fd: int
    argument: int
    result: Optional[int]
    error: str


def _parse(lines: list[str]) -> list[Call]:
    """Pair each call's line before with its line after."""
    calls: list[Call] = []
    begun: dict[str, int] = {}
    for line in lines:
        pid, when, name, fd, argument, result, number = line.split()
        if result == "-":
            begun[pid] = len(calls)
            calls.append(Call(int(pid), float(when), name, int(fd),
                              int(argument), None, ""))
            continue
        error = "" if number == "0" else errno.errorcode[int(number)]
        place = begun.pop(pid, None)
        if place is None:  # not a socket any more: there was no line before
            calls.append(Call(int(pid), float(when), name, int(fd),
                              int(argument), int(result), error))
        else:
            calls[place] = Call(int(pid), calls[place].time, name, int(fd),
                                int(argument), int(result), error)
    return calls


class CallLog:
    """Where one program's calls are written; `env` makes it do so.

    Raises program.DoesNotCompile where the library can't be built.
    """

    def __init__(self) -> None:
        library = program.build(PRELOAD, ("-fPIC", "-shared"))
        descriptor, path = tempfile.mkstemp(dir=program.scratch())
        os.close(descriptor)
        self._path = Path(path)
        self.env = {"LD_PRELOAD": str(library), "LAB_CALLS": path}

    def read(self) -> list[Call]:
        """Return the calls so far, in the order in which they began."""
        text = self._path.read_text()
        return _parse(text[:text.rfind("\n") + 1].splitlines())
