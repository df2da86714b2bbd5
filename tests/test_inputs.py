"""A program can't tell what is coming, and no verdict hangs on a draw.

All that a judge draws is known before any program runs. So a hundred seeds are
drawn, and whoever could tell a conversation in which it has to refuse from its
twin, in which all is well, would be found out here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Callable, Iterator

import pytest

from lab import judges, program
from lab.judges import remote_sort
from lab.judging.exercise import Conversation, Exercise, Submission
from lab.judging.expect import Seen
from lab.judging.inputs import TRAPS
from lab.judging.players import LATE
from lab.outcome import Outcome, Part
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
        begin = content[:4096]
        shown[f"{name} kinds"] = len(set(begin)) / (len(begin) or 1)
    shown["fault"] = hash(str(inputs.get("fault")))
    return shown


def seen(judge: Exercise, conversation: Conversation
         ) -> list[dict[str, float]]:
    """Return what is seen with each seed."""
    return [visible(judge, conversation.inputs(seed)) for seed in SEEDS]


Shown = list[dict[str, float]]  # what a program can see, a case each
Cut = tuple[str, float]         # whether what is seen of a kind reaches that
CUTS = 24                       # of a kind, at most


@dataclass(frozen=True)
class Cases:
    """Cases of two kinds, in sets: bit n of a number stands for case n.

    `ones` are those of the first kind; `above` has those that reach a cut.
    """

    all: int
    ones: int
    above: dict[Cut, int]

    @staticmethod
    def of(ones: Shown, others: Shown, cuts: list[Cut]) -> Cases:
        """Cut cases in given places."""
        both = [*ones, *others]
        return Cases((1 << len(both)) - 1, (1 << len(ones)) - 1, {
            (name, cut): sum(1 << n for n, shown in enumerate(both)
                             if shown[name] >= cut) for name, cut in cuts})

    def sides(self, cases: int, cut: Cut) -> tuple[int, int]:
        """Part cases at a cut."""
        return cases & self.above[cut], cases & ~self.above[cut]

    def guess(self, cases: int) -> tuple[int, bool]:
        """Return how many a single guess gets right, and which that is."""
        ones = bin(cases & self.ones).count("1")
        return max((ones, True), (bin(cases).count("1") - ones, False))

    def best(self, cases: int) -> tuple[int, Cut]:
        """Return how many a cut and two guesses get right, and the cut."""
        return max((sum(self.guess(side)[0] for side in
                        self.sides(cases, cut)), cut) for cut in self.above)


def places(cases: Shown) -> list[Cut]:
    """Return where to cut: at some of the values of each kind."""
    cuts = []
    for name in cases[0]:
        values = sorted({shown[name] for shown in cases})
        step = max(1, len(values) // CUTS)
        cuts += [(name, value) for value in values[::step]]
    return cuts


def learned(ones: Shown, others: Shown) -> tuple[float, list[Cut]]:
    """Learn from half of the cases to tell them; guess the other half.

    The best tree of three cuts is learned: one, and one more on either side.
    Returns how many guesses were right, as a part of all, and the cuts.
    """
    half = len(ones) // 2
    cuts = places([*ones[:half], *others[:half]])
    known = Cases.of(ones[:half], others[:half], cuts)
    new = Cases.of(ones[half:], others[half:], cuts)
    root = max(cuts, key=lambda cut: sum(
        known.best(side)[0] for side in known.sides(known.all, cut)))
    right, tree = 0, [root]
    for old, fresh in zip(known.sides(known.all, root),
                          new.sides(new.all, root)):
        _, cut = known.best(old)
        tree.append(cut)
        for one, other in zip(known.sides(old, cut), new.sides(fresh, cut)):
            hits = bin(other & new.ones).count("1")
            right += hits if known.guess(one)[1] \
                else bin(other).count("1") - hits
    return right / bin(new.all).count("1"), tree


@each_exercise
def test_nobody_can_tell_a_conversation_from_its_twin(folder):
    judge = judges.judge_of(folder.name)
    for conversation, twin in twins(judge):
        part, tree = learned(seen(judge, conversation), seen(judge, twin))
        assert part < TELLS, (conversation.name, twin.name, part, tree)


def drawn(*kinds: Callable[[random.Random], tuple[float, float]]
          ) -> tuple[float, list[Cut]]:
    """Learn to tell cases in which two things are seen; as learned()."""
    rng = random.Random("a hundred cases of each kind")
    return learned(*([dict(zip("ab", kind(rng))) for _ in SEEDS]
                     for kind in kinds))


def test_the_learner_would_find_what_there_is_to_learn():
    def any_two(rng: random.Random) -> tuple[float, float]:
        return rng.random(), rng.random()

    def alike(rng: random.Random) -> tuple[float, float]:
        one, other = any_two(rng)
        return one, other / 2 + (one >= 0.5) / 2

    def unlike(rng: random.Random) -> tuple[float, float]:
        one, other = any_two(rng)
        return one, other / 2 + (one < 0.5) / 2
    assert drawn(any_two, any_two)[0] < TELLS
    assert drawn(any_two, lambda rng: (rng.random(), 7.0))[0] > 0.95
    assert drawn(alike, unlike)[0] > 0.9, "neither thing alone tells"
    assert drawn(lambda _: (5.0, 1.0), lambda _: (7.0, 1.0))[0] == 1.0


# --- no verdict hangs on a draw ----------------------------------------------

THOUSAND = range(1_000)
NOTHING = Part(None, "", "")


def draws(name: str, conversation: str) -> list[dict[str, Any]]:
    """Return a thousand draws of a conversation's inputs."""
    it = judges.judge_of(name).conversations[conversation]
    return [it.inputs(seed) for seed in THOUSAND]


