"""Exercise 04: a server that gives up in time, and not before.

The judge is the client: a silent one, a dripping one, one that reads nothing,
one that is merely slow. All of these conversations go on side by side, each in
a room of its own (talk), so that together they take as long as one of them;
then every check looks at what they showed (checks). Command lines are tried
beside them (alone).

A server is early by the judge's clock, which began before the server's can
have. It is late if it is found asleep when it should have ended.
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
    Check("listens", "says `listening on HOST PORT` when it does", 2, "01"),
    Check("served", "sends FILE, prints the thanks, exits 0", 8, "03"),
    Check("slow", "serves who is merely slow", 6, "06"),
    Check("silent", "gives up on who never speaks", 12, "06"),
    Check("dripping", "gives up on who speaks a byte now and then", 14, "06"),
    Check("never-reads", "gives up on who reads nothing", 12, "06"),
    Check("sips", "gives up on who reads a bit now and then", 6, "06"),
    Check("one-clock", "has one clock for the file and the thanks", 8, "06"),
    Check("late-comer", "starts it when accept returns", 6, "06"),
    Check("fractions", "counts parts of a second", 6, "06"),
    Check("says-so", "gives up with a sentence and status 1", 8, "06"),
    Check("no-thanks", "does not wait on after EOF", 3, "05"),
    Check("vanishes", "does not die of a client that has gone", 3, "05"),
    Check("bad-seconds", "refuses SECONDS that are none, status 2", 2, "06"),
    Check("wrong-command-line", "refuses one with status 2", 2, "01"),
    Check("trouble", "answers trouble with status 1", 2, "01"),
)


def judge(programs: Mapping[str, Path], seed: int, private: Privacy
          ) -> list[Result]:
    """Have all conversations at once; then judge check by check."""
    server = programs["server.c"]
    with ThreadPoolExecutor(len(CASES) + 1) as pool:
        talking = {name: pool.submit(converse, server, name, seed, private)
                   for name in CASES}
        refusing = pool.submit(alone.command_lines, server, private)
        talks = {name: talk.result() for name, talk in talking.items()}
        faults = {**refusing.result(), **{
            slug: check(talks) for slug, check in checks.BY_TALKS.items()}}
    return [result(check, faults[check.slug]) for check in CHECKS]


JUDGE = Judge(("server.c",), CHECKS, "silent", judge)
