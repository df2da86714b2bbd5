"""make trace-check-NN draws what an answer does, failed or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import program
from lab.commands import trace_check
from lab.judges import grade, judge_of
from lab.ladder import text

EXERCISES = sorted((program.ROOT / "exercises").glob("[0-9]*-*"))
each_exercise = pytest.mark.parametrize("folder", EXERCISES,
                                        ids=lambda folder: folder.name)


@each_exercise
def test_a_ladder_of_a_failed_check_fits_a_terminal(folder):
    """The judge's report indents it by two."""
    starter = program.ROOT / "tests/starters" / folder.name
    score = grade(starter if starter.is_dir() else folder, folder.name, 7)
    drawn = [result.ladder for result in score.results if result.ladder]
    assert drawn
    for ladder in drawn:
        for style in (text.Style(), text.Style(utf8=False)):
            lines = text.text(ladder, style, 78).splitlines()
            assert max(map(len, lines)) <= 78
            assert len(lines) <= 60


@pytest.mark.namespaces
def test_every_conversation_of_an_answer_is_drawn(kit, make):
    folder = kit / "exercises/02-remote-sort"
    done = make("trace-check-02", "SEED=7", at=kit)
    assert done.returncode == 0, done.stderr
    names = map(trace_check.peer, judge_of(folder.name).conversations)
    for name in names:
        assert f"PEER={name}: When " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.namespaces
def test_one_of_them_is_asked_for_by_name(kit, make):
    done = make("trace-check-01", "PEER=polite", at=kit)
    assert done.stdout.count("PEER=") == 1
    assert "server said: listening on" in done.stdout


def test_what_can_t_be_drawn_is_one_sentence(kit, make):
    done = make("trace-check-01", "PEER=nobody", at=kit)
    assert done.returncode == 2
    assert done.stderr.startswith(
        "trace-check: there is no peer 'nobody' here: there are polite, ")
    assert make("trace-check-77", at=kit).returncode == 2
    source: Path = kit / "exercises/01-return-the-thanks/server.c"
    good = source.read_text()
    source.write_text("int main(void) { return }\n")
    done = make("trace-check-01", at=kit)
    source.write_text(good)
    assert "server.c does not compile: " in done.stderr
