"""A submission's checks as tests: pytest tests --submission DIR.

One test a check, its points in the report as the properties `points` and `of`,
so that -k, -x and --junitxml work as everywhere. What was handed in is compiled
and run behind walls, as `make grade` does it; where they are forbidden nothing
is run, unless UNSAFE=1 stands in the environment.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Union

import pytest

from lab import judges, proof
from lab.classroom.sandboxed import Treatment
from lab.classroom.single import GraderFailed, grade_one
from lab.commands.grade import the_treatment
from lab.judging import Score, report
from lab.ladder import text
from lab.program import NotInstalled


@functools.lru_cache(maxsize=None)
def treatment(submission: Path) -> Union[Treatment, str]:
    """Return how to treat a submission, or why that can't be done here."""
    try:
        proof.require()
        return the_treatment((str(submission),),
                            os.environ.get("UNSAFE") == "1")
    except NotInstalled as error:
        return str(error)


@functools.lru_cache(maxsize=None)
def score_of(folder: Path) -> Score:
    """Judge an exercise once, for all of its checks."""
    found = treatment(folder.parent)
    if isinstance(found, str):
        pytest.fail(found, pytrace=False)
    try:
        grades = grade_one(folder.parent, found, (folder.name,))
    except GraderFailed as error:
        pytest.fail(f"the grader itself failed:\n{error}", pytrace=False)
    score = grades.grades[0].score
    assert score is not None
    return score


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each check of each exercise."""
    handed_in = metafunc.config.getoption("--submission").resolve()
    metafunc.parametrize("folder,slug", [
        pytest.param(handed_in / exercise.name, check.slug,
                     id=f"{exercise.name}-{check.slug}")
        for exercise in judges.exercises()
        for check in judges.judge_of(exercise.name).checks])


def test_check(folder, slug, record_property):
    score = score_of(folder)
    result = next(r for r in score.results if r.check.slug == slug)
    record_property("seed", score.seed)
    record_property("points", result.points)
    record_property("of", result.check.points)
    if not result.passed:
        pytest.fail(report.fault(result, text.Style()), pytrace=False)
