"""What needs no conversation: the command lines that are refused."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Mapping, Optional, Sequence

from ... import program
from ...sandbox import Privacy, Sandbox
from ...judging.fault import Fault
from ...judging.refusal import refusal
from .talk import HOST

STATUS = {"bad-seconds": 2, "wrong-command-line": 2, "trouble": 1}


def commands(file: str, folder: str, taken: int
             ) -> Mapping[str, Sequence[tuple[str, Sequence[object]]]]:
    """Return what can't work, each with what is wrong with it."""
    none = ("0", "0.0", "-1", "", "soon", "1s", "1,5", "nan", "inf", "0x10",
            "1000001")
    return {
        "bad-seconds": [(f"SECONDS {word!r}", (HOST, 0, file, word))
                        for word in none],
        "wrong-command-line": [
            ("no words", ()), ("no SECONDS", (HOST, 0, file)),
            ("a word too many", (HOST, 0, file, 1, "more")),
            *((f"PORT {port!r}", (HOST, port, file, 1))
              for port in ("http5", "65536", "-1", ""))],
        "trouble": [
            ("a FILE that isn't there", (HOST, 0, file + ".not", 1)),
            ("a folder as FILE", (HOST, 0, folder, 1)),
            ("a PORT in use", (HOST, taken, file, 1)),
            ("a HOST that is no address", ("no address", 0, file, 1))],
    }


def command_lines(server: Path, private: Privacy
                  ) -> dict[str, Optional[Fault]]:
    """Try what can't work, one after the other in one room."""
    with tempfile.TemporaryDirectory(dir=program.scratch()) as folder, \
            Sandbox(private) as room, room.socket() as busy:
        file = Path(folder) / "file"
        file.write_bytes(b"To be sent.\n")
        busy.bind((HOST, 0))
        busy.listen()
        tries = commands(str(file), folder, busy.getsockname()[1])
        return {slug: next(filter(None, (
            refusal(room, [server, *words], what, STATUS[slug])
            for what, words in lines)), None)
            for slug, lines in tries.items()}
