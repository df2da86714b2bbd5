"""What a student gets: one object, of which all that is written is drawn.

Four words tell how something went wrong: `failed` is a mistake of the
student's, `timed out` and `crashed` are how a program ended, and `grader's
error` is nobody's fault but ours: then there are no points at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Optional

from .. import printable
from ..ladder import text
from ..judging import MAXIMUM, Result, Score, Verdict, report

FAILED, TIMED_OUT, CRASHED, ERROR = \
    "failed", "timed out", "crashed", "grader's error"
WORDS = {Verdict.FAILED: FAILED, Verdict.HUNG: TIMED_OUT,
         Verdict.CRASHED: CRASHED}
PLAIN = text.Style()
OURS = ("The grader itself failed here, not your program. Your instructor "
        "knows.")


def presentable(score: Score) -> Score:
    """Return a score of which each sentence may leave."""
    return replace(score, trouble=printable.line(score.trouble), warned=tuple(
        map(printable.line, score.warned)), results=tuple(
        replace(result, expected=printable.line(result.expected),
                happened=printable.line(result.happened),
                ending=printable.line(result.ending))
        for result in score.results))


@dataclass(frozen=True)
class Grade:
    """One exercise: a score, or the `error` for which there is none."""

    exercise: str
    score: Optional[Score] = None
    error: str = ""

    @property
    def points(self) -> Optional[int]:
        """What was earned; None if the grader failed."""
        return self.score.points if self.score else None

    @property
    def reason(self) -> str:
        """Say what went wrong in a line, "" if nothing did."""
        if not self.score:
            return f"{ERROR}: {self.error}"
        lost = [r for r in self.score.results if not r.passed]
        if self.score.trouble:
            return f"{WORDS[lost[0].verdict]}: {self.score.trouble}"
        found = []
        for verdict, word in WORDS.items():
            slugs = [r.check.slug for r in lost if r.verdict is verdict]
            which = "all checks" if len(slugs) == len(self.score.results) \
                else ", ".join(slugs)
            found += [f"{word}: {which}"] if slugs else []
        return "; ".join(found)

    def outcome(self) -> dict[str, Any]:
        """Return each check's verdict, and why it failed if it did."""
        return {"error": self.error,
                "trouble": self.score.trouble if self.score else "",
                "checks": {r.check.slug: (
                    r.verdict.value,
                    "" if r.passed else r.happened or r.ending)
                    for r in (self.score.results if self.score else ())}}


@dataclass(frozen=True)
class Grades:
    """All exercises of one student, whose own `seed` repeats them."""

    student: str
    seed: int
    grades: tuple[Grade, ...]

    @property
    def total(self) -> Optional[int]:
        """The sum; None if the grader failed anywhere."""
        points = [grade.points for grade in self.grades]
        return None if None in points else sum(p or 0 for p in points)

    def row(self) -> dict[str, Any]:
        """Return what stands in a table: name to cell, "" for no points."""
        reasons = [f"{grade.exercise[:2]} {grade.reason}"
                   for grade in self.grades if grade.reason]
        return {"name": self.student,
                **{grade.exercise:
                   "" if grade.points is None else grade.points
                   for grade in self.grades},
                "total": "" if self.total is None else self.total,
                "seed": self.seed, "reason": " | ".join(reasons)}

    def feedback(self) -> str:
        """Return what the student reads."""
        most = MAXIMUM * len(self.grades)
        said = "not all could be graded, by no fault of yours" \
            if self.total is None else f"{self.total} of {most} points"
        pages = [f"{self.student}: {said}\n"]
        for grade in self.grades:
            pages.append(report.report(grade.score, PLAIN) if grade.score
                         else f"{grade.exercise}\n\n{OURS}\n")
        return printable.page(
            ("\n" + "-" * report.WIDTH + "\n\n").join(pages))

    def gradescope(self) -> dict[str, Any]:
        """Return what results.json holds, by Gradescope's documents."""
        tests = [test for grade in self.grades for test in _tests(grade)]
        told: dict[str, Any] = {
            "output": f"Seed {self.seed}.", "output_format": "text",
            "test_output_format": "text", "visibility": "visible",
            "stdout_visibility": "hidden",
            "tests": [{"number": str(number), "output_format": "text",
                       "visibility": "visible", **test}
                      for number, test in enumerate(tests, 1)]}
        if self.total is not None:
            told["score"] = self.total
        return told


def _tests(grade: Grade) -> list[dict[str, Any]]:
    """Return a test a check."""
    if not grade.score:
        return [{"name": f"{grade.exercise}: {ERROR}", "score": 0,
                 "max_score": MAXIMUM, "status": "failed", "output": OURS}]
    return [{"name": f"{grade.exercise}: {result.check.slug}",
             "score": result.points, "max_score": result.check.points,
             "status": "passed" if result.passed else "failed",
             "output": _said(result), "tags": [grade.exercise]}
            for result in grade.score.results]


def _said(result: Result) -> str:
    """Return a check's sentence, and the ladder of one that did not pass."""
    if result.passed:
        return f"It {result.check.sentence}."
    return printable.page(f"{WORDS[result.verdict]}\n"
                          f"{report.fault(result, PLAIN)}")
