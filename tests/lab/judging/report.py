"""How a score reads in a terminal."""

from __future__ import annotations

import re
import textwrap
from typing import Optional, Sequence

from ..ladder import Ladder, text
from ..program import CHAPTERS, ROOT
from . import Result, Score, Verdict

WIDTH = 78
COLUMNS, INDENT = 80, 2  # of a ladder
WARNINGS = 3  # shown at most: the others follow from these, as a rule
MARKS = {Verdict.PASSED: " ok ", Verdict.FAILED: "FAIL",
         Verdict.HUNG: "HUNG", Verdict.CRASHED: "DIED"}
COLOURS = {Verdict.PASSED: "\033[32m"}
RED, PLAIN = "\033[1;31m", "\033[0m"


def _mark(verdict: Verdict, style: text.Style) -> str:
    mark = MARKS[verdict]
    if style.colour:
        return COLOURS.get(verdict, RED) + mark + PLAIN
    return mark


def _told(head: str, words: str) -> str:
    """Wrap a sentence behind its heading."""
    return textwrap.fill(words, WIDTH, initial_indent=f"      {head:<10}",
                         subsequent_indent=" " * 16, break_long_words=False,
                         break_on_hyphens=False)


def _chapter(number: str) -> str:
    """Return where a chapter's notes are."""
    found = next(CHAPTERS.glob(f"{number}-*"), CHAPTERS)
    return str(found.relative_to(ROOT) / "README.md")


def _check(result: Result, style: text.Style) -> str:
    """Return a check's own line."""
    check = result.check
    points = f"{result.points}/{check.points}"
    return (f"{_mark(result.verdict, style)}  {points:>5}  {check.slug:<19}  "
            f"{check.sentence}")


def _shape(drawn: Ladder) -> list[str]:
    """Return what the program did: its calls without what they moved."""
    return [re.sub(r"\(.*?\)|= [\d,]+( in .*)?", "", event.text)
            for row in drawn.rows
            for event in [row.left if drawn.bench else row.right] if event]


def _happened(result: Result, before: Optional[Result]) -> str:
    """Return what happened; an ending like the one before is not told again.
    """
    ending = result.ending
    if before and ending and ending == before.ending:
        ending = "It hangs as above." if result.verdict is Verdict.HUNG \
            else "It ended as above."
    return " ".join(filter(None, [result.happened, ending]))


def _fault(result: Result, before: Sequence[Result], style: text.Style
           ) -> list[str]:
    """Return what there is to say about a check that did not pass.

    Of ladders in which the program did the same the first is drawn; `before`
    are the faults that the reader has seen.
    """
    lines = ["", _told("expected", result.expected),
             _told("happened", _happened(result, before[-1] if before
                                         else None)),
             _told("reread", _chapter(result.check.reread))]
    drawn = result.ladder
    if drawn and _shape(drawn) not in [_shape(r.ladder) for r in before
                                       if r.ladder]:
        lines += ["", textwrap.indent(
            text.text(drawn, style, COLUMNS - INDENT).rstrip("\n"),
            " " * INDENT)]
    return [*lines, ""]


def fault(result: Result, style: text.Style) -> str:
    """Return what there is to say about one check that did not pass."""
    return "\n".join([_check(result, style), *_fault(result, [], style)])


def _foretold(score: Score) -> list[str]:
    """Return what the compiler had warned of, if the program died or hung."""
    if not score.warned or not any(
            result.verdict in (Verdict.CRASHED, Verdict.HUNG)
            for result in score.results):
        return []
    return ["The compiler had warned of what such a program can die of. Mend "
            "this first:",
            *(f"  {line}" for line in score.warned[:WARNINGS]), ""]


def report(score: Score, style: text.Style) -> str:
    """Return a score as lines of text: what is wrong, the total last."""
    lines = [f"{score.exercise}, seed {score.seed}", ""]
    if score.trouble:
        lines += [textwrap.fill(f"Nothing could be judged: {score.trouble}.",
                                WIDTH, break_long_words=False,
                                break_on_hyphens=False), ""]
    lines += _foretold(score)
    faults: list[Result] = []
    for result in score.results:
        lines.append(_check(result, style))
        if not result.passed and not score.trouble:
            lines += _fault(result, faults, style)
            faults.append(result)
    lines += ["", f"{score.points} of {score.maximum} points"]
    if not score.full:
        lines.append(f"this very run again: {score.again}")
    return "\n".join([*lines, ""])
