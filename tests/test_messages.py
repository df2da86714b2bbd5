"""What a student is told of a failed check: it must not mislead."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lab.judging import command_lines
from lab.judging.exercise import Submission
from lab.judging.expect import Seen, expect
from lab.judging.failure import Failed
from lab.judges import judge_of
from lab.meeting import NOTHING, Heard, Limits, Meeting
from lab.sandbox import Sandbox

FIRST = "01-return-the-thanks"


def seen(**facts: Any) -> Seen:
    """Return a conversation with a server, of which nothing is drawn."""
    made = Seen("it is tried", "client", "Message from client: ",
                {"file": b"to be sent"}, None, **facts)
    made.__dict__["ladder"] = None
    return made


def happened(failing: Any) -> str:
    """Return what a check that fails says of it."""
    with pytest.raises(Failed) as caught:
        failing()
    return caught.value.happened


def test_bytes_that_never_stopped_are_not_called_nothing():
    assert happened(expect(seen(heard=Heard(bytes(5_000), NOTHING))).eof) == \
        "5,000 bytes came, more than FILE, and no end of it."
    assert "then nothing: no FIN" in happened(
        expect(seen(heard=Heard(b"to be", NOTHING))).eof)


@pytest.mark.parametrize("printed,said", (
    ("T\0\0sent", "1 byte was heard, the rest was in the program's buffer."),
    ("Thank be sent", "6 bytes were heard, the rest was in the program's "
     "buffer."),
    ("Thank", None), ("to be sent", None)))
def test_what_was_in_the_buffer_was_not_heard(printed, said):
    told = happened(lambda: expect(seen(
        printed=f"Message from client: {printed}\n".encode())
    ).prints_message("Thank you"))
    assert told.endswith(said) if said else "buffer" not in told


def test_a_message_of_which_too_much_was_printed_says_so_as_well():
    told = happened(lambda: expect(seen(
        printed=b"Message from client: Thank you!?\n")).two_lines("Thank you"))
    assert told.endswith(
        "9 bytes were heard, the rest was in the program's buffer.")


@pytest.mark.parametrize("says,only_the_status", (
    ("echo usage: server HOST >&2", True),
    ("echo usage: server HOST", False),
    ("echo server: out of memory >&2", False)))
def test_a_usage_line_is_not_shown_where_only_the_status_is_wrong(
        says, only_the_status, tmp_path):
    program = tmp_path / "server"
    program.write_text(f"#!/bin/sh\n{says}\nexit 1\n")
    program.chmod(0o755)
    tmp_path.chmod(0o755)
    submission = Submission(judge_of(FIRST), program, 7, Sandbox)
    with pytest.raises(Failed) as caught:
        command_lines.usage_errors(submission)
    failed = caught.value
    assert (failed.happened == "Only the status is wrong.") is only_the_status
    assert str(failed.ending).startswith("It ended with status 1.")


def test_a_hang_says_in_which_call():
    with Meeting(limits=Limits(asleep=0.2)) as meeting:
        sleeps = meeting.start(["sleep", "1000"])
        assert sleeps.ends() is None
        assert re.fullmatch("it did nothing for a second, asleep in "
                            r"(clock_)?nanosleep\(\)", sleeps.hang)
