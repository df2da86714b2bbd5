"""Exercise 02: a client that says when it has said all, and hears the answer.

The judge is the server. It has several conversations with rsort, side by side,
each in a room of its own (talk); then every check looks at what they showed
(checks). What needs no such watching is tried beside them (alone).
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
    Check("whole-input", "sends every byte of standard input", 10, "01"),
    Check("half-close", "sends FIN after it, and still listens", 25, "03"),
    Check("answer-printed", "prints the answer and exits 0", 10, "03"),
    Check("whole-answer", "prints every byte of it and no other", 10, "01"),
    Check("answer-in-pieces", "prints an answer that comes in pieces", 10,
          "03"),
    Check("as-it-comes", "passes each line on before it waits", 5, "02"),
    Check("nothing-to-sort", "has nothing sorted into nothing", 3, "03"),
    Check("broken-off", "does not take a reset for an end", 8, "01"),
    Check("dead-server", "outlives a server that hangs up early", 5, "05"),
    Check("short-counts", "writes what a write has left over", 5, "05"),
    Check("full-output", "does not claim what it could not print", 5, "01"),
    Check("wrong-command-line", "refuses one with status 2", 2, "01"),
    Check("trouble", "answers trouble with status 1", 2, "01"),
)


def judge(programs: Mapping[str, Path], seed: int, private: Privacy
          ) -> list[Result]:
    """Have all conversations at once; then judge check by check."""
    rsort = programs["rsort.c"]
    with ThreadPoolExecutor(len(CASES) + 3) as pool:
        talking = {name: pool.submit(converse, rsort, name, seed, private)
                   for name in CASES}
        others = {
            "full-output": pool.submit(alone.full_output, rsort, seed,
                                       private),
            "wrong-command-line": pool.submit(alone.wrong_command_line, rsort,
                                              private),
            "trouble": pool.submit(alone.trouble, rsort, private)}
        talks = {name: talk.result() for name, talk in talking.items()}
        faults = {**{slug: other.result() for slug, other in others.items()},
                  **{slug: check(talks)
                     for slug, check in checks.BY_TALKS.items()}}
    return [result(check, faults[check.slug]) for check in CHECKS]


JUDGE = Judge(("rsort.c",), CHECKS, "half-close", judge)
