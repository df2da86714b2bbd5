"""Plain sockets in a sandbox, for tests that hold both ends themselves.

Every wait is bounded: TimeoutError means that BOUND seconds have passed.
"""

from __future__ import annotations

import socket

from lab.meeting.peer import BOUND, EOF, RESET, Heard
from lab.sandbox import Sandbox


def dial(room: Sandbox, port: int) -> socket.socket:
    """Connect to a server in the room."""
    conn = room.socket()
    conn.settimeout(BOUND)
    conn.connect(("127.0.0.1", port))
    return conn


def listen(room: Sandbox) -> tuple[socket.socket, int]:
    """Return a listening socket in the room, and its port."""
    listener = room.socket()
    listener.settimeout(BOUND)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener, listener.getsockname()[1]


def accept(listener: socket.socket) -> socket.socket:
    """Return the next connection."""
    conn, _ = listener.accept()
    conn.settimeout(BOUND)
    return conn


def hear(conn: socket.socket) -> Heard:
    """Read until the other end is done."""
    heard = bytearray()
    while True:
        try:
            chunk = conn.recv(1 << 16)
        except ConnectionResetError:
            return Heard(bytes(heard), RESET)
        if not chunk:
            return Heard(bytes(heard), EOF)
        heard += chunk
