"""Exercise 02: a client that ends what it says, and hears the answer."""

from __future__ import annotations

import os
import random
from typing import Union

from ..judging import command_lines, faults, inputs
from ..judging.exercise import Exercise, Submission
from ..judging.expect import Seen, expect
from ..judging.failure import many
from ..judging.players import Server

exercise = Exercise("rsort.c", "HOST PORT", judge_is=Server, never="\n",
                    otherwise="nothing on standard output")


def lines(data: bytes) -> list[bytes]:
    """Cut behind each newline; the data end in one."""
    return [line + b"\n" for line in data.split(b"\n")[:-1]]


def answer(of: Union[Server, Seen]) -> bytes:
    """Sort the input, in an order that nobody can know beforehand.

    It is neither that of the input nor that of the alphabet. The answer is
    said `times` over, so it is shorter or longer than the input.
    """
    given, order = lines(of.stdin), list(range(256))
    rng, ordered = random.Random(of.order), given
    while ordered in (given, sorted(given)) and len(given) > 2:
        rng.shuffle(order)
        ordered = sorted(given, key=lambda line: line.translate(bytes(order)))
    return b"".join(ordered) * of.inputs.get("times", 1)


# --- the conversations -------------------------------------------------------

@exercise.conversation("some lines are to be sorted",
                       stdin=inputs.lines(9, 15), order=inputs.key)
def polite(server: Server) -> None:
    server.hears_to_eof()
    server.says(answer(server))
    server.half_closes()


exercise.also("large", "polite",
              "the lines are many, and full of bytes that are no text",
              stdin=inputs.binary(66_000, 70_000, before=b"\n", after=9,
                                  end=b"\r\n\n"), times=3)
exercise.also("empty", "polite", "there is nothing to sort, and no answer",
              stdin=b"")
exercise.also("none", "polite", "there are lines, and no answer", times=0)
exercise.also("short", "polite", "each write takes a single byte",
              fault=faults.SHORT_WRITES)


@exercise.conversation("lines come one by one, and so does the answer",
                       stdin=inputs.lines(5, 8), order=inputs.key, fed=True)
def pieces(server: Server) -> None:
    for number, line in enumerate(lines(server.stdin)):
        server.feeds(line)
        passed_on = "held" in server.notes or server.hears_soon(len(line))
        if not passed_on and server.program.runs():
            server.notes_down(held=f"The server had {number} of the lines "
                              "that stood on standard input, and the next did "
                              "not come until more was there.")
    server.ends_the_input()
    server.meeting.rest()
    server.hears_to_eof()
    first, *others = lines(answer(server))
    server.says_in_pieces(first, len(first))
    said = first
    for line in others:
        server.waits_until_read()
        if "held" not in server.notes and not server.sees_printed(len(said)):
            server.notes_down(
                held=f"{many(said)} of the answer had come, whole lines, and "
                f"{many(server.program.process.stdout)} were printed.")
        server.says(line)
        said += line
    server.half_closes()


@exercise.conversation("the server breaks off in the middle of its answer",
                       twin="polite")
def broken(server: Server) -> None:
    server.hears_to_eof()
    server.says(answer(server)[:len(server.stdin) // 2])
    server.waits_until_read()
    server.resets()


@exercise.conversation("the server hangs up after the first line",
                       twin="pieces")
def dead(server: Server) -> None:
    first, *others = lines(server.stdin)
    server.feeds(first)
    server.hears_soon(len(first))
    server.meeting.rest()
    server.hangs_up()
    for line in others:
        server.feeds(line)
        server.waits_until_fed()


# --- the checks, in the order of the report ----------------------------------

@exercise.check(10, "sends every byte of standard input", "01")
def whole_input(polite: Seen, large: Seen, pieces: Seen) -> None:
    for seen in polite, large, pieces:
        expect(seen).heard(seen.stdin)


@exercise.check(25, "sends FIN after it, and still listens", "03", about=True)
def half_close(polite: Seen) -> None:
    expect(polite, "a FIN follows the lines, and the answer meets no RST."
           ).eof().no_reset("EOF came, but the answer met a RST: nobody was "
                            "there to read it.")


@exercise.check(10, "prints the answer and exits 0", "03")
def answer_printed(polite: Seen) -> None:
    expect(polite).eof().prints(answer(polite)).exits(0)


@exercise.check(10, "prints every byte of it and no other", "01")
def whole_answer(polite: Seen, large: Seen) -> None:
    for seen in polite, large:
        expect(seen).eof().stdout_is(answer(seen))


@exercise.check(10, "prints an answer that comes in pieces", "03")
def answer_in_pieces(pieces: Seen) -> None:
    expect(pieces, "all of it is printed, though it begins with a single "
           "byte.").eof().prints(answer(pieces)).exits(0)


@exercise.check(5, "passes each line on before it waits", "02")
def as_it_comes(pieces: Seen) -> None:
    expect(pieces, "a line is passed on before the next is waited for."
           ).that("held" not in pieces.notes, "", pieces.notes.get("held", "")
                  ).eof().stayed(
        "It was gone before the answer had come.")


@exercise.check(3, "ends with no output if there was no input", "03")
def nothing_to_sort(empty: Seen, none: Seen) -> None:
    for seen in empty, none:
        expect(seen, "FIN comes, nothing is printed, and it exits 0."
               ).eof().prints_nothing().exits(0)


@exercise.check(8, "does not take a reset for an end", "01")
def broken_off(broken: Seen) -> None:
    expect(broken, "its read fails, and that is no EOF: a sentence on "
           "standard error, and status 1.").eof().stayed(
        "It was gone before the server broke off.").fails()


@exercise.check(5, "outlives a server that hangs up early", "05")
def dead_server(dead: Seen) -> None:
    expect(dead, "its write fails: a sentence on standard error, and status "
           "1. No signal kills it.").fails()


@exercise.check(5, "writes what a write has left over", "05")
def short_counts(short: Seen) -> None:
    expect(short).heard(short.stdin).eof().prints(answer(short)).exits(0)


exercise.check(5, "does not claim what it could not print", "01",
               slug="full-output")(command_lines.full_output)
exercise.check(2, "refuses one with status 2", "01",
               slug="wrong-command-line")(command_lines.usage_errors)


@exercise.check(2, "answers trouble with status 1", "01")
def trouble(submission: Submission) -> None:
    command_lines.client_trouble(submission)
    with open(os.devnull, "wb") as closed, \
            command_lines.room(submission) as tries:
        rsort, _ = tries.meets(says=b"", stdin=closed.fileno())
        tries.fails(rsort, "With a standard input that can't be read (rsort "
                    "0>/dev/null): a sentence on standard error, and status "
                    "1.")
