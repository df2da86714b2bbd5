"""Scenarios and facts of chapters: found by being there, said once."""

from __future__ import annotations

import pytest

from lab import chapters, kernel, program, scenario
from lab.meeting.pair import Pair
from lab.verdicts import OK


def test_a_scenario_is_found_by_its_file_and_begins_with_its_claim():
    files = {file.stem.replace("_", "-") for file in
             (program.ROOT / "tests/lab/scenario").glob("[a-z]*.py")}
    assert {s.slug for s in scenario.scenarios()} == files
    for known in scenario.scenarios():
        assert known.claim.endswith("."), known.slug
    assert set(scenario.scenarios()) - set(scenario.columns()) == {
        scenario.scenario("early")}


@pytest.mark.parametrize("number", chapters.MANY)
def test_a_server_that_stops_only_when_the_thanks_have_come_goes_on(
        number, monkeypatch):
    """Whoever looks at once is too early to see that it has stopped."""
    looks, stopped = iter((False,)), kernel.stopped
    monkeypatch.setattr(kernel, "stopped",
                        lambda pid: next(looks, True) and stopped(pid))
    act, = scenario.play(scenario.scenario("early"), Pair.of(number))
    assert act.verdict == OK


@pytest.mark.parametrize("later, earlier, builds", [
    ("05", "05", True), ("07", "05", True), ("05", "07", False),
    ("04", "03", True), ("05", "04", False), ("04", "04", True),
    ("11", "05", True), ("11", "06", False), ("12", "10", True),
    ("12", "11", False), ("12", "09", False), ("09", "08", True),
    ("14", "13", True)])
def test_a_chapter_builds_on_the_main_line_and_not_on_asides(later, earlier,
                                                             builds):
    assert chapters.builds_on(later, earlier) is builds


def test_a_pair_since_a_chapter_is_one_that_builds_on_it():
    assert chapters.since("06")[:2] == ["06", "07"]
    assert set(chapters.since("05")) | set(chapters.before("05")) == {
        chapters.number(folder) for folder in chapters.pairs()}
