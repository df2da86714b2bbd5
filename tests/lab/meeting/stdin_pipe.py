"""Standard input that the judge feeds by hand: a pipe."""

from __future__ import annotations

import fcntl
import os
import struct
import termios


class StdinPipe:
    """A pipe; `reader` is what a program is given as its standard input.

    Both ends are ours as well, so that a program which has gone, or which
    never reads, is no error here.
    """

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()

    def say(self, data: bytes) -> None:
        """Put in what a pipe has room for: less than 4,096 bytes (pipe(7))."""
        os.write(self._writer, data)

    def waiting(self) -> int:
        """Return how many bytes the program has not read yet."""
        raw = fcntl.ioctl(self.reader, termios.FIONREAD, bytes(4))
        return struct.unpack("i", raw)[0]

    def end(self) -> None:
        """Let EOF follow."""
        if self._writer != -1:
            os.close(self._writer)
            self._writer = -1

    def __enter__(self) -> StdinPipe:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        os.close(self.reader)
