"""What a class found hard: for each check, how it ended and why it failed."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Mapping, Sequence

from .. import printable
from ..judging import Verdict

REASONS = 5  # the commonest, for each check
WIDTH = 160  # characters of one of them
DOUBTFUL = 20  # points, which an answer to another exercise may earn
WORDS = {Verdict.PASSED: "passed", Verdict.FAILED: "failed",
         Verdict.HUNG: "timed out", Verdict.CRASHED: "crashed"}

Kept = Mapping[str, Any]  # of a student: name, row, and outcomes by exercise


def _reasons(said: Sequence[str]) -> list[str]:
    """Return the commonest reasons; numbers in them do not tell apart."""
    first: dict[str, str] = {}
    count: Counter[str] = Counter()
    for why in said:
        key = re.sub(r"\d[\d,.]*", "N", why)
        first.setdefault(key, why)
        count[key] += 1
    return [f"    {number:>5} x {printable.line(first[key], WIDTH)}"
            for key, number in count.most_common(REASONS)]


def _exercise(name: str, students: Sequence[Kept]) -> list[str]:
    """Return what there is to say about one exercise."""
    outcomes = [student["outcomes"][name] for student in students
                if name in student["outcomes"]]
    judged = [o for o in outcomes if not o["trouble"] and not o["error"]]
    troubles = [o["trouble"] for o in outcomes if o["trouble"]]
    lines = [f"{name}: {len(outcomes)} handed in, {len(judged)} judged"]
    if troubles:
        lines += ["", f"  not judged {len(troubles):>13}",
                  *_reasons(troubles)]
    if judged:
        lines += ["", f"  {'':<19}" + "".join(f"{w:>11}"
                                              for w in WORDS.values())]
    for slug in (judged[0]["checks"] if judged else ()):
        ends = [o["checks"][slug] for o in judged]
        count = Counter(verdict for verdict, _ in ends)
        lines.append(f"  {slug:<19}" + "".join(
            f"{count[verdict.value]:>11}" for verdict in WORDS))
        lines += _reasons([why for _, why in ends if why])
    return [*lines, ""]


def _named(students: Sequence[Kept]) -> list[str]:
    """Return whose programs timed out, and whom the grader failed."""
    hung, failed = [], []
    for student in students:
        for name, outcome in student["outcomes"].items():
            if outcome["error"]:
                failed.append(f"  {student['name']}: {name[:2]} "
                              f"{outcome['error']}")
            slow = [slug for slug, (verdict, _) in outcome["checks"].items()
                    if verdict == Verdict.HUNG.value]
            if slow:
                all_of = len(slow) == len(outcome["checks"])
                hung.append(f"  {student['name']}: {name[:2]} " + (
                    outcome["trouble"] or "all checks" if all_of
                    else ", ".join(slow)))
    return [f"timed out: {len(hung)}", *hung, "",
            f"grader's error: {len(failed)}", *failed, ""]


def _why(outcome: Mapping[str, Any]) -> str:
    """Return why an exercise went wrong, or its first check that did."""
    whys = [f"{slug}: {why}" for slug, (_, why) in outcome["checks"].items()
            if why]
    return outcome["trouble"] or next(iter(whys), "")


def doubts(students: Sequence[Kept], exercises: Sequence[str]) -> list[str]:
    """Return a line for each exercise that nearly nobody can have been set:
    most have fewer than DOUBTFUL points.
    """
    lines = []
    for name in exercises:
        graded = [one for one in students if one["row"].get(name, "") != ""]
        bad = [one["outcomes"][name] for one in graded
               if one["row"][name] < DOUBTFUL]
        if 2 * len(bad) > len(graded):
            why = Counter(map(_why, bad)).most_common(1)[0][0]
            lines.append(f"{len(bad)} of {len(graded)} got fewer than "
                         f"{DOUBTFUL} points in {name}: is it what they were "
                         f"set? Most often: {printable.line(why, WIDTH)}")
    return lines


def summary(students: Sequence[Kept], exercises: Sequence[str], absent: int
            ) -> str:
    """Return the summary of a class, of which `absent` handed in nothing."""
    count = f"{len(students)} student{'s' * (len(students) != 1)}"
    lines = [f"{count}, {absent} more handed in nothing" if absent else count,
             ""]
    for name in exercises:
        lines += _exercise(name, students)
    return printable.page("\n".join([*lines, *_named(students)]))
