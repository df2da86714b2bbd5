"""One run of a client under judgement: the judge is the server.

    with Guest([program, "127.0.0.1", PORT]) as guest:
        peer = guest.comes()
        ...
        guest.finish()
"""

from __future__ import annotations

import enum
import fcntl
import os
import select
import struct
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Sequence

from ..calls import Call, Fault
from ..peer import Peer, listen
from ..sandbox import Privacy, Sandbox
from .run import OUTPUT, Run


class _Word(enum.Enum):
    PORT = "the port at which the judge listens"


PORT = _Word.PORT  # stands for it on a command line

# Before a command: what it prints finds no room (full(4)).
OUT_OF_ROOM = ("/bin/sh", "-c", 'exec "$0" "$@" >/dev/full')


@dataclass(frozen=True)
class Disk:
    """A disk that a folder has for itself, `seen` from outside at some place.

    Without namespaces there is none. In its place RLIMIT_FSIZE bounds files to
    `most` bytes, with SIGXFSZ ignored: the next write fails, with EFBIG for
    ENOSPC. `before` stands before the command then.
    """

    seen: Path
    before: tuple[str, ...] = ()
    most: int = OUTPUT

    @staticmethod
    def of(room: Sandbox, folder: Path, size: int) -> Disk:
        """Give a folder a disk of `size` bytes; its plain files move in."""
        if room.private:
            return Disk(room.disk(folder, size, keep=True))
        return Disk(folder, ("/bin/sh", "-c",
                             'trap "" XFSZ; exec "$0" "$@"'), size)


class Guest(Run):
    """A program that is to dial us, at the port that stands for PORT."""

    def __init__(self, argv: Sequence[object], private: Privacy = True,
                 stdin: Optional[int] = None,
                 fault: Optional[Fault] = None,
                 room: Optional[Sandbox] = None, lent: bool = False,
                 writes: Sequence[Path] = (),
                 cwd: Optional[Path] = None,
                 disk: Optional[Disk] = None) -> None:
        """Listen, then start it; for `writes` and `cwd` see Run.

        A `room` of the caller's ends with it, unless it is `lent`. A `disk` is
        one of that room.
        """
        self._lent = lent
        room = room or Sandbox(private)
        self.listener, self.port = listen(room)
        try:
            words = [self.port if word is PORT else word for word in argv]
            super().__init__([*disk.before, *words] if disk else words,
                             room=room, output=disk.most if disk else OUTPUT,
                             watched=True, stdin=stdin, fault=fault,
                             writes=writes, cwd=cwd)
        except OSError:
            self.listener.close()
            if not lent:
                room.close()
            raise

    def comes(self) -> Optional[Peer]:
        """Wait until it has dialled; None if it won't."""
        ready = select.poll()
        ready.register(self.listener, select.POLLIN)
        if not self.until(lambda: bool(ready.poll(0)), needed=True):
            return None
        began = time.time()
        conn, (_, port) = self.listener.accept()
        peer = Peer(conn, self._hope, self._regain, port)
        peer.calls.append(Call(os.getpid(), began, "accept",
                               self.listener.fileno(), 0, conn.fileno(), ""))
        self._peers.append(peer)
        return peer

    def waiting(self, peer: Peer) -> int:
        """Return how many bytes of what it has sent can be read."""
        if peer.conn.fileno() == -1:
            return 0
        raw = fcntl.ioctl(peer.conn, termios.FIONREAD, bytes(4))
        return struct.unpack("i", raw)[0]

    def sends(self, peer: Peer, count: int) -> bool:
        """Wait until `count` bytes can be read; False if they won't come."""
        return bool(self.until(lambda: self.waiting(peer) >= count))

    def close(self) -> None:
        """End the program, and all it started."""
        super().close()
        self.listener.close()
        if not self._lent:
            self.room.close()
