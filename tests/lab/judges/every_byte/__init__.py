"""Exercise 03: a client that has every byte, or says no thanks.

The judge is the server. It has several conversations with the client, side by
side, each in a room of its own, in which a call fails or the world does (talk);
then every check looks at what they showed (checks). What needs no such watching
is tried beside them (alone).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Mapping

from ...sandbox import Privacy
from ...judging import Check, Result
from ...judging.fault import result
from .. import Judge
from . import alone, checks
from .talk import CASES, converse

CHECKS = (
    Check("whole-file", "stores every byte", 5, "01"),
    Check("thanks", "thanks after EOF, in nine bytes", 5, "03"),
    Check("says-received", "prints `Received file data` and no more", 2, "03"),
    Check("in-pieces", "reads to EOF before it says anything", 5, "03"),
    Check("short-counts", "writes what a write has left over", 15, "05"),
    Check("interrupted-read", "reads again after a signal", 10, "05"),
    Check("interrupted-write", "writes again after a signal", 10, "05"),
    Check("interrupted-connect", "lets a connect go on after a signal", 6,
          "05"),
    Check("interrupted-close", "closes once, signal or not", 4, "05"),
    Check("broken-off", "does not thank for half a file", 12, "05"),
    Check("full-disk", "does not thank for what is not on disk", 15, "05"),
    Check("server-gone", "outlives a server that has gone", 5, "05"),
    Check("full-output", "does not claim what it could not print", 2, "05"),
    Check("nobody-there", "connects before it touches FILE", 2, "05"),
    Check("wrong-command-line", "refuses one with status 2", 1, "01"),
    Check("trouble", "answers trouble with status 1", 1, "01"),
)


def judge(programs: Mapping[str, Path], seed: int, private: Privacy
          ) -> list[Result]:
    """Have all conversations at once; then judge check by check."""
    client = programs["client.c"]
    with ThreadPoolExecutor(len(CASES) + 4) as pool:
        talking = {name: pool.submit(converse, client, name, seed, private)
                   for name in CASES}
        others = {slug: pool.submit(attempt, client, private)
                  for slug, attempt in (
                      ("full-output", alone.full_output),
                      ("nobody-there", alone.nobody_there),
                      ("wrong-command-line", alone.wrong_command_line),
                      ("trouble", alone.trouble))}
        talks = {name: talk.result() for name, talk in talking.items()}
        faults = {**{slug: other.result() for slug, other in others.items()},
                  **{slug: check(talks)
                     for slug, check in checks.BY_TALKS.items()}}
    return [result(check, faults[check.slug]) for check in CHECKS]


JUDGE = Judge(("client.c",), CHECKS, "short-counts", judge)
