"""Exercise 04: a server that gives up in time, and not before.

A server is early by the judge's clock, which began before the server's can
have. It is late if it is found asleep, or computing, when it should have
ended.
"""

from __future__ import annotations

from ..judging import command_lines, inputs, scripts
from ..judging.exercise import Exercise
from ..judging.expect import Expect, Seen, expect
from ..judging.players import Client
from ..meeting import EOF

DRIP = 0.05  # seconds between two drips
SIP = 2048   # bytes

exercise = Exercise("server.c", "HOST PORT FILE SECONDS", judge_is=Client,
                    prefix="Message from client: ")

# What a server can see before it is met. A file does not begin with NUL. Of a
# large one more is left than can be on its way to a narrow client; of a huge
# one also after many sips, for buffers grow.
SMALL = inputs.binary(1_000, 2_000, b"F")
LARGE = inputs.binary(400_000, 500_000, b"F")
HUGE = inputs.binary(3_000_000, 3_100_000, b"F")
AMPLE = inputs.number(300, 900)      # seconds: nobody uses them up
PART = inputs.seconds(0.35, 0.42)    # each digit matters


# --- the conversations in which all is well ----------------------------------

exercise.also("prompt", scripts.thanks, "the client is prompt", file=SMALL,
              seconds=AMPLE, thanks=inputs.thanks(14, 29))
exercise.also("prompt_in_one", "prompt", seconds="1")
exercise.also("prompt_in_part", "prompt", seconds=PART)
exercise.also("prompt_large", "prompt_in_one",
              "the client is prompt, and the file large", file=LARGE,
              narrow=True)
exercise.also("prompt_huge", "prompt_large",
              "the client is prompt, and the file huge", file=HUGE)
exercise.also("early", scripts.early_thanks,
              "the client thanks before it reads", file=SMALL, seconds=AMPLE,
              stopped=True, thanks=inputs.untidy(20, 29))


@exercise.conversation("the client is slow, but in time", file=LARGE,
                       seconds="1000000", narrow=True,
                       thanks=inputs.thanks(14, 29))
def unhurried(client: Client) -> None:
    client.pauses(0.2)
    client.hears(len(client.file) // 2)
    client.pauses(0.2)
    client.hears_to_eof()
    for part in client.thanks[:4], client.thanks[4:]:
        client.pauses(0.2)
        client.says(part)
    client.half_closes()


# --- those in which the server has to end it ---------------------------------

@exercise.conversation("the client hears the file and never speaks",
                       twin="prompt_in_one")
def speechless(client: Client) -> None:
    client.hears_to_eof()
    client.uses_up_time()


exercise.also("late", "speechless", "the client comes late, and never speaks",
              comes_after=0.4)
exercise.also("part", "speechless", "the client never speaks",
              twin="prompt_in_part")


@exercise.conversation(f"the client says a byte every {DRIP:g} seconds",
                       twin="prompt_in_one")
def drips(client: Client) -> None:
    client.hears_to_eof()
    client.drips(b"T" * 1_000, DRIP)


@exercise.conversation("the client reads nothing", twin="prompt_large")
def deaf(client: Client) -> None:
    client.uses_up_time()


@exercise.conversation("the client reads a bit now and then",
                       twin="prompt_huge")
def sipping(client: Client) -> None:
    client.sips(SIP, DRIP / 2)


@exercise.conversation("the client takes most of the time to hear the file, "
                       "and then never speaks", twin="prompt_large")
def dawdling(client: Client) -> None:
    client.hears(SIP)
    client.uses_up_time()
    client.pauses(client.remaining - 0.35 * client.patience)
    client.hears()
    cut = client.end == EOF and len(client.heard) < len(client.file)
    client.late = client.late or cut or client.remaining < 0


exercise.also("thankless", scripts.no_thanks,
              "the client ends without thanks", twin="prompt")


@exercise.conversation("the client vanishes in the middle of the file",
                       twin="unhurried")
def gone(client: Client) -> None:
    client.hears(SIP)
    client.vanishes()


# --- the checks, in the order of the report ----------------------------------

@exercise.twins
def serves(seen: Seen) -> None:
    """Expect that the thanks are heard; the file is checked by `served`."""
    expect(seen, "it is served, and its thanks are printed.").eof(
    ).prints_message(seen.thanks.decode()).exits(0)


def gets_the_file(seen: Seen) -> Expect:
    """Expect the file's end; what is in it is checked by `served`."""
    return expect(seen).that(
        bool(seen.heard.data), "the client gets the file.", "Nothing came."
    ).eof()


@exercise.check(2, "says `listening on HOST PORT` when it does", "01")
def listens(prompt: Seen) -> None:
    expect(prompt).first_line(f"listening on 127.0.0.1 {prompt.port}")


@exercise.check(8, "sends FILE, prints the thanks, exits 0", "03")
def served(prompt: Seen, early: Seen, prompt_huge: Seen) -> None:
    for seen in prompt, early, prompt_huge:
        expect(seen).heard(seen.file).eof().two_lines(
            seen.thanks.decode()).exits(0)


@exercise.check(6, "serves who is merely slow", "06")
def slow(unhurried: Seen) -> None:
    serves(unhurried)


@exercise.check(12, "gives up on who never speaks", "06", about=True)
def silent(speechless: Seen) -> None:
    gets_the_file(speechless).gives_up_in_time()


@exercise.check(14, "gives up on who speaks a byte now and then", "06")
def dripping(drips: Seen) -> None:
    gets_the_file(drips).gives_up_in_time()


@exercise.check(12, "gives up on who reads nothing", "06")
def never_reads(deaf: Seen) -> None:
    expect(deaf).gives_up_in_time()


@exercise.check(6, "gives up on who reads a bit now and then", "06")
def sips(sipping: Seen) -> None:
    expect(sipping).gives_up_in_time()


@exercise.check(8, "has one clock for the file and the thanks", "06")
def one_clock(dawdling: Seen) -> None:
    gets_the_file(dawdling).gives_up_in_time()


@exercise.check(6, "starts it when accept returns", "06")
def late_comer(late: Seen) -> None:
    gets_the_file(late).gives_up_in_time()


@exercise.check(6, "counts parts of a second", "06")
def fractions(part: Seen) -> None:
    gets_the_file(part).gives_up_in_time()


@exercise.check(8, "gives up with a sentence and status 1", "06")
def says_so(speechless: Seen, drips: Seen, deaf: Seen) -> None:
    for seen in speechless, drips, deaf:
        if seen is speechless or not seen.ending.hang:
            expect(seen, "it gives up with a sentence on standard error, no "
                   "message, and status 1.").prints_no_message().fails()


@exercise.check(3, "does not wait on after EOF", "05")
def no_thanks(thankless: Seen) -> None:
    expect(thankless, "there is nothing to wait for. The server prints no "
           "message, says 'no thanks' on standard error, and exits 1."
           ).eof().prints_no_message().fails("no thanks")


@exercise.check(3, "does not die of a client that has gone", "05")
def vanishes(gone: Seen) -> None:
    expect(gone, "a call fails, and the server exits 1 at once."
           ).prints_no_message().fails()


exercise.check(2, "refuses SECONDS that are none, status 2", "06",
               slug="bad-seconds")(command_lines.bad_seconds)
exercise.check(2, "refuses one with status 2", "01",
               slug="wrong-command-line")(command_lines.usage_errors)
exercise.check(2, "answers trouble with status 1", "01", slug="trouble")(
    command_lines.server_trouble)
