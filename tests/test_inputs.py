"""A program can't tell what is coming, and no verdict hangs on a draw.

All that a judge draws is known before any program runs. So a hundred seeds are
drawn, and whoever could tell a conversation in which it has to refuse from its
twin, in which all is well, would be found out here.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Iterator

import pytest

from lab import judges, program
from lab.judges.every_byte import strikes
from lab.judging.exercise import Conversation, Exercise, Trial
from lab.sandbox import Exit, Sandbox

SEEDS = range(100)
TELLS = 0.65  # of the guesses are right where there is something to learn

each_exercise = pytest.mark.parametrize(
    "folder", [pytest.param(folder, id=folder.name)
               for folder in judges.exercises()])


def twins(judge: Exercise) -> Iterator[tuple[Conversation, Conversation]]:
    """Return each conversation that has a twin, and that."""
    for conversation in judge.conversations.values():
        if conversation.twin:
            yield conversation, judge.conversations[conversation.twin]


def visible(judge: Exercise, inputs: dict[str, Any]) -> dict[str, float]:
    """Return what a program can see before it is met, as numbers."""
    seconds = inputs.get("seconds", "")
    shown = {"seconds": float(seconds or 0), "digits": len(seconds),
             "port": inputs.get("port", 0), "disk": inputs.get("disk", 0),
             "pipe": float(inputs.get("fed", False))}
    contents = {"old": inputs.get("old"),
                "file": inputs["file"] if judge.serves else None,
                "stdin": None if inputs.get("fed") else inputs.get("stdin")}
    for name, content in contents.items():
        shown[f"{name} there"] = float(content is not None)
        content = content or b""
        shown[f"{name} size"] = len(content)
        shown[f"{name} first"] = sum(content[:1])
        shown[f"{name} last"] = sum(content[-1:])
        shown[f"{name} kinds"] = len(set(content)) / (len(content) or 1)
    shown["fault"] = hash(str(inputs.get("fault")))
    return shown


def seen(judge: Exercise, conversation: Conversation
         ) -> list[dict[str, float]]:
    """Return what is seen with each seed."""
    return [visible(judge, conversation.inputs(seed)) for seed in SEEDS]


def learned(ones: list[float], others: list[float]) -> float:
    """Learn from half of the numbers where to cut; guess the other half.

    Returns how many guesses were right, as a part of all.
    """
    def right(cut: float, one: list[float], other: list[float]) -> float:
        hits = sum(n >= cut for n in one) + sum(n < cut for n in other)
        return max(hits / (2 * len(one)), 1 - hits / (2 * len(one)))
    half = len(ones) // 2
    cuts = {*ones[:half], *others[:half]}
    best = max(sorted(cuts), key=lambda cut:
               right(cut, ones[:half], others[:half]))
    return right(best, ones[half:], others[half:])


@each_exercise
def test_nobody_can_tell_a_conversation_from_its_twin(folder):
    judge = judges.judge_of(folder.name)
    for conversation, twin in twins(judge):
        ones, others = seen(judge, conversation), seen(judge, twin)
        for name in ones[0]:
            part = learned([shown[name] for shown in ones],
                           [shown[name] for shown in others])
            assert part < TELLS, (conversation.name, twin.name, name, part)


def test_the_learner_would_find_what_there_is_to_learn():
    assert learned([*range(100)], [*range(100, 200)]) == 1.0
    assert learned([5.0] * 100, [7.0] * 100) == 1.0
    assert learned([*range(100)], [*range(100)]) < TELLS


@pytest.mark.answers
@each_exercise
def test_whatever_has_to_be_refused_has_a_twin_that_has_not(folder):
    """The solution tells, by its exit status."""
    judge = judges.judge_of(folder.name)
    built = program.build(
        program.ROOT / "solutions" / folder.name / judge.source)
    trial = Trial(judge, built, 7, Sandbox)
    succeeds = {name: judge.observe(conversation, trial).ending.exit
                == Exit(status=0)
                for name, conversation in judge.conversations.items()}
    for name, conversation in judge.conversations.items():
        assert bool(conversation.twin) != succeeds[name], name
        if conversation.twin:
            assert succeeds[conversation.twin], name


@each_exercise
def test_a_twin_is_looked_at_wherever_the_other_is(folder):
    """Else a program that fails both would lose nothing."""
    judge = judges.judge_of(folder.name)
    looked_at = {name for names in judge.looks_at().values()
                 for name in names}
    for conversation, twin in twins(judge):
        assert {conversation.name, twin.name} <= looked_at


@each_exercise
def test_another_seed_draws_other_inputs(folder):
    judge = judges.judge_of(folder.name)
    for conversation in judge.conversations.values():
        drawn = [conversation.inputs(seed) for seed in (1, 1, 2)]
        assert drawn[0] == drawn[1], conversation.name
    assert [c.inputs(1) for c in judge.conversations.values()] != \
        [c.inputs(2) for c in judge.conversations.values()]


@pytest.mark.parametrize("name", ("read", "write"))
def test_each_call_is_interrupted_at_least_once_with_every_seed(name):
    """Whatever is called next, once a call got through, is struck."""
    conversation = judges.judge_of("03-every-byte").conversations[name]
    for seed in range(50):
        fault = conversation.inputs(seed)["fault"]
        struck = list(islice(strikes(fault.seed), 30))
        assert all(struck[:3])
        assert all(one or other for one, other in zip(struck, struck[1:]))
