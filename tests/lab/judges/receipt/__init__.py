"""Exercise 05: a client that thanks for whole files only.

The judge is the server: one that ends too early, says too much, breaks off,
falls silent, announces nonsense. All of these conversations go on side by
side, each in a room of its own (talk); then every check looks at what they
showed (checks). Bad lengths and command lines are tried beside them, one after
the other (alone).

What is on the disk is looked at while the client waits for the judge, when its
receipt comes, and when it has ended.
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
    Check("whole", "stores what came, to the last byte", 7, "07"),
    Check("slow", "waits for a server that is merely slow", 4, "06"),
    Check("receipt", "says `Thank you BYTES`, then FIN", 8, "07"),
    Check("name-first", "sends no receipt before FILE has its name", 12,
          "07"),
    Check("short", "does not take EOF for the end of the file", 11, "07"),
    Check("too-many", "waits for EOF, and refuses a byte too many", 8, "07"),
    Check("bad-length", "refuses a length that is none", 8, "07"),
    Check("reset", "does not take a reset for an end", 5, "05"),
    Check("silence", "gives up on a server that never speaks", 5, "06"),
    Check("dripping", "gives up on a server that drips", 5, "06"),
    Check("full-disk", "sends no receipt for what was not stored", 6, "07"),
    Check("keeps-the-old", "leaves FILE as it was until all is well", 6,
          "07"),
    Check("nothing-left", "leaves nothing else behind", 5, "07"),
    Check("status", "complains and exits 1 if anything went wrong", 4, "07"),
    Check("mode", "gives FILE the mode that it ought to have", 2, "07"),
    Check("wrong-command-line", "refuses one with status 2", 2, "06"),
    Check("trouble", "answers trouble with status 1", 2, "05"),
)


def judge(programs: Mapping[str, Path], seed: int, private: Privacy
          ) -> list[Result]:
    """Have all conversations at once; then judge check by check."""
    client = programs["client.c"]
    with ThreadPoolExecutor(len(CASES) + 2) as pool:
        talking = {name: pool.submit(converse, client, name, seed, private)
                   for name in CASES}
        announcing = pool.submit(alone.bad_length, client, seed, private)
        refusing = pool.submit(alone.command_lines, client, private)
        talks = {name: talk.result() for name, talk in talking.items()}
        faults = {**refusing.result(), **{
            slug: check(talks) for slug, check in checks.BY_TALKS.items()}}
        faults["bad-length"] = checks.idle(talks) or announcing.result()
    return [result(check, faults[check.slug]) for check in CHECKS]


JUDGE = Judge(("client.c",), CHECKS, "short", judge)
