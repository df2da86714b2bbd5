"""What a student gets: one object, of which all that is written is drawn.

Four words tell how something went wrong: `failed` is a mistake of the
student's, `timed out` and `crashed` are how a program ended, and `grader's
error` is nobody's fault but ours: then there are no points at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from ..ladder import text
from ..judging import MAXIMUM, Result, Score, Verdict, report

FAILED, TIMED_OUT, CRASHED, ERROR = \
    "failed", "timed out", "crashed", "grader's error"
WORDS = {Verdict.FAILED: FAILED, Verdict.HUNG: TIMED_OUT,
         Verdict.CRASHED: CRASHED}
PLAIN = text.Style()


@dataclass(frozen=True)
class Mark:
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
            found += [f"{word}: {', '.join(slugs)}"] if slugs else []
        return "; ".join(found)


@dataclass(frozen=True)
class Marks:
    """All exercises of one student."""

    student: str
    seed: int
    marks: tuple[Mark, ...]

    @property
    def total(self) -> Optional[int]:
        """The sum; None if the grader failed anywhere."""
        points = [mark.points for mark in self.marks]
        return None if None in points else sum(p or 0 for p in points)

    def row(self) -> dict[str, Any]:
        """Return what stands in a table: name to cell, "" for no points."""
        reasons = [f"{mark.exercise[:2]} {mark.reason}"
                   for mark in self.marks if mark.reason]
        return {"name": self.student,
                **{mark.exercise: "" if mark.points is None else mark.points
                   for mark in self.marks},
                "total": "" if self.total is None else self.total,
                "seed": self.seed, "reason": " | ".join(reasons)}

    def feedback(self) -> str:
        """Return what the student reads."""
        most = MAXIMUM * len(self.marks)
        said = "not all could be graded, by no fault of yours" \
            if self.total is None else f"{self.total} of {most} points"
        pages = [f"{self.student}: {said}\n"]
        for mark in self.marks:
            pages.append(report.report(mark.score, PLAIN) if mark.score else
                         f"{mark.exercise}\n\nThe grader itself failed here, "
                         "not your program. Your instructor knows.\n")
        return ("\n" + "-" * report.WIDTH + "\n\n").join(pages)

    def gradescope(self) -> dict[str, Any]:
        """Return what results.json holds, by Gradescope's documents."""
        tests = [test for mark in self.marks for test in _tests(mark)]
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


def _tests(mark: Mark) -> list[dict[str, Any]]:
    """Return a test a check."""
    if not mark.score:
        return [{"name": f"{mark.exercise}: {ERROR}", "score": 0,
                 "max_score": MAXIMUM, "status": "failed", "output":
                 "The grader itself failed here, not your program. Your "
                 "instructor knows."}]
    return [{"name": f"{mark.exercise}: {result.check.slug}",
             "score": result.points, "max_score": result.check.points,
             "status": "passed" if result.passed else "failed",
             "output": _said(result), "tags": [mark.exercise]}
            for result in mark.score.results]


def _said(result: Result) -> str:
    """Return a check's sentence, and the ladder of one that did not pass."""
    if result.passed:
        return f"It {result.check.sentence}."
    return "\n".join([f"{WORDS[result.verdict]}", report.fault(result, PLAIN)])
