"""Exercise 03: a client that has every byte, or says no thanks."""

from __future__ import annotations

from ..judging import command_lines, faults, inputs
from ..judging.exercise import Exercise
from ..judging.expect import Seen, expect
from ..judging.players import Server

THANKS = b"Thank you"
RECEIVED = b"Received file data\n"
DISK = 32_768  # bytes, of a disk that is too small

exercise = Exercise("client.c", "HOST PORT FILE", judge_is=Server,
                    never="Received", otherwise="nothing on standard output")


# --- the conversations -------------------------------------------------------

@exercise.conversation("the file comes in one piece, over a longer one",
                       file=inputs.binary(2_000, 3_000),
                       old=inputs.binary(4_000, 4_000))
def polite(server: Server) -> None:
    server.says(server.file)
    server.half_closes()
    server.hears()


exercise.also("large", "polite", "the file is large", old=None,
              file=inputs.binary(66_000, 70_000))
exercise.also("empty", "large", "the file is empty", file=b"")
exercise.also("short", "large", "each write takes a single byte",
              file=inputs.letters(300, 400), fault=faults.SHORT_WRITES)
exercise.also("write", "short",
              "signals interrupt it while it waits to write",
              fault=faults.interrupted(faults.WRITES))
exercise.also("connect", "short", "a signal interrupts it while it connects",
              fault=faults.interrupted_once("connect"))
exercise.also("close", "short", "a signal interrupts its first close",
              fault=faults.interrupted_once("close"))
exercise.also("fits", "short", "the disk is small, and so is the file",
              disk=DISK, fault=None)
exercise.also("full", "fits", "the disk has no room for the end of the file",
              twin="fits", file=inputs.letters(DISK + 50, DISK + 120))


@exercise.conversation("the file comes in pieces",
                       file=inputs.letters(300, 400))
def pieces(server: Server) -> None:
    server.says_in_pieces(server.file, len(server.file) // 11)
    server.waits_until_read()
    server.notes_down(early=server.unread())
    server.half_closes()
    server.hears()


exercise.also("read", "pieces", "signals interrupt it while it waits to read",
              fault=faults.interrupted(faults.READS))


@exercise.conversation("the server breaks off in the middle of the file",
                       twin="pieces")
def broken(server: Server) -> None:
    server.says(server.file[:len(server.file) // 2])
    server.waits_until_read()
    server.notes_down(early=server.unread())
    server.resets()


@exercise.conversation("the server is gone when the file has come",
                       twin="pieces")
def gone(server: Server) -> None:
    server.says_all_and_vanishes(server.file)


# --- the checks, in the order of the report ----------------------------------

def has_it(seen: Seen) -> None:
    """Expect the file, whatever came in between."""
    expect(seen).file_is(seen.file).exits(0)


def has_it_and_thanks(seen: Seen) -> None:
    """Expect thanks as well; what follows them is checked by `thanks`."""
    has_it(seen)
    expect(seen).heard_first(THANKS)


@exercise.check(5, "stores every byte", "01")
def whole_file(polite: Seen, large: Seen, empty: Seen) -> None:
    for seen in polite, large, empty:
        expect(seen).file_is(seen.file)


@exercise.check(5, "thanks after EOF, in nine bytes", "03")
def thanks(polite: Seen, empty: Seen) -> None:
    for seen in polite, empty:
        expect(seen, "after its FIN the server hears the nine bytes "
               f"{THANKS.decode()!r} and a FIN, and the client exits 0."
               ).heard_just(THANKS).exits(0)


@exercise.check(2, "prints `Received file data` and no more", "03")
def says_received(polite: Seen) -> None:
    expect(polite).stdout_is(RECEIVED)


@exercise.check(5, "reads to EOF before it says anything", "03")
def in_pieces(pieces: Seen) -> None:
    expect(pieces).that(
        not pieces.early, "nothing is said before the server's FIN.",
        f"The server had {pieces.early} bytes of thanks before it had sent "
        "its FIN.")
    has_it(pieces)


@exercise.check(15, "writes what a write has left over", "05", about=True)
def short_counts(short: Seen) -> None:
    has_it_and_thanks(short)


@exercise.check(10, "reads again after a signal", "05")
def interrupted_read(read: Seen) -> None:
    has_it(read)


@exercise.check(10, "writes again after a signal", "05")
def interrupted_write(write: Seen) -> None:
    has_it_and_thanks(write)


@exercise.check(6, "lets a connect go on after a signal", "05")
def interrupted_connect(connect: Seen) -> None:
    has_it(connect)


@exercise.check(4, "closes once, signal or not", "05")
def interrupted_close(close: Seen) -> None:
    has_it(close)


@exercise.check(12, "does not thank for half a file", "05")
def broken_off(broken: Seen) -> None:
    expect(broken, "its read fails, and that is no EOF: nothing is printed "
           "but a sentence on standard error, and the status is 1.").stayed(
        "It was gone before the server broke off.").that(
        not broken.early, "", "It said its thanks before the end."
    ).prints_nothing().fails()


@exercise.check(15, "does not thank for what is not on disk", "05")
def full_disk(full: Seen, fits: Seen) -> None:
    expect(full, "no thanks, nothing printed but a sentence on standard "
           "error, and status 1.").heard_nothing().prints_nothing().fails()
    has_it(fits)


@exercise.check(5, "outlives a server that has gone", "05")
def server_gone(gone: Seen) -> None:
    expect(gone, "its write of the thanks fails: a sentence on standard "
           "error, and status 1. No signal kills it.").fails()


exercise.check(2, "does not claim what it could not print", "05",
               slug="full-output")(command_lines.full_output)
exercise.check(2, "connects before it touches FILE", "05",
               slug="nobody-there")(command_lines.nobody_listens)
exercise.check(1, "refuses one with status 2", "01",
               slug="wrong-command-line")(command_lines.usage_errors)
exercise.check(1, "answers trouble with status 1", "01", slug="trouble")(
    command_lines.storing_trouble)
