"""Exercise 01: a server that hears its client's thanks.

The judge is the client. It has several conversations with the server, side by
side, each in a room of its own (talk); then every check looks at what they
showed (checks). What needs no conversation is tried beside them (alone).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Mapping

from ...judging import Check, Result
from ...judging.fault import result
from .. import Judge
from . import alone, checks
from .talk import BOUND, CASES, converse

CHECKS = (
    Check("listens", "says `listening on HOST PORT` when it does", 3, "01"),
    Check("only-there", "listens at HOST and nowhere else", 3, "01"),
    Check("whole-file", "sends every byte of FILE", 5, "01"),
    Check("half-close", "sends FIN after the file, and still listens", 25,
          "03"),
    Check("thanks-heard", "prints the thanks and exits 0", 15, "03"),
    Check("exact-message", "prints the message and not a byte more", 10, "01"),
    Check("thanks-in-pieces", "hears thanks that come in pieces", 15, "03"),
    Check("long-thanks", f"hears thanks of {BOUND:,} bytes", 5, "05"),
    Check("too-long", f"refuses thanks of {BOUND + 1:,} bytes", 5, "05"),
    Check("no-thanks", "does not take EOF alone for thanks", 5, "03"),
    Check("broken-off", "does not take a reset for an end", 5, "01"),
    Check("wrong-command-line", "refuses one with status 2", 2, "01"),
    Check("trouble", "answers trouble with status 1", 2, "01"),
)


def judge(programs: Mapping[str, Path], seed: int, private: bool
          ) -> list[Result]:
    """Have all conversations at once; then judge check by check."""
    server = programs["server.c"]
    with ThreadPoolExecutor(len(CASES) + 2) as pool:
        talking = {name: pool.submit(converse, server, name, seed, private)
                   for name in CASES}
        knocking = pool.submit(alone.only_there, server, seed, private)
        refusing = pool.submit(alone.command_lines, server, private)
        talks = {name: talk.result() for name, talk in talking.items()}
        faults = {"only-there": knocking.result(), **refusing.result(),
                  **{slug: check(talks)
                     for slug, check in checks.BY_TALKS.items()}}
    return [result(check, faults[check.slug]) for check in CHECKS]


JUDGE = Judge(("server.c",), CHECKS, "half-close", judge)
