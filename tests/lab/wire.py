"""The packets that cross a sandbox's loopback, as packet(7) shows them.

    wire = Wire(room)
    ...
    segments = wire.read()

A tap for all protocols would see each packet twice, going and coming; one for
IPv4 sees it once, coming.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from dataclasses import dataclass, replace
from typing import Iterable, Iterator, Optional

from .sandbox import Sandbox

ETH_P_IP = 0x0800
SO_TIMESTAMPNS = 35
SOL_PACKET, PACKET_STATISTICS = 263, 6

CIRCLE = 1 << 32  # sequence numbers go round (RFC 9293 section 3.4)

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10


@dataclass(frozen=True)
class Segment:
    """One TCP segment (RFC 9293 section 3.1); `time` in seconds (realtime).

    `sequence` is that of its first byte, `length` in bytes; `payload` can be
    less than that (Wire.KEPT).
    """

    time: float
    source: int
    destination: int
    flags: int
    sequence: int
    length: int
    payload: bytes

    @property
    def space(self) -> int:
        """How many sequence numbers it takes: a SYN and a FIN take one each.

        0 for a pure acknowledgement and for a RST.
        """
        return self.length + sum(bool(self.flags & f) for f in (SYN, FIN))


def _segment(when: float, packet: bytes, full: int) -> Optional[Segment]:
    """Read an IPv4 packet; None if it is not TCP."""
    header = (packet[0] & 15) * 4
    if packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
        return None
    source, destination, sequence = struct.unpack_from("!HHI", packet, header)
    start = header + (packet[header + 12] >> 4) * 4
    return Segment(when, source, destination, packet[header + 13],
                   sequence, full - start, packet[start:])


def over(segments: list[Segment]) -> bool:
    """Whether a conversation has ended: a RST, or a FIN each way."""
    ended = {s.source for s in segments if s.flags & FIN}
    return any(s.flags & RST for s in segments) or len(ended) >= 2


def without_repeats(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Leave out what was sent before, be it a whole segment or its beginning.

    A sender that waits long for an ACK sends its last bytes once more (RFC
    8985 section 7), so on a busy machine much crosses twice.
    """
    due: dict[tuple[int, int], int] = {}
    for segment in segments:
        if not segment.space:
            yield segment
            continue
        way = segment.source, segment.destination
        repeated = (due.get(way, segment.sequence) - segment.sequence) % CIRCLE
        if repeated > CIRCLE // 2:  # it is ahead: the tap lost something
            repeated = 0
        if repeated >= segment.space:
            continue
        due[way] = (segment.sequence + segment.space) % CIRCLE
        yield replace(segment,
                      sequence=(segment.sequence + repeated) % CIRCLE,
                      length=segment.length - repeated,
                      payload=segment.payload[repeated:])


class Wire:
    """A tap on a private sandbox's loopback, from now on."""

    KEPT = 256  # bytes of each packet that are copied

    def __init__(self, room: Sandbox) -> None:
        self._tap = room.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                socket.htons(ETH_P_IP))
        self._tap.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 25)
        self._seen: list[Segment] = []

    def _drain(self) -> None:
        """Take what has crossed by now; a flood need not end."""
        began = time.time()
        while select.select([self._tap], [], [], 0)[0]:
            packet, control, _, _ = self._tap.recvmsg(
                self.KEPT, 64, socket.MSG_TRUNC)
            seconds, nanoseconds = struct.unpack("@ll", control[0][2])
            # MSG_TRUNC makes recvmsg(2) tell the length, Python hides it: ask
            # the IP header (never segmented: loopback's MTU is 65,536).
            full = struct.unpack_from("!H", packet, 2)[0]
            segment = _segment(seconds + nanoseconds / 1e9, packet, full)
            if segment:
                self._seen.append(segment)
            if seconds > began:
                break

    def read(self, until_over: bool = False, bound: float = 2.0,
             since: int = 0) -> list[Segment]:
        """Return all segments so far, in their order.

        With `until_over`, wait at most `bound` seconds for the end of the
        conversation, of which `since` is the first segment: programs can end
        before the kernel sends their last word.
        """
        deadline = time.monotonic() + bound
        self._drain()
        while until_over and not over(self._seen[since:]):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._tap], [], [], left)[0]:
                break
            self._drain()
        return list(self._seen)

    def lost(self) -> int:
        """Return how many packets the tap had no room for since last asked."""
        raw = self._tap.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        return struct.unpack("II", raw)[1]

    def close(self) -> None:
        """Remove the tap."""
        self._tap.close()
