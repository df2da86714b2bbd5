"""A connection in the bench's hands: the other end of a program's.

What a peer finds on its own socket is the verdict: what came, how it ended.
"""

from __future__ import annotations

import errno
import fcntl
import math
import os
import select
import socket
import struct
import termios
import time
from dataclasses import dataclass, replace
from typing import Callable, Optional

from ..calls import Call
from ..sandbox import Sandbox

BOUND = 60.0  # seconds that connect(2) may take
ACKNOWLEDGED = 5.0  # seconds that a kernel may take, whatever programs do
EOF, RESET, NOTHING = "EOF", "reset", "nothing"
ENOUGH = 1 << 25  # bytes: a program that has sent as many will never end
LOOK = 3  # milliseconds between two looks at whether to go on waiting
LONG = 20.0  # seconds
BYTES_RECEIVED = 128  # where tcpi_bytes_received is (linux/tcp.h), Linux 4.1


@dataclass(frozen=True)
class Heard:
    """All that came, and whether a FIN (EOF) or a RST (reset) ended it.

    NOTHING: neither did, and there is no use in waiting any longer, or no
    more was asked for.
    """

    data: bytes
    end: str


def was_reset(conn: socket.socket, bound: float = BOUND) -> bool:
    """Wait for a RST, at most `bound` seconds; False if none came.

    A FIN alone is not one: poll(2) shows POLLERR only after a RST.
    """
    waiting = select.poll()
    waiting.register(conn, 0)  # POLLERR and POLLHUP need not be asked for
    return any(event & select.POLLERR for _, event in
               waiting.poll(bound * 1000))


