"""Exercise 05: a client that thanks for whole files only.

What is on the disk is looked at while the client waits for the judge, when its
receipt comes, and when it has ended.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Optional

from ..judging import command_lines, inputs
from ..judging.exercise import Everything, Exercise, Trial
from ..judging.expect import Expect, Seen, expect
from ..judging.failure import Ending, Failed, compared, many, quoted
from ..judging.place import FILE, OLD_MODE
from ..judging.players import Server
from ..meeting import RESET
from ..sandbox import Exit

RECEIVED = b"Received file data\n"
DRIP = 0.05            # seconds between two drips
SMALL_DISK = 64 << 10  # bytes
GOOD_DISK = 1 << 20    # bytes

exercise = Exercise("client.c", "HOST PORT FILE [SECONDS]", judge_is=Server,
                    never="Received", otherwise="it claims nothing")

# What a client can see before it is met; the file it can't.
USUAL = {"file": inputs.binary(2_000, 5_000)}
OLD = {"old": inputs.binary(500, 500)}
BRIEF = {"seconds": inputs.seconds(0.90, 0.97)}  # each digit matters
AMPLE = {"seconds": inputs.number(300, 900)}     # nobody uses them up
SMALL = {**OLD, "disk": SMALL_DISK}


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
    server.notes_down(premature=False)
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

@exercise.conversation("all is well", **USUAL)
def good(server: Server) -> None:
    """Do all as it should be."""
    server.says(length(server))
    server.says(server.file)
    hear_receipt(server)


exercise.also("empty", good, "the file is empty", file=b"")
exercise.also("replaced", good, "there is an old FILE", **USUAL, **OLD)
exercise.also("elsewhere", good,
              "there is an old FILE, in a folder on another disk",
              file=inputs.binary(100_000, 200_000), **OLD, disk=GOOD_DISK)
exercise.also("fits", good, "the disk is small, and so is the file", **USUAL,
              **SMALL)
exercise.also("prompt", good, "the server is prompt", **USUAL, **BRIEF)


@exercise.conversation("the server is slow, but in time",
                       file=inputs.binary(20, 99), **AMPLE)
def unhurried(server: Server) -> None:
    """Do the same with pauses: in the length, in the file, before EOF."""
    line = length(server)
    for said in line[:1], line[1:], server.file[:1], server.file[1:]:
        server.says(said)
        server.pauses(0.1)
    hear_receipt(server)


# --- those in which something is wrong ---------------------------------------

@exercise.conversation("a folder takes the name of FILE, half way",
                       twin="good", **USUAL)
def taken(server: Server) -> None:
    """Let the name be taken before the file is whole."""
    say_half(server)
    server.place.put_a_folder()
    server.says(server.file[len(server.file) // 2:])
    hear_receipt(server)


@exercise.conversation("the server ends half way", twin="replaced", **USUAL,
                       **OLD)
def half(server: Server) -> None:
    """End half way."""
    say_half(server)
    hear_receipt(server)


@exercise.conversation("the whole file comes, and then one byte more",
                       twin="replaced", **USUAL, **OLD)
def one_more(server: Server) -> None:
    """Say a byte too many when the client waits for EOF."""
    server.says(length(server))
    server.says(server.file)
    look(server)
    server.notes_down(premature=bool(server.unread()))
    server.says(b"!")
    hear_receipt(server)


@exercise.conversation("one byte too many comes", twin="good", **USUAL)
def one_too_many(server: Server) -> None:
    """Say a byte too many in the same breath."""
    server.notes_down(premature=False)
    server.says(length(server) + server.file + b"!")
    hear_receipt(server)


exercise.also("one_for_none", one_too_many,
              "the file is empty, and a byte comes", twin="empty", file=b"")


@exercise.conversation("the server breaks off half way", twin="replaced",
                       **USUAL, **OLD)
def broken(server: Server) -> None:
    """Send RST half way."""
    say_half(server)
    server.resets()


@exercise.conversation("the server is gone when the file has come",
                       twin="good", **USUAL)
def gone(server: Server) -> None:
    """Do all as it should be, but go before the receipt."""
    server.says_all_and_vanishes(length(server) + server.file)


@exercise.conversation("the server never speaks", twin="prompt", **USUAL,
                       **BRIEF)
def speechless(server: Server) -> None:
    """Say nothing at all."""
    server.uses_up_time()


@exercise.conversation(f"a byte of the file comes every {DRIP:g} seconds",
                       twin="prompt", **USUAL, **BRIEF)
def drips(server: Server) -> None:
    """Say the file a byte at a time."""
    server.says(length(server))
    server.drips(server.file, DRIP)


@exercise.conversation(f"the disk has {SMALL_DISK >> 10} kB, and the file "
                       "more", twin="fits", **SMALL,
                       file=inputs.binary(150_000, 300_000))
def full(server: Server) -> None:
    """Do all as it should be."""
    server.notes_down(premature=False)
    good(server)


# --- words and questions -----------------------------------------------------

def at(data: Optional[bytes], seen: Seen) -> str:
    """Say what FILE held at some time."""
    if data is None:
        return "there was no FILE"
    if data == seen.file:
        return "FILE was whole"
    if data == seen.inputs.get("old"):
        return "FILE was the old one"
    return f"FILE held {compared(data, seen.file)}"


def receipt(seen: Seen) -> bytes:
    """Return what a client says that has the whole file."""
    return b"Thank you %d\n" % len(seen.file)


def satisfied(seen: Seen) -> bool:
    """Whether the client took what it got for the whole file.

    Where its receipt could not arrive, it is what it printed that tells.
    """
    return bool(seen.heard.data) or (seen.heard.end == RESET
                                     and RECEIVED in seen.printed)


def acknowledges(*seen: Seen) -> None:
    """Expect a receipt where all was well: else nothing was refused."""
    if not any(one.heard.data for one in seen):
        expect(seen[0], "it sends a receipt. One that never does has not "
               "refused anything.").that(False, "", expect(seen[0]).said())


def refuses(seen: Seen) -> Expect:
    """Expect no receipt, and an end."""
    wanted = expect(seen, "it sends no receipt, and ends.")
    return wanted.that(
        not seen.heard.data and not seen.premature, "", wanted.said(),
        "It had not waited for EOF." if seen.premature else "").ends()


# --- the checks, in the order of the report ----------------------------------

@exercise.check(7, "stores what came, to the last byte", "07")
def whole(good: Seen, empty: Seen, elsewhere: Seen) -> None:
    for seen in good, empty, elsewhere:
        expect(seen, f"FILE holds {many(seen.file)}, standard output is "
               f"{quoted(RECEIVED.decode())}, and the status is 0.").that(
            seen.stored == seen.file and seen.printed == RECEIVED
            and seen.ending.exit == Exit(status=0), "",
            f"At the end {at(seen.stored, seen)}. Standard output was "
            f"{quoted(seen.stdout)}.")


@exercise.check(4, "waits for a server that is merely slow", "06")
def slow(unhurried: Seen) -> None:
    expect(unhurried, "the client waits, and FILE is whole.").file_is(
        unhurried.file).exits(0)


@exercise.check(8, "says `Thank you BYTES`, then FIN", "07",
                slug="receipt")
def right_receipt(good: Seen, empty: Seen, elsewhere: Seen) -> None:
    for seen in good, empty, elsewhere:
        expect(seen).heard_just(receipt(seen))


@exercise.check(12, "sends no receipt before FILE has its name", "07")
def name_first(good: Seen, empty: Seen, elsewhere: Seen, taken: Seen) -> None:
    for seen in good, empty, elsewhere:
        if seen.heard.data:
            expect(seen).that(
                seen.when_thanked == seen.file,
                "FILE is whole when the receipt comes.",
                f"When it came {at(seen.when_thanked, seen)}.")
    expect(taken).that(
        taken.midway is None,
        "nothing has the name FILE until the file is whole.",
        f"Half way {at(taken.midway, taken)}.")
    expect(taken, "the file can't have its name, so there is no receipt for "
           "it.").that(taken.waits, "").heard_nothing()
    acknowledges(good)


@exercise.check(11, "does not take EOF for the end of the file", "07",
                about=True)
def short(half: Seen, replaced: Seen) -> None:
    refuses(half)
    acknowledges(replaced)


@exercise.check(8, "waits for EOF, and refuses a byte too many", "07")
def too_many(one_more: Seen, one_too_many: Seen, one_for_none: Seen,
             replaced: Seen, good: Seen, empty: Seen) -> None:
    for bad, well in ((one_more, replaced), (one_too_many, good),
                      (one_for_none, empty)):
        refuses(bad)
        acknowledges(well)


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
    "a length that ends without a newline": b"83915",
    "a length of twenty digits": b"18446744073709551621\nhello",
    "a length of 24 digits": b"5\nhello".rjust(30, b"0"),
    "a length that is one too large": b"9223372036854775808\n",
}


@exercise.check(8, "refuses a length that is none", "07")
def bad_length(trial: Trial) -> None:
    tries = [*LENGTHS.items(), *3 * [("the length 5", b"5\nhello")]]
    trial.rng("lengths").shuffle(tries)
    for what, said in tries:
        valid = what not in LENGTHS
        with command_lines.room(trial) as room:
            client, heard = room.meets(says=said)
            if client.hang or heard is None or (
                    valid != heard.startswith(b"Thank you")
                    or heard and not valid):
                raise Failed(
                    f"With {what}, {quoted(said.decode())}: " + (
                        "it sends a receipt." if valid else
                        "it hangs up, and says nothing."),
                    "It did not connect." if heard is None else
                    f"It said {quoted(heard.decode('latin-1'))}.",
                    Ending.of(client))


@exercise.check(5, "does not take a reset for an end", "05")
def reset(broken: Seen, replaced: Seen) -> None:
    expect(broken, "that is no EOF, and the client has no FILE.").that(
        RECEIVED not in broken.printed, "",
        f"It printed {quoted(broken.stdout)}.").ends().that(
        broken.ending.exit != Exit(status=0), "")
    acknowledges(replaced)


def gives_up(seen: Seen) -> None:
    """Expect that a client gives up in time, and says nothing."""
    expect(seen).heard_nothing().gives_up_in_time(
        "it began to connect", "it was started")


@exercise.check(5, "gives up on a server that never speaks", "06")
def silence(speechless: Seen, prompt: Seen) -> None:
    gives_up(speechless)
    acknowledges(prompt)


@exercise.check(5, "gives up on a server that drips", "06")
def dripping(drips: Seen, prompt: Seen) -> None:
    gives_up(drips)
    acknowledges(prompt)


@exercise.check(6, "sends no receipt for what was not stored", "07")
def full_disk(full: Seen, fits: Seen) -> None:
    refuses(full)
    acknowledges(fits)


@exercise.check(6, "leaves FILE as it was until all is well", "07")
def keeps_the_old(half: Seen, one_more: Seen, broken: Seen, full: Seen,
                  replaced: Seen) -> None:
    for seen in half, one_more, broken, full:
        wanted = expect(seen, "FILE stays as it was.")
        if seen.notes.get("waits"):
            wanted.that(seen.midway == seen.old, "", "When the client waited "
                        f"for more {at(seen.midway, seen)}.")
        wanted.that(seen.stored == seen.old or satisfied(seen)
                    or bool(seen.ending.hang), "",
                    f"At the end {at(seen.stored, seen)}.")
    acknowledges(replaced)


@exercise.check(5, "leaves nothing else behind", "07")
def nothing_left(everything: Everything) -> None:
    for seen in everything.values():
        if seen.ending.hang and not seen.trouble:
            continue
        others = list(seen.others)
        if "old" not in seen.inputs and seen.stored not in (None, seen.file):
            others.append(f"{FILE}, with {compared(seen.stored, seen.file)}")
        expect(seen).that(
            not others, f"in the folder there is FILE ({FILE}) at the end, if "
            "it was there or is whole, and nothing else.",
            "There is " + ", ".join(others) + ".")
    acknowledges(everything["good"])


@exercise.check(4, "complains and exits 1 if anything went wrong", "07")
def status(everything: Everything, gone: Seen) -> None:
    expect(gone, "its receipt can't be sent: a sentence on "
           "standard error, and status 1. No signal kills it.").fails()
    wrong = [seen for name, seen in everything.items()
             if exercise.conversations[name].twin and name != "gone"]
    noticed = [seen for seen in wrong
               if seen.trouble or not (seen.ending.hang or satisfied(seen))]
    for seen in noticed:
        expect(seen, "there is a sentence on standard error, and the status "
               "is 1.").complains().exits(1).that(
            RECEIVED not in seen.printed, "",
            f"It printed {quoted(seen.stdout)}.")
    expect(wrong[0]).that(bool(noticed), "it complains.", "It complained "
                          "neither here nor where anything else went wrong.")
    acknowledges(everything["good"])


def umask() -> int:
    """Return what the programs' umask is: ours (proc(5))."""
    text = Path("/proc/self/status").read_text()
    return int(re.search(r"^Umask:\s+(\d+)", text, re.M)[1], 8)


@exercise.check(2, "gives FILE the mode that it ought to have", "07")
def mode(good: Seen, elsewhere: Seen) -> None:
    for seen, due in (good, 0o666 & ~umask()), (elsewhere, OLD_MODE):
        expect(seen, f"the mode of FILE is {due:04o}.").that(
            seen.stored is not None, "", "There is no FILE.").that(
            seen.mode == due, "", f"It is {seen.mode:04o}.")


@exercise.check(2, "refuses one with status 2", "06")
def wrong_command_line(trial: Trial) -> None:
    command_lines.usage_errors(trial)
    command_lines.bad_seconds(trial)


exercise.check(2, "answers trouble with status 1", "05", slug="trouble")(
    command_lines.client_trouble)
