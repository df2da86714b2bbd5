"""What needs no watching: a full disk, a broken input, bad command lines."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Optional, Sequence

from ...peer import EOF
from ...sandbox import Exit, Privacy, Sandbox
from ...judging.fault import Fault
from ...judging.guest import OUT_OF_ROOM, PORT, Guest
from ...judging.refusal import refusal
from .talk import HOST, text


def full_output(rsort: Path, seed: int, private: Privacy) -> Optional[Fault]:
    """Let nothing be printed; None if rsort says that."""
    answer = text(random.Random(f"{seed} full"), 12)
    with Guest([*OUT_OF_ROOM, rsort, HOST, PORT], private) as guest:
        peer = guest.comes()
        if peer is not None and peer.hear().end == EOF:
            peer.say(answer)
            peer.half_close()
        guest.finish()
        if guest.ending.exit == Exit(status=1) and guest.stderr:
            return None
        return Fault("When standard output has no room (/dev/full): a "
                     "sentence on standard error, and status 1.",
                     "It did not connect." if peer is None else "",
                     guest.ending)


def no_input(rsort: Path, private: Privacy) -> Optional[Fault]:
    """Give it standard input that it can only write to; None if it says so."""
    with open(os.devnull, "wb") as closed, \
            Guest([rsort, HOST, PORT], private, closed.fileno()) as guest:
        peer = guest.comes()
        if peer is not None:
            peer.hear()
            peer.half_close()
        guest.finish()
        if guest.ending.exit == Exit(status=1) and guest.stderr:
            return None
        return Fault("With a standard input that can't be read (rsort "
                     "0>/dev/null): a sentence on standard error, and status "
                     "1.", "", guest.ending)


def refuses(room: Sandbox, rsort: Path, what: str, words: Sequence[object],
            status: int) -> Optional[Fault]:
    """Start it with words that can't work; None if it refuses them well."""
    return refusal(room, [rsort, *words], what, status, "\n",
                   "nothing on standard output")


def wrong_command_line(rsort: Path, private: Privacy) -> Optional[Fault]:
    """Try too few words, too many, and ports that are none."""
    ports = ("http5", "65536", "-1", "", "50 00", "9" * 20)
    tries: list[tuple[str, Sequence[object]]] = [
        ("no words", ()), ("no PORT", (HOST,)),
        ("a word too many", (HOST, 9, "more")),
        *((f"PORT {port!r}", (HOST, port)) for port in ports)]
    with Sandbox(private) as room:
        return next(filter(None, (refuses(room, rsort, what, words, 2)
                                  for what, words in tries)), None)


def trouble(rsort: Path, private: Privacy) -> Optional[Fault]:
    """Try what only turns out on the way."""
    with Sandbox(private) as room, room.socket() as deaf:
        deaf.bind((HOST, 0))  # and it never listens
        port = deaf.getsockname()[1]
        return (refuses(room, rsort, "a PORT at which nobody listens",
                        (HOST, port), 1)
                or refuses(room, rsort, "a HOST that is no address",
                           ("no address", port), 1)
                or no_input(rsort, private))
