"""The bench proves itself: nobody is judged by one that is broken."""

from __future__ import annotations

import pytest

from lab import commands, kernel, program, proof
from lab.calls import CallLog
from lab.sandbox import Process, StillRunning


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """Nothing is kept of earlier proofs."""
    monkeypatch.setattr(program, "BUILT", tmp_path)


@pytest.fixture
def hasty(monkeypatch):
    """Steps are given up soon: for what never comes."""
    monkeypatch.setattr(proof, "BOUND", 2.0)


def unwatched() -> CallLog:
    """A recorder that records nothing: no library is loaded."""
    log = CallLog()
    del log.env["LD_PRELOAD"]
    return log


def test_the_bench_works_here(fresh):
    assert proof.why_not() == ""


def test_a_program_that_can_not_start_is_not_blamed(fresh, monkeypatch):
    """As with a recorder whose library lacks a symbol: status 127."""
    source = program.scratch() / "ends.c"
    source.write_text("#include <stdio.h>\nint main(void)"
                      '{ fputs("no dlsym\\n", stderr); return 127; }\n')
    monkeypatch.setattr(proof, "PROGRAM", source)
    assert proof.why_not() == \
        "a program that is watched does not run: exit 127, no dlsym"


@pytest.mark.parametrize("log,said", (
    (lambda _: unwatched(), "the calls of a program are not written down: "
     "connect, read, read and write were made, and seen were none"),
    (lambda fault: FaultLost(fault), "a fault that was to strike read struck "
     "nothing")), ids=("no calls", "no fault"))
def test_a_recorder_that_misses_something_is_found(fresh, monkeypatch, log,
                                                   said):
    monkeypatch.setattr(proof, "CallLog", log)
    assert proof.why_not() == said


class FaultLost(CallLog):
    """A recorder that doesn't tell what it struck."""

    def struck(self) -> list[str]:
        return []


def test_a_signal_that_does_not_arrive_is_found(fresh, hasty, monkeypatch):
    """As under Python 3.10, which spelled the number as a name."""
    monkeypatch.setattr(Process, "signal", lambda *_: None)
    if not kernel.why_no_proofs():
        assert proof.why_not() == \
            "a program to which SIGSTOP was sent still runs"
    monkeypatch.setattr(kernel, "why_no_proofs", lambda: "it is forbidden")
    assert "still ran after 2 s" in proof.why_not()


@pytest.mark.proofs
@pytest.mark.parametrize("proved,said", (
    ([], "a program that waits for ever is not proved stuck"),
    (["asleep"], "a program is proved stuck that has a byte to read")))
def test_a_proof_that_is_wrong_is_found(fresh, hasty, monkeypatch, proved,
                                        said):
    monkeypatch.setattr(kernel, "stuck", lambda _: proved)
    assert proof.why_not() == said


def test_where_nothing_can_be_proved_a_clock_decides(fresh, monkeypatch):
    monkeypatch.setattr(kernel, "why_no_proofs", lambda: "it is forbidden")
    monkeypatch.setattr(kernel, "stuck", lambda _: [])
    assert proof.why_not() == ""


def test_what_was_proved_is_kept_until_something_changes(fresh, monkeypatch):
    proved = []
    monkeypatch.setattr(proof, "_prove", lambda: proved.append(1))
    for _ in range(2):
        assert proof.why_not() == ""
    assert len(proved) == 1
    assert proof.why_not(anew=True) == "" and len(proved) == 2
    monkeypatch.setenv("CC", "cc -g")
    assert proof.why_not() == "" and len(proved) == 3
    assert len(list(program.BUILT.glob("proof-*"))) == 1


def test_what_failed_is_tried_again(fresh, monkeypatch):
    def fails() -> None:
        raise StillRunning("it hangs")
    with monkeypatch.context() as broken:
        broken.setattr(proof, "_prove", fails)
        assert proof.why_not() == "it hangs"
    assert proof.why_not() == ""


@pytest.mark.parametrize("words", (
    ("check", "01"), ("score",), ("watch", "01"), ("grade",), ("regrade",),
    ("autograde", "a", "b"), ("autograde50", "a", "01")), ids=" ".join)
def test_nothing_is_judged_by_a_broken_bench(monkeypatch, capsys, words):
    monkeypatch.setattr(proof, "why_not", lambda: "it is broken")
    monkeypatch.setattr(commands.Command, "load", None)
    assert commands.run(words[0], words[1:]) == 1
    assert " ".join(capsys.readouterr().err.split()) == (
        f"{words[0]}: the bench does not work here, so nothing is judged: it "
        "is broken; `make doctor` tells more")
