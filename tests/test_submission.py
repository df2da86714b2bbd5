"""A submission's checks as tests: pytest tests --submission DIR.

One test a check, its points in the report as the properties `points` and `of`,
so that -k, -x and --junitxml work as everywhere.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from lab import judges
from lab.judging import Score, report
from lab.judging.submission import grade
from lab.ladder import text


@functools.lru_cache(maxsize=None)
def score_of(folder: Path) -> Score:
    """Judge an exercise once, for all of its checks."""
    return grade(folder, folder.name)


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
