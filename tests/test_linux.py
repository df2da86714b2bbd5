"""What the notes say of Linux, and no program of theirs shows."""

from __future__ import annotations

import errno
import select
import signal
import socket
import struct
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Iterator

import plain_sockets
import pytest

from lab import wire

MANY = 20_000_000  # bytes: more than the queues of a connection hold
BOUND = 30.0  # seconds


@pytest.fixture
def connection(room, listener) -> Iterator[tuple[socket.socket,
                                                 socket.socket]]:
    """Both ends of a connection within `room`."""
    with room.socket() as near:
        near.connect(listener.getsockname())
        far, _ = listener.accept()
        with far:
            yield near, far


def reset(conn: socket.socket) -> None:
    """Close with a RST."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    conn.close()


def failure(conn: socket.socket) -> str:
    """Return the name of what a write of one byte fails with."""
    with pytest.raises(OSError) as caught:
        conn.send(b"x")
    return errno.errorcode[caught.value.errno or 0]


class Writer(threading.Thread):
    """A thread that makes one blocking write of MANY bytes."""

    def __init__(self, conn: socket.socket) -> None:
        super().__init__(daemon=True)
        self.conn = conn
        self.took = -1
        self.start()

    def run(self) -> None:
        self.took = self.conn.send(bytes(MANY))

    def sleeps(self) -> bool:
        """Whether it waits in a call on its connection."""
        words = Path(f"/proc/self/task/{self.native_id}/syscall") \
            .read_text().split()
        return words[1:2] == [hex(self.conn.fileno())]

    def wait_until_it_sleeps(self) -> None:
        end = time.monotonic() + BOUND
        while not self.sleeps():
            assert time.monotonic() < end, "it has never slept"


# --- chapter 05: when a blocking write is short ------------------------------

def test_a_blocking_write_is_short_when_a_signal_comes_after_a_part(
        connection):
    near, _ = connection
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    try:
        writer = Writer(near)
        writer.wait_until_it_sleeps()
        signal.pthread_kill(writer.ident, signal.SIGUSR1)
        writer.join(BOUND)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert 0 < writer.took < MANY


def test_a_blocking_write_is_short_when_a_reset_comes_after_a_part(
        connection):
    """The next call reports the reset, and the one after it EPIPE."""
    near, far = connection
    writer = Writer(near)
    writer.wait_until_it_sleeps()
    reset(far)
    writer.join(BOUND)
    assert 0 < writer.took < MANY
    assert (failure(near), failure(near)) == ("ECONNRESET", "EPIPE")


# --- chapter 05: which write kills -------------------------------------------

def test_behind_a_fin_and_a_reset_the_first_write_is_epipe(connection):
    near, far = connection
    far.shutdown(socket.SHUT_WR)
    assert near.recv(1) == b""
    reset(far)
    assert failure(near) == "EPIPE"


# --- chapter 05: `::` --------------------------------------------------------

def test_a_listener_on_every_ipv6_address_has_the_ipv4_ones_too(room):
    with room.socket(socket.AF_INET6) as every, room.socket() as client, \
            room.socket() as second:
        if every.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
            pytest.skip("net.ipv6.bindv6only is 1 here")
        every.bind(("::", 0))
        every.listen()
        port = every.getsockname()[1]
        client.connect(("127.0.0.1", port))
        with closing(every.accept()[0]) as conn:
            assert conn.getpeername()[0] == "::ffff:127.0.0.1"
        second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError) as caught:
            second.bind(("0.0.0.0", port))
        assert caught.value.errno == errno.EADDRINUSE


# --- chapter 05: what ends a TIME_WAIT before its minute is over -------------

def last_from(tap: socket.socket, port: int, flag: int) -> bytes:
    """Return the newest packet from a port that has a flag of TCP's."""
    newest = b""
    while select.select([tap], [], [], 0)[0]:
        packet = tap.recv(1 << 16)
        if packet[9] == socket.IPPROTO_TCP and packet[20 + 13] & flag \
                and struct.unpack_from("!H", packet, 20)[0] == port:
            newest = packet
    assert newest, "there is none"
    return newest


