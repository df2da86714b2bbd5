"""The grader's workers: how long each may take, and what is known by then."""

from __future__ import annotations

import errno
import os
import re
import select
import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest

from grading import FIRST, SOLUTION, graded, hand_in, judge, score
from lab.classroom import batch, worker
from lab.classroom.admission import students
from lab.classroom.batch import Batch
from lab.classroom.gradebook import Gradebook
from lab.classroom.sandboxed import make_treatment
from lab.classroom.worker import Answer, Worker
from lab.judges import judge_of
from lab.judging import Score, TimeIsOver, exercise
from lab.judging.exercise import Conversation, Exercise, Submission
from lab.judging.expect import Seen
from lab.sandbox import Sandbox, cgroups


def test_who_waits_for_a_processor_is_given_that_time():
    """More work than processors: each piece waits, and is seen to."""
    def spin() -> None:
        while True:
            pass

    def given(one: Worker, after: float) -> float:
        """Return what it was given at least: it began before `after`."""
        now = time.monotonic()
        return one.remaining + now - after - 60.0
    begun = time.monotonic()
    busy = [(Worker(spin, 60.0), time.monotonic())
            for _ in range(2 * (os.cpu_count() or 1))]
    try:
        while not any(given(*one) > 0.05 for one in busy):
            assert time.monotonic() - begun < 30
            select.select([], [], [], 0.01)
    finally:
        for one, _ in busy:
            one.close()


def test_nobody_takes_for_ever_by_waiting(monkeypatch):
    monkeypatch.setattr(worker, "waited", lambda pid: 1e6)
    begun = time.monotonic()
    with Worker(lambda: select.select([], [], []), 0.2) as one:
        told = one.answer()  # an error, if it had not even begun
        assert told.late or "too busy to begin" in told.error, told
        assert time.monotonic() - begun >= 0.2 * worker.SLOWEST


def test_who_is_late_says_what_is_known():
    def work() -> str:
        try:
            select.select([], [], [])
        except TimeIsOver:
            return "what is known"
        raise AssertionError("unreachable")
    with Worker(work, 1.0) as one:
        assert one.answer().value == "what is known"


def test_work_that_begins_when_its_time_is_over_is_nobodys_fault(monkeypatch):
    """As on a busy machine: before it can hear that, it is told so."""
    ours, handle = os.getpid(), signal.signal

    def slow(number: int, action: object) -> object:
        if os.getpid() != ours and callable(action) \
                and number == signal.SIGALRM:
            os.kill(os.getpid(), signal.SIGALRM)  # as its parent would
        return handle(number, action)
    monkeypatch.setattr(signal, "signal", slow)
    with Worker(signal.pause, 30.0) as one:
        assert one.answer() == Answer(
            error="the machine was too busy to begin this")


def test_a_worker_that_can_not_be_forked_leaves_nothing(monkeypatch):
    def no_fork() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def ours() -> tuple[set[int], list[str]]:
        return (signal.pthread_sigmask(signal.SIG_BLOCK, ()),
                os.listdir("/proc/self/fd"))
    before = ours()
    with monkeypatch.context() as patch, pytest.raises(BlockingIOError):
        patch.setattr(os, "fork", no_fork)
        Worker(signal.pause, 30.0)
    assert ours() == before


@pytest.mark.parametrize("how", [signal.SIG_BLOCK, signal.SIG_UNBLOCK])
def test_a_worker_leaves_our_signals_as_they_were(how):
    kept = signal.pthread_sigmask(how, {signal.SIGALRM})
    try:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        with Worker(signal.pause, 30.0):
            assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, kept)


def test_what_was_judged_before_the_bound_stays_judged(classroom,
                                                       monkeypatch):
    kept, observe = [], Exercise.observe
    checks = judge_of(FIRST).looks_at()
    total = len(judge_of(FIRST).conversations) \
        + sum("submission" in looks for looks in checks.values())

    class Keeping(ThreadPoolExecutor):
        """Keeps what is done in it."""

        def submit(self, *what: Any, **named: Any) -> Future[Any]:
            kept.append(super().submit(*what, **named))
            return kept[-1]

    def slow(judged: Exercise, conversation: Conversation,
             submission: Submission) -> Seen:
        if conversation.name == "silent":
            while len(kept) < total or sum(not one.done() for one in kept) > 1:
                select.select([], [], [], 0.01)
            os.kill(os.getpid(), signal.SIGALRM)  # as its parent would
            threading.Event().wait()
        return observe(judged, conversation, submission)
    monkeypatch.setattr(exercise, "ThreadPoolExecutor", Keeping)
    monkeypatch.setattr(Exercise, "observe", slow)
    hand_in(classroom, "ann", SOLUTION)
    row = graded(classroom)["ann"]
    late = row["reason"].removeprefix("01 timed out: ").split(", ")
    assert "no-thanks" in late, row
    assert {slug for slug, looks in checks.items()
            if "silent" in looks} == {*late}
    told = (classroom.with_name("grades") / "students" / "ann"
            / "feedback.txt").read_text()
    assert "Judging it took more than 60 seconds" in told


@pytest.mark.groups
def test_all_that_a_student_runs_is_in_one_control_group(classroom,
                                                         monkeypatch):
    def where(folder: Path, exercise: str, seed: int,
              sandbox: Callable[[], Sandbox], build: object) -> Score:
        with sandbox() as room:
            process = room.start(["cat", "/proc/self/cgroup"])
            process.wait()
            return replace(score(0), trouble=process.stdout.decode())
    hand_in(classroom, "ann")
    monkeypatch.setattr(batch, "grade", where)
    assert cgroups.NAME in graded(classroom)["ann"]["reason"]


def test_what_is_not_there_needs_no_worker(classroom, monkeypatch):
    for number in range(300):
        (classroom / f"{number}" / FIRST).mkdir(parents=True)

    def no_worker(*_: object) -> None:
        raise AssertionError("a worker was started")
    monkeypatch.setattr(batch, "Worker", no_worker)
    rows = graded(classroom)
    assert len(rows) == 300
    assert {row["reason"] for row in rows.values()} == {
        "01 failed: there is no server.c: nothing was handed in"}


def test_the_time_that_is_left_is_told(classroom, monkeypatch):
    for name in "abcd":
        hand_in(classroom, name)
    judge(monkeypatch, lambda _: score())
    told: list[str] = []
    Gradebook(classroom.with_name("grades")).fill(
        Batch(students(classroom), 7, make_treatment(), 1, (FIRST,)),
        told.append)
    assert [re.sub(r"\d+ s", "N s", line) for line in told] == [
        "[1/4] a: 100, N s left", "[2/4] b: 100, N s left",
        "[3/4] c: 100, N s left", "[4/4] d: 100"]
