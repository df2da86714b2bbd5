"""What a peer does, each once: for scenarios, judges and tests alike.

A pause is a wait for a program's end, with a bound: nobody sleeps.
"""

from __future__ import annotations

import signal
import time
from typing import Iterable

from .. import kernel
from . import Meeting, Peer, Program


def polite(peer: Peer, thanks: bytes) -> None:
    """Read to EOF, then send the thanks and FIN."""
    peer.hear()
    peer.say(thanks)
    peer.half_close()


def in_pieces(meeting: Meeting, peer: Peer, pieces: Iterable[bytes]) -> bool:
    """Send pieces, each once the one before was read; False if it never was.

    The last one is not waited for.
    """
    waiting = b""
    for piece in filter(None, pieces):
        if waiting and not meeting.until_read(peer):
            return False
        peer.say(piece)
        waiting = piece
    return True


def drip(meeting: Meeting, peer: Peer, byte: bytes, most: int) -> int:
    """Send a byte as often as the last was read, at most so often.

    Returns how many were read.
    """
    peer.no_delay()
    for count in range(most):
        if peer.say(byte) != 1 or not meeting.until_read(peer):
            return count
    return most


def drip_until(program: Program, peer: Peer, data: bytes, pause: float,
               moment: float) -> int:
    """Send a byte every `pause` seconds until a program ends.

    Or until all was sent, or until a moment of time.monotonic(). Returns how
    many bytes went.
    """
    peer.no_delay()
    for place in range(len(data)):
        if program.process.poll(pause) is not None \
                or time.monotonic() > moment:
            return place
        peer.say(data[place:place + 1])
    return len(data)


def sip_until(program: Program, peer: Peer, size: int, pause: float,
              moment: float) -> bytes:
    """Read `size` bytes every `pause` seconds until a program ends.

    Or until a moment of time.monotonic(). Returns what was read.
    """
    read = b""
    while program.process.poll(pause) is None and time.monotonic() < moment:
        read += peer.hear(size).data
    return read


def vanish(meeting: Meeting, peer: Peer) -> None:
    """Send FIN, let it arrive, then RST: to write to us raises SIGPIPE."""
    peer.half_close()
    peer.arrived()
    meeting.break_off(peer)


def stop(program: Program) -> None:
    """Stop a program until it gets SIGCONT: it can't look meanwhile."""
    program.signal(signal.SIGSTOP)
    program.until(lambda: kernel.stopped(program.pid))


def say_all_and_vanish(meeting: Meeting, program: Program, peer: Peer,
                       data: bytes) -> None:
    """Send data, FIN and RST while a program can't look.

    It finds all of the data, an EOF, and then nobody to answer.
    """
    meeting.rest()
    stop(program)
    peer.say(data)
    vanish(meeting, peer)
    program.signal(signal.SIGCONT)
