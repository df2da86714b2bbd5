"""What needs no watching: full output, nobody there, bad command lines."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Optional, Sequence

from ... import program
from ...sandbox import Exit, Privacy, Sandbox
from ...judging.fault import Fault
from ...judging.guest import OUT_OF_ROOM, PORT, Guest
from ...judging.refusal import refusal
from ...judging.run import Run
from .talk import HOST, read

OLD = b"It was here before.\n"


def folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder in which one client may write."""
    return tempfile.TemporaryDirectory(dir=program.scratch())


def full_output(client: Path, private: Privacy) -> Optional[Fault]:
    """Let nothing be printed; None if the client says that."""
    with folder() as given, \
            Guest([*OUT_OF_ROOM, client, HOST, PORT, Path(given) / "copy"],
                  private, writes=[Path(given)]) as guest:
        peer = guest.comes()
        if peer is not None:
            peer.say(OLD)
            peer.half_close()
            peer.hear()
        guest.finish()
        if guest.ending.exit == Exit(status=1) and guest.stderr:
            return None
        return Fault("When standard output has no room (/dev/full): a "
                     "sentence on standard error, and status 1.",
                     "It did not connect." if peer is None else "",
                     guest.ending)


def nobody_there(client: Path, private: Privacy) -> Optional[Fault]:
    """Have it dial a port where nobody listens; FILE must stay as it is."""
    with folder() as given, Sandbox(private) as room, room.socket() as deaf:
        deaf.bind((HOST, 0))  # and it never listens
        file = Path(given) / "copy"
        file.write_bytes(OLD)
        with Run([client, HOST, deaf.getsockname()[1], file], room=room,
                 writes=[Path(given)]) as run:
            run.finish()
            kept = read(file) == OLD
            if kept and run.ending.exit == Exit(status=1) and run.stderr:
                return None
            return Fault("When nobody listens: FILE stays as it was, a "
                         "sentence on standard error, and status 1.",
                         "" if kept else "FILE is not what it was.",
                         run.ending)


def wrong_command_line(client: Path, private: Privacy) -> Optional[Fault]:
    """Try too few words, too many, and ports that are none."""
    ports = ("http5", "65536", "-1", "", "50 00", "9" * 20)
    with folder() as given, Sandbox(private) as room:
        file = Path(given) / "copy"
        tries: list[tuple[str, Sequence[object]]] = [
            ("no words", ()), ("no FILE", (HOST, 9)),
            ("a word too many", (HOST, 9, file, "more")),
            *((f"PORT {port!r}", (HOST, port, file)) for port in ports)]
        return next(filter(None, (
            refuses(room, client, what, words, 2, Path(given))
            for what, words in tries)), None)


def refuses(room: Sandbox, client: Path, what: str, words: Sequence[object],
            status: int, given: Path) -> Optional[Fault]:
    """Start it with words that can't work; None if it refuses them well."""
    return refusal(room, [client, *words], what, status, "Received",
                   "nothing on standard output", writes=[given])


def no_place(client: Path, private: Privacy, what: str, file: Path
             ) -> Optional[Fault]:
    """Offer it a file that it has no place for; None if it says so."""
    with Guest([client, HOST, PORT, file], private,
               writes=[file.parent]) as guest:
        peer = guest.comes()
        if peer is not None:
            peer.say(OLD)
            peer.half_close()
        thanks = peer.hear().data if peer else b""
        guest.finish()
        if guest.ending.exit == Exit(status=1) and guest.stderr \
                and not thanks:
            return None
        return Fault(f"With {what}: no thanks, a sentence on standard error, "
                     "and status 1.", "The server heard thanks."
                     if thanks else "", guest.ending)


def trouble(client: Path, private: Privacy) -> Optional[Fault]:
    """Try what only turns out on the way."""
    with folder() as given:
        place = Path(given) / "place"
        place.mkdir()
        with Sandbox(private) as room:
            found = refuses(room, client, "a HOST that is no address",
                            ("no address", 9, place / "copy"), 1, place)
        return (found or no_place(client, private, "a folder as FILE", place)
                or no_place(client, private, "a FILE in a folder that isn't "
                            "there", place / "not" / "copy"))