def test_every_file_of_01_has_all_that_a_text_has_not():
    for inputs in draws("01-return-the-thanks", "polite"):
        assert set(TRAPS) <= set(inputs["file"])
        assert len(inputs["thanks"]) < 30 < len(inputs["file"])


@pytest.mark.parametrize("name", ("polite", "short", "pieces"))
def test_no_answer_of_02_is_in_an_order_that_somebody_could_know(name):
    for inputs in draws("02-remote-sort", name):
        answer = remote_sort.answer(Seen(
            "", "", "", inputs, Outcome(NOTHING, NOTHING, 0, b"", None)))
        given = remote_sort.lines(inputs["stdin"])
        assert sorted(remote_sort.lines(answer)) == sorted(given)
        assert answer not in (b"".join(given), b"".join(sorted(given)))


@pytest.mark.parametrize("name", ("read", "write"))
def test_the_first_calls_of_03_are_interrupted_with_every_seed(name):
    assert {inputs["fault"].first
            for inputs in draws("03-every-byte", name)} == {16}


def test_whole_seconds_are_wrong_in_04_with_every_seed():
    """Rounded up they are late, rounded down they are none."""
    for inputs in draws("04-patience", "part"):
        assert 0 < float(inputs["seconds"]) < 1 - LATE
        assert len(inputs["seconds"]) == len("0.3817")


@pytest.mark.parametrize("name", ("half", "one_more", "broken", "full"))
def test_an_old_file_of_05_is_never_a_part_of_the_new_one(name):
    for inputs in draws("05-receipt", name)[:100]:
        assert inputs["old"] not in inputs["file"]


@pytest.mark.answers
@each_exercise
def test_whatever_has_to_be_refused_has_a_twin_that_has_not(folder):
    """The solution tells, by its exit status."""
    judge = judges.judge_of(folder.name)
    built = program.build(
        program.ROOT / "solutions" / folder.name / judge.source)
    submission = Submission(judge, built, 7, Sandbox)
    succeeds = {name: judge.observe(conversation, submission).ending.exit
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
