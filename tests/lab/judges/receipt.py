"""Exercise 05: a client that thanks for whole files only.

What is on the disk is looked at while the client waits for the judge, when its
receipt comes, and when it has ended.
"""

from __future__ import annotations

from ..judging import command_lines, inputs
from ..judging.exercise import Everything, Exercise, Submission
from ..judging.expect import Expect, Seen, expect
from ..judging.place import OLD_MODE, new_mode
from ..judging.players import Server
from ..meeting import RESET
from ..sandbox import Exit

RECEIVED = b"Received file data\n"
DRIP = 0.05            # seconds between two drips
SMALL_DISK = 64 << 10  # bytes
GOOD_DISK = 1 << 20    # bytes
UMASK = 0o007          # as hardly anybody has it

exercise = Exercise("client.c", "HOST PORT FILE [SECONDS]", judge_is=Server,
                    never="Received", otherwise="it claims nothing")


# --- what the server does ----------------------------------------------------

def length(server: Server) -> bytes:
    """Return the line that announces the file."""
    return b"%d\n" % len(server.file)


def look(server: Server) -> None:
    """Look at FILE once the client has read all, and waits for more."""
    waits = server.is_read()
    server.notes_down(waits=waits, midway=server.place.stored())


def say_half(server: Server) -> None:
    """Announce the file, and say the first half of it."""
    server.says(length(server))
    server.says(server.file[:len(server.file) // 2])
    look(server)


def hear_receipt(server: Server) -> None:
    """End, and look at FILE when the receipt comes."""
    server.half_closes()
    server.waits_for_input()
    server.notes_down(when_thanked=server.place.stored())
    server.hears()


# --- the conversations in which all is well ----------------------------------

@exercise.conversation("all is well", file=inputs.binary(2_000, 5_000))
def good(server: Server) -> None:
    server.says(length(server))
    server.says(server.file)
    hear_receipt(server)


exercise.also("empty", "good", "the file is empty", file=b"")
exercise.also("replaced", "good", "there is an old FILE",
              old=inputs.binary(500, 500))
exercise.also("elsewhere", "replaced",
              "there is an old FILE, in a folder on another disk",
              file=inputs.binary(100_000, 200_000), disk=GOOD_DISK)
exercise.also("fits", "replaced", "the disk is small, and so is the file",
              disk=SMALL_DISK)
exercise.also("prompt", "good", "the server is prompt",
              seconds=inputs.seconds(0.90, 0.97))  # each digit matters


@exercise.conversation("the server is slow, but in time",
                       file=inputs.binary(20, 99), umask=UMASK,
                       seconds=inputs.number(300, 900))  # nobody uses them up
def unhurried(server: Server) -> None:
    line = length(server)
    for said in line[:1], line[1:], server.file[:1], server.file[1:]:
        server.says(said)
        server.pauses(0.1)
    hear_receipt(server)


# --- those in which something is wrong ---------------------------------------

@exercise.conversation("a folder takes the name of FILE, half way",
                       twin="good")
def taken(server: Server) -> None:
    say_half(server)
    server.place.put_a_folder()
    server.says(server.file[len(server.file) // 2:])
    hear_receipt(server)


@exercise.conversation("the server ends half way", twin="replaced")
def half(server: Server) -> None:
    say_half(server)
    hear_receipt(server)


@exercise.conversation("the whole file comes, and then one byte more",
                       twin="replaced")
def one_more(server: Server) -> None:
    server.says(length(server))
    server.says(server.file)
    look(server)
    server.notes_down(premature=bool(server.unread()))
    server.says(b"!")
    hear_receipt(server)


@exercise.conversation("one byte too many comes", twin="good")
def one_too_many(server: Server) -> None:
    server.says(length(server) + server.file + b"!")
    hear_receipt(server)


exercise.also("one_for_none", "one_too_many",
              "the file is empty, and a byte comes", twin="empty")


@exercise.conversation("the server breaks off half way", twin="replaced")
def broken(server: Server) -> None:
    say_half(server)
    server.resets()


@exercise.conversation("the server is gone when the file has come",
                       twin="good")
def gone(server: Server) -> None:
    server.says_all_and_vanishes(length(server) + server.file)


@exercise.conversation("the server never speaks", twin="prompt")
def speechless(server: Server) -> None:
    server.uses_up_time()


def wait_most_of_it(server: Server) -> None:
    """Let most of the client's time pass."""
    server.uses_up_time()
    server.pauses(server.remaining - 0.2 * server.patience)


@exercise.conversation("the server begins the length late, and says no more",
                       twin="prompt")
def begun(server: Server) -> None:
    wait_most_of_it(server)
    server.says(length(server)[:1])


@exercise.conversation("the last byte comes late, and EOF never",
                       twin="prompt")
def endless(server: Server) -> None:
    server.says(length(server) + server.file[:-1])
    wait_most_of_it(server)
    server.says(server.file[-1:])


@exercise.conversation(f"a byte of the file comes every {DRIP:g} seconds",
                       twin="prompt")
def drips(server: Server) -> None:
    server.says(length(server))
    server.drips(server.file, DRIP)


exercise.also("full", "fits", f"the disk has {SMALL_DISK >> 10} kB, and the "
              "file more", twin="fits", file=inputs.binary(150_000, 300_000))


# --- the checks, in the order of the report ----------------------------------

@exercise.twins
def acknowledges(seen: Seen) -> None:
    """Expect a receipt where all is well."""
    wanted = expect(seen, "it sends a receipt. One that never does has not "
                    "refused anything.")
    wanted.that(bool(seen.heard.data), "", wanted.said())


def refuses(seen: Seen) -> Expect:
    """Expect no receipt, and an end."""
    wanted = expect(seen, "it sends no receipt, and ends.")
    premature = seen.notes.get("premature")
    return wanted.that(
        not seen.heard.data and not premature, "", wanted.said(),
        "It had not waited for EOF." if premature else "").ends()


def satisfied(seen: Seen) -> bool:
    """Whether the client took what it got for the whole file.

    Where its receipt could not arrive, it is what it printed that tells.
    """
    return bool(seen.heard.data) or (seen.heard.end == RESET
                                     and RECEIVED in seen.printed)


def noticed(seen: Seen) -> bool:
    """Whether the client came to know that it hasn't the whole file."""
    return bool(seen.trouble) or not (seen.ending.hang or satisfied(seen))


@exercise.check(7, "stores what came, to the last byte", "07")
def whole(good: Seen, empty: Seen, elsewhere: Seen) -> None:
    for seen in good, empty, elsewhere:
        expect(seen).file_was("At the end", seen.stored, seen.file).stdout_is(
            RECEIVED).exits(0)


@exercise.check(4, "waits for a server that is merely slow", "06")
def slow(unhurried: Seen) -> None:
    expect(unhurried, "the client waits, and FILE is whole.").file_is(
        unhurried.file).exits(0)


@exercise.check(8, "says `Thank you BYTES`, then FIN", "07")
def receipt(good: Seen, empty: Seen, elsewhere: Seen) -> None:
    for seen in good, empty, elsewhere:
        expect(seen).heard_just(b"Thank you %d\n" % len(seen.file))


@exercise.check(12, "sends no receipt before FILE has its name", "07")
def name_first(good: Seen, empty: Seen, elsewhere: Seen, taken: Seen) -> None:
    for seen in good, empty, elsewhere:
        if seen.heard.data:
            expect(seen, "FILE is whole when the receipt comes.").file_was(
                "When it came", seen.when_thanked, seen.file)
    expect(taken).file_was("Half way", taken.midway, None)
    expect(taken, "the file can't have its name, so there is no receipt for "
           "it.").that(taken.waits, "").heard_nothing()


@exercise.check(11, "does not take EOF for the end of the file", "07",
                about=True)
def short(half: Seen) -> None:
    refuses(half)


@exercise.check(8, "waits for EOF, and refuses a byte too many", "07")
def too_many(one_more: Seen, one_too_many: Seen, one_for_none: Seen) -> None:
    for seen in one_more, one_too_many, one_for_none:
        refuses(seen)


LENGTHS = {
    "no length at all": b"",
    "an empty line for a length": b"\nhello",
    "a negative length": b"-5\nhello",
    "a length with a sign": b"+5\nhello",
    "a length behind a blank": b" 5\nhello",
    "letters for a length": b"five\nhello",
    "a length with a letter behind it": b"5x\nhello",
    "a length with a blank behind it": b"5 \nhello",
    "a length in base 16": b"0x5\nhello",
    "a length that ends without a newline": b"0",
    "a length that ends in CR and newline": b"5\r\nhello",
    "a length with a NUL behind it": b"5\0\nhello",
    "the length 4294967301, and five bytes": b"4294967301\nhello",
    "a length of twenty digits": b"18446744073709551621\nhello",
    "a length of 24 digits": b"5\nhello".rjust(30, b"0"),
    "a length that is one too large": b"9223372036854775808\n",
}
VALID = {"the length 5": b"5\nhello",
         "the length 12, in 19 digits": b"12\nhello, hello".rjust(32, b"0")}


@exercise.check(8, "refuses a length that is none", "07")
def bad_length(submission: Submission) -> None:
    tries = [*LENGTHS.items(), *2 * [*VALID.items()]]
    submission.rng("lengths").shuffle(tries)
    for what, said in tries:
        with command_lines.room(submission) as room:
            cut = said.startswith(b"4294967301\n")  # see short
            room.thanks(what, said, what in VALID,
                        spared=b"Thank you 4294967301\n" if cut else b"")


@exercise.check(5, "does not take a reset for an end", "05")
def reset(broken: Seen) -> None:
    expect(broken, "that is no EOF, and the client has no FILE."
           ).prints_no(RECEIVED).ends().that(
        broken.ending.exit != Exit(status=0), "")


@exercise.check(5, "gives up on a server that never speaks", "06")
def silence(speechless: Seen) -> None:
    expect(speechless).heard_nothing().gives_up_in_time()


@exercise.check(5, "gives up on a server that drips", "06")
def dripping(drips: Seen, begun: Seen, endless: Seen) -> None:
    for seen in drips, begun, endless:
        if seen is not endless or not satisfied(seen):  # see too_many
            expect(seen).heard_nothing().gives_up_in_time()


@exercise.check(6, "sends no receipt for what was not stored", "07")
def full_disk(full: Seen) -> None:
    refuses(full)


@exercise.check(6, "leaves FILE as it was until all is well", "07")
def keeps_the_old(everything: Everything) -> None:
    for name in "half", "one_more", "broken", "full":
        seen = everything[name]
        if seen.notes.get("waits"):
            expect(seen).file_was("When the client waited for more",
                                  seen.midway, seen.old)
        if noticed(seen):
            expect(seen).file_was("At the end", seen.stored, seen.old)
    acknowledges(everything["replaced"])


@exercise.check(5, "leaves nothing else behind", "07")
def nothing_left(everything: Everything) -> None:
    for seen in everything.values():
        if seen.trouble or not seen.ending.hang:
            expect(seen).leaves_nothing_else()
    acknowledges(everything["good"])


@exercise.check(4, "complains and exits 1 if anything went wrong", "07")
def status(everything: Everything, gone: Seen) -> None:
    expect(gone, "its receipt can't be sent: a sentence on "
           "standard error, and status 1. No signal kills it.").fails()
    wrong = [seen for name, seen in everything.items()
             if exercise.conversations[name].twin and name != "gone"]
    expect(wrong[0]).that(any(map(noticed, wrong)), "it complains.",
                          "It complained neither here nor where anything else "
                          "went wrong.")
    for seen in filter(noticed, wrong):
        expect(seen, "there is a sentence on standard error, and the status "
               "is 1.").fails().prints_no(RECEIVED)


@exercise.check(2, "gives FILE the mode that it ought to have", "07")
def mode(good: Seen, unhurried: Seen, elsewhere: Seen) -> None:
    expect(good).mode_is(new_mode())
    if unhurried.stored is not None:  # else see slow
        expect(unhurried).mode_is(0o666 & ~UMASK, f"the umask {UMASK:04o}")
    expect(elsewhere).mode_is(OLD_MODE)


@exercise.check(2, "refuses one with status 2", "06")
def wrong_command_line(submission: Submission) -> None:
    command_lines.usage_errors(submission)
    command_lines.bad_seconds(submission)


exercise.check(2, "answers trouble with status 1", "05", slug="trouble")(
    command_lines.client_trouble)
