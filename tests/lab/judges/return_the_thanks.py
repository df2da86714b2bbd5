"""Exercise 01: a server that hears its client's thanks."""

from __future__ import annotations

from ..judging import command_lines, inputs, scripts
from ..judging.exercise import Exercise
from ..judging.expect import Seen, expect
from ..judging.players import Client

BOUND = 1024  # bytes of thanks that a server must take, and no more

exercise = Exercise("server.c", "HOST PORT FILE", judge_is=Client,
                    prefix="Message from client: ")

# --- the conversations -------------------------------------------------------

exercise.also("polite", scripts.thanks,
              "the client says its thanks in one piece",
              file=inputs.binary(31, 3_000, after=1_000),
              port=inputs.either(inputs.port(False), inputs.port(True)),
              thanks=inputs.thanks(12, 29))
exercise.also("textbook", "polite",
              "the file is empty, the thanks end in a NUL", file=b"", port=0,
              thanks=inputs.thanks(13, 29, b"\0"))
exercise.also("longest", "polite",
              f"the client's thanks are {BOUND:,} bytes long",
              file=inputs.binary(70_000, 140_000), port=0,
              thanks=inputs.thanks(BOUND, BOUND))
exercise.also("early", scripts.early_thanks,
              "the client thanks before it reads, and its thanks have "
              "blanks, newlines, '%' and '\u00e9' in them",
              file=inputs.binary(1, 1), port=0, stopped=True,
              thanks=inputs.untidy(20, 29))
exercise.also("silent", scripts.no_thanks, "the client ends without thanks",
              twin="polite", thanks=b"")


@exercise.conversation("the client says its thanks in pieces",
                       file=inputs.multiple_of(30, 2, 8), port=65_535,
                       thanks=inputs.thanks(20, 29), step=inputs.number(2, 5))
def pieces(client: Client) -> None:
    client.hears_to_eof()
    client.says_in_pieces(client.thanks, int(client.step))
    client.half_closes()


@exercise.conversation(f"the client says {BOUND + 1:,} bytes, and no FIN",
                       twin="polite",
                       thanks=inputs.thanks(BOUND + 1, BOUND + 1))
def too_much(client: Client) -> None:
    client.hears_to_eof()
    client.says(client.thanks[:BOUND])
    client.waits_until_read()
    client.says(client.thanks[BOUND:])


@exercise.conversation("the client breaks off in the middle of its thanks",
                       twin="polite", thanks=inputs.thanks(20, 29))
def broken(client: Client) -> None:
    client.hears_to_eof()
    client.says(client.thanks[:len(client.thanks) // 2])
    client.waits_until_read()
    client.resets()


# --- the checks, in the order of the report ----------------------------------

def text(seen: Seen) -> str:
    """Return the thanks as they are to be printed."""
    return seen.thanks.removesuffix(b"\0").decode()


@exercise.check(3, "says `listening on HOST PORT` when it does", "01")
def listens(polite: Seen, pieces: Seen, textbook: Seen) -> None:
    for seen in polite, pieces, textbook:
        expect(seen).first_line(
            f"listening on 127.0.0.1 {seen.asked or seen.port}")


exercise.check(3, "listens at HOST and nowhere else", "01")(
    command_lines.only_there)


@exercise.check(5, "sends every byte of FILE", "01")
def whole_file(polite: Seen, pieces: Seen, textbook: Seen, longest: Seen,
               early: Seen) -> None:
    for seen in polite, pieces, textbook, longest, early:
        expect(seen).heard(seen.file)


@exercise.check(25, "sends FIN after the file, and still listens", "03",
                about=True)
def half_close(polite: Seen) -> None:
    expect(polite, "a FIN follows the file, and the thanks meet no RST."
           ).eof().no_reset("EOF came, but the thanks were answered with a "
                            "RST: nobody read them to the end.")


@exercise.check(15, "prints the thanks and exits 0", "03")
def thanks_heard(polite: Seen) -> None:
    expect(polite).eof().prints_message(text(polite)).exits(0)


@exercise.check(10, "prints the message and not a byte more", "01")
def exact_message(polite: Seen, textbook: Seen, early: Seen) -> None:
    for seen in polite, textbook, early:
        expect(seen).eof().two_lines(text(seen))


@exercise.check(15, "hears thanks that come in pieces", "03")
def thanks_in_pieces(pieces: Seen) -> None:
    expect(pieces, f"all of {text(pieces)!r} is printed, though it begins "
           "with a single byte."
           ).eof().prints_message(text(pieces)).exits(0)


@exercise.check(5, f"hears thanks of {BOUND:,} bytes", "05")
def long_thanks(longest: Seen) -> None:
    expect(longest, "all of it is printed, and the server exits 0."
           ).eof().prints_message(text(longest)).exits(0)


@exercise.check(5, f"refuses thanks of {BOUND + 1:,} bytes", "05")
def too_long(too_much: Seen) -> None:
    expect(too_much, "the server need not wait for a FIN to know that this is "
           "too much; it prints no message, and exits 1."
           ).eof().stayed(f"It did not wait for more when {BOUND:,} bytes had "
                          "come.").prints_no_message().fails()


@exercise.check(5, "does not take EOF alone for thanks", "03")
def no_thanks(silent: Seen) -> None:
    expect(silent).eof().stayed(
        "It was gone before the client had ended."
    ).prints_no_message().fails("no thanks")


@exercise.check(5, "does not take a reset for an end", "01")
def broken_off(broken: Seen) -> None:
    expect(broken, "the server's read fails, and that is no EOF: it prints no "
           "message, and exits 1.").eof().stayed(
        "It was gone before the client broke off."
    ).prints_no_message().fails()


exercise.check(2, "refuses one with status 2", "01",
               slug="wrong-command-line")(command_lines.usage_errors)
exercise.check(2, "answers trouble with status 1", "01", slug="trouble")(
    command_lines.server_trouble)
