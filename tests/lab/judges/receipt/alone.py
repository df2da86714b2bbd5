"""What is tried one after the other: bad lengths, bad command lines."""

from __future__ import annotations

import random
import socket
import tempfile
from pathlib import Path
from typing import Mapping, Optional, Sequence

from ... import program
from ...sandbox import Privacy, Sandbox
from ...judging.fault import Fault, quoted
from ...judging.guest import PORT, Guest
from ...judging.refusal import refusal
from .talk import HOST

STATUS = {"wrong-command-line": 2, "trouble": 1}
BOAST = "Received"


def lengths(rng: random.Random) -> Mapping[str, bytes]:
    """Return what is announced in place of a length, by what is wrong.

    A body of five bytes follows, but where there is no newline.
    """
    five = b"%d" % rng.randrange(10_000, 99_999)
    return {
        "no length at all": b"",
        "an empty line for a length": b"\nhello",
        "a negative length": b"-5\nhello",
        "a length with a sign": b"+5\nhello",
        "a length behind a blank": b" 5\nhello",
        "letters for a length": b"five\nhello",
        "a length with a letter behind it": b"5x\nhello",
        "a length in base 16": b"0x5\nhello",
        "a length that ends without a newline": five,
        "a length of twenty digits": b"18446744073709551621\nhello",
        "a length that is one too large": b"9223372036854775808\n",
    }


def bad_length(client: Path, seed: int, private: Privacy) -> Optional[Fault]:
    """Announce what is no length; None if all of it is refused."""
    rng = random.Random(f"{seed} lengths")
    with Sandbox(private) as room:
        for what, said in lengths(rng).items():
            fault = announced(room, client, what, said)
            if fault:
                return fault
    return None


def announced(room: Sandbox, client: Path, what: str, said: bytes
              ) -> Optional[Fault]:
    """Announce it and end; None if the client does not thank for that."""
    with tempfile.TemporaryDirectory(dir=program.scratch()) as folder, \
            Guest([client, HOST, PORT, Path(folder) / "copy", 5], room=room,
                  lent=True, writes=[Path(folder)]) as guest:
        peer, happened = guest.comes(), "It did not connect."
        if peer:
            peer.say(said)
            peer.half_close()
            heard = peer.hear()
            guest.finish()
            happened = f"It said {quoted(heard.data.decode('latin-1'))}." \
                if heard.data else ""
        if not happened and not guest.hang:
            return None
        return Fault(f"With {what}, {quoted(said.decode())}: it hangs up, and "
                     "says nothing.", happened, guest.ending)


def commands(file: str, nobody: int
             ) -> Mapping[str, Sequence[tuple[str, Sequence[object]]]]:
    """Return what can't work, each with what is wrong with it."""
    none = ("0", "-1", "", "soon", "1s", "nan", "inf", "0x10", "1000001")
    return {
        "wrong-command-line": [
            ("no words", ()), ("no FILE", (HOST, nobody)),
            ("a word too many", (HOST, nobody, file, 1, "more")),
            *((f"PORT {port!r}", (HOST, port, file, 1))
              for port in ("http5", "65536", "-1", "")),
            *((f"SECONDS {word!r}", (HOST, nobody, file, word))
              for word in none)],
        "trouble": [
            ("a HOST that is no address", ("no address", nobody, file, 1)),
            ("a PORT where nobody listens", (HOST, nobody, file, 1))],
    }


def command_lines(client: Path, private: Privacy
                  ) -> dict[str, Optional[Fault]]:
    """Try what can't work, one after the other in one room."""
    with tempfile.TemporaryDirectory(dir=program.scratch()) as folder, \
            Sandbox(private) as room, room.socket() as closed:
        closed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        closed.bind((HOST, 0))  # bound, but nobody listens
        tries = commands(str(Path(folder) / "copy"), closed.getsockname()[1])
        return {slug: next(filter(None, (
            refusal(room, [client, *words], what, STATUS[slug], BOAST,
                    "it boasts of nothing", writes=[Path(folder)])
            for what, words in lines)), None)
            for slug, lines in tries.items()}