def repeat(room, packet: bytes) -> None:
    """Send a packet once more (raw(7)), with a checksum (RFC 9293 3.1).

    What crosses a loopback has none.
    """
    tcp = packet[20:36] + bytes(2) + packet[38:]
    summed = packet[12:20] + struct.pack("!HH", packet[9], len(tcp)) + tcp
    total = sum(struct.unpack(f"!{len(summed) // 2}H", summed)) % 0xffff
    with room.socket(socket.AF_INET, socket.SOCK_RAW,
                     socket.IPPROTO_RAW) as raw:
        raw.sendto(packet[:20] + tcp[:16] + struct.pack("!H", 0xffff - total)
                   + tcp[18:], ("127.0.0.1", 0))


def may_listen(room, address: tuple[str, int]) -> bool:
    """Whether a server that knows no SO_REUSEADDR gets an address."""
    with room.socket() as server:
        try:
            server.bind(address)
        except OSError as error:
            assert error.errno == errno.EADDRINUSE
            return False
    return True


@pytest.mark.namespaces
def test_a_fin_that_comes_twice_frees_the_port(room):
    """As when a machine is so slow that the ACK takes 200 ms.

    TIME_WAIT answers the second FIN with one more ACK, whose receiver has
    gone, and so its kernel with a RST, which ends TIME_WAIT (RFC 1337 2.1;
    tcp_rfc1337 in the kernel's ip-sysctl.rst would heed it).
    """
    listener, port = plain_sockets.listen(room)
    address = listener.getsockname()
    with room.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                     socket.htons(wire.ETH_P_IP)) as tap, \
            plain_sockets.dial(room, port) as client:
        theirs = client.getsockname()[1]
        with listener, plain_sockets.accept(listener) as server:
            server.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b""
            client.close()
            assert server.recv(1) == b""
        assert not may_listen(room, address)
        repeat(room, last_from(tap, theirs, wire.FIN))
        end = time.monotonic() + BOUND
        while not may_listen(room, address):
            assert time.monotonic() < end, "TIME_WAIT is still there"
        assert last_from(tap, theirs, wire.RST)


def timers(room, conn: socket.socket) -> list[str]:
    """Return the timer that a connection has armed, "00" for none: proc(5)."""
    shown = room.start(["cat", "/proc/net/tcp"])
    assert shown.wait()
    port = f":{conn.getsockname()[1]:04X}"
    rows = map(str.split, shown.stdout.decode().splitlines())
    return [row[5].split(":")[0] for row in rows if row[1].endswith(port)]


# --- chapter 06: who learns that the network has gone ------------------------

SENDING = {socket.TCP_USER_TIMEOUT: 500}  # ms
ASKING = {socket.TCP_KEEPIDLE: 1, socket.TCP_KEEPINTVL: 1,
          socket.TCP_KEEPCNT: 1}


@pytest.mark.namespaces
@pytest.mark.parametrize("options", (SENDING, ASKING),
                         ids=("sender", "keep-alive"))
def test_unanswered_segments_end_in_etimedout(room, connection, options):
    near, _ = connection
    near.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE,
                    options is ASKING)
    for option, value in options.items():
        near.setsockopt(socket.IPPROTO_TCP, option, value)
    room.link(up=False)
    if options is SENDING:
        near.send(b"x")
    near.settimeout(BOUND)
    with pytest.raises(TimeoutError) as caught:
        near.recv(1)
    assert caught.value.errno == errno.ETIMEDOUT


@pytest.mark.namespaces
def test_a_receiver_to_whom_nothing_is_owed_learns_nothing(room, connection):
    near, _ = connection
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500)
    assert timers(room, near) == ["00"]
    room.link(up=False)
    assert timers(room, near) == ["00"]
