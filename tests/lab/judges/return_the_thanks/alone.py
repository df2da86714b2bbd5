"""What needs no conversation: where the server listens, what it refuses."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Mapping, Optional, Sequence

from ... import kernel, program
from ...sandbox import Sandbox
from ...judging.fault import Fault
from ...judging.refusal import refusal
from ...judging.run import Run
from .talk import HOST


def reaches(run: Run, host: str, port: int) -> bool:
    """Whether a client gets through."""
    try:
        run.dial(host, port).close()
    except OSError:
        return False
    return True


def elsewhere(run: Run, host: str) -> list[str]:
    """Return the other addresses at which the program listens."""
    return sorted({c.host for c in kernel.connections(run.process.pid)
                   if c.state == "LISTEN"} - {host, f"::ffff:{host}"})


def only_there(server: Path, seed: int, private: bool) -> Optional[Fault]:
    """Knock at another address than the one that was given.

    Without namespaces somebody else may open there: that is no fault.
    """
    rng = random.Random(f"{seed} only there")
    given = f"127.{rng.randrange(1, 255)}.{rng.randrange(255)}.7"
    happened = ""
    with tempfile.NamedTemporaryFile(dir=program.scratch()) as file, \
            Run([server, given, 0, file.name], private) as run:
        port = run.listens()
        if port is None:
            run.finish()
            happened = "It did not come to listen."
        elif (others := elsewhere(run, given)) and reaches(run, HOST, port):
            happened = f"A client got through to {HOST}: it listens at " \
                f"{' and '.join(others)}."
        elif not reaches(run, given, port):
            happened = f"No client got through to {given}."
        return Fault(f"With HOST {given}: only {given} answers.", happened,
                     run.ending) if happened else None


def commands(file: str, folder: str, taken: int
             ) -> Mapping[str, Sequence[tuple[str, Sequence[object]]]]:
    """Return wrong command lines and troubles, each with what is wrong."""
    ports = ("http5", "65536", "-1", "", "50 00", "9" * 20)
    return {
        "wrong-command-line": [
            ("no words", ()), ("no FILE", (HOST, 0)),
            ("a word too many", (HOST, 0, file, "more")),
            *((f"PORT {port!r}", (HOST, port, file)) for port in ports)],
        "trouble": [
            ("a FILE that isn't there", (HOST, 0, file + ".not")),
            ("a folder as FILE", (HOST, 0, folder)),
            ("a PORT in use", (HOST, taken, file)),
            ("a HOST that is no address", ("no address", 0, file))],
    }


STATUS = {"wrong-command-line": 2, "trouble": 1}


def command_lines(server: Path, private: bool) -> dict[str, Optional[Fault]]:
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