def no_linger(conn: socket.socket) -> None:
    """Let a close send RST, with no time to linger (socket(7))."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))


class Peer:
    """A connection in the bench's hands; what it does is kept in `calls`.

    It waits only while `may_progress()` is true, which is asked every LOOK
    milliseconds: it has no clock of its own, and raises nothing. About a
    program that sends without a pause it asks as well, after LONG seconds.
    """

    def __init__(self, conn: socket.socket, may_progress: Callable[[], bool],
                 withdraw: Callable[[], bool] = lambda: False,
                 other: Optional[int] = None) -> None:
        """Take a connection over; `other` is the other end's port.

        accept(2) tells it even if a RST has come meanwhile. `withdraw()` is
        called if something came just when the program was given up, and tells
        whether to listen on.
        """
        conn.setblocking(False)
        self.conn = conn
        self.ports = (conn.getpeername()[1] if other is None else other,
                      conn.getsockname()[1])
        self.calls: list[Call] = []
        self._may_progress = may_progress
        self._withdraw = withdraw
        self._reset = False
        self._reset_at_once = False

    @staticmethod
    def dial(room: Sandbox, host: str, port: int,
             may_progress: Callable[[], bool],
             withdraw: Callable[[], bool] = lambda: False,
             narrow: bool = False) -> Peer:
        """Connect to a server in the room; OSError if it refuses.

        One that accepts and resets can be quicker than our connect(2), which
        then fails with ECONNRESET (ECONNREFUSED is a refusal). That is all
        that recv(2) would have said, so hear() says it.

        A `narrow` peer lets little be under way: small segments and a small
        buffer, so that some 100 kB fill the server's (tcp(7), TCP_MAXSEG).
        """
        conn = room.socket()
        if narrow:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        conn.settimeout(BOUND)
        began = time.time()
        try:
            conn.connect((host, port))
            reset = False
        except ConnectionResetError:
            reset = True
        except OSError:
            conn.close()
            raise
        peer = Peer(conn, may_progress, withdraw, other=port)
        peer.calls.append(Call(os.getpid(), began, "connect", conn.fileno(), 0,
                               *((-1, "ECONNRESET") if reset else (0, ""))))
        peer._reset = peer._reset_at_once = reset
        return peer

    def _begin(self, name: str, argument: int = 0) -> None:
        self.calls.append(Call(os.getpid(), time.time(), name,
                               self.conn.fileno(), argument, None, ""))

    def _end(self, result: int, number: int = 0) -> None:
        if number in (errno.ECONNRESET, errno.EPIPE):
            self._reset = True
        self.calls[-1] = replace(self.calls[-1], result=result,
                                 error=errno.errorcode[number] if number
                                 else "")

    def _wait(self, event: int, until: float = math.inf) -> bool:
        """Wait until the socket shows an event; False if it never will.

        After `until`, a moment of time.monotonic(), an event alone won't do:
        the program must not have run out of time either. But one that waits
        for us may have waited for longer than that.
        """
        waiting = select.poll()
        waiting.register(self.conn, event)
        late = time.monotonic() > until
        while not waiting.poll(LOOK) or late:
            if not self._may_progress():
                if not waiting.poll(0) or not self._withdraw() and late:
                    return False
            late = False
        return True

    def no_delay(self) -> None:
        """Send every byte at once from now on (tcp(7), TCP_NODELAY)."""
        self.conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def has_input(self) -> bool:
        """Whether bytes, or an end, can be read now."""
        waiting = select.poll()
        waiting.register(self.conn, select.POLLIN)
        return bool(waiting.poll(0))

    def unread(self) -> int:
        """Return how many bytes can be read now."""
        if self.conn.fileno() == -1:
            return 0
        raw = fcntl.ioctl(self.conn, termios.FIONREAD, bytes(4))
        return struct.unpack("i", raw)[0]

    def widen(self) -> None:
        """Make room for more than a narrow peer has had so far."""
        self.conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)

    def waits_for_input(self) -> bool:
        """Wait until bytes, or an end, can be read; False if never."""
        return self._wait(select.POLLIN)

    def hear(self, most: int = ENOUGH) -> Heard:
        """Read until the other end is done, or `most` bytes have come."""
        heard, until = bytearray(), time.monotonic() + LONG
        while len(heard) < most:
            self._begin("recv")
            if not self._wait(select.POLLIN, until):
                break
            try:
                chunk = self.conn.recv(min(1 << 16, most - len(heard)))
            except OSError as error:
                self._end(-1, error.errno or 0)
                return Heard(bytes(heard), RESET)
            self._end(len(chunk))
            if not chunk:
                return Heard(bytes(heard),
                             RESET if self._reset_at_once else EOF)
            heard += chunk
        return Heard(bytes(heard), NOTHING)

    def say(self, data: bytes) -> int:
        """Send; return how many bytes the kernel took before an error."""
        said, until = 0, time.monotonic() + LONG
        while said < len(data):
            self._begin("send", len(data) - said)
            if not self._wait(select.POLLOUT, until):
                break
            try:
                sent = self.conn.send(data[said:])
            except OSError as error:
                self._end(-1, error.errno or 0)
                break
            self._end(sent)
            said += sent
        return said

    def half_close(self) -> None:
        """Send FIN and go on listening; after a reset there is no need."""
        if self.was_reset():
            return
        self._begin("shutdown", socket.SHUT_WR)
        try:
            self.conn.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._end(-1, error.errno or 0)
        else:
            self._end(0)

    def close(self) -> None:
        """Give the descriptor back: FIN, or RST if there is unread input."""
        if self.conn.fileno() != -1:
            self._begin("close")
            self._reset = self.was_reset()
            self.conn.close()
            self._end(0)

    def reset(self) -> None:
        """Send RST."""
        no_linger(self.conn)
        self.close()

    def under_way(self) -> int:
        """Return how many bytes, FIN included, are not acknowledged yet."""
        if self.conn.fileno() == -1:
            return 0
        raw = fcntl.ioctl(self.conn, termios.TIOCOUTQ, bytes(4))
        return struct.unpack("i", raw)[0]

    def received(self) -> int:
        """Return how many bytes have come in all, read or not (tcp(7)).

        0 where the kernel does not tell.
        """
        if self.conn.fileno() == -1:
            return 0
        info = self.conn.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO,
                                    BYTES_RECEIVED + 8)
        return struct.unpack_from("=Q", info.ljust(BYTES_RECEIVED + 8, b"\0"),
                                  BYTES_RECEIVED)[0]

    def arrived(self, bound: float = ACKNOWLEDGED) -> bool:
        """Wait until the other kernel has acknowledged all; False if not.

        Then a RST came; or, after `bound` seconds, there is no room for it
        where nobody reads.
        """
        deadline = time.monotonic() + bound
        while self.under_way() and not self.was_reset():
            select.select([], [], [], 0.001)  # announced to nobody
            if time.monotonic() > deadline:
                return False
        return not self.was_reset()

    def was_reset(self) -> bool:
        """Whether a RST has come, so far."""
        return self._reset or (self.conn.fileno() != -1
                               and was_reset(self.conn, 0))
