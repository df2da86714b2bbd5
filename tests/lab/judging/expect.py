"""What was seen of a conversation, and what a check expects of it.

    expect(polite).eof().prints_message(polite.text).exits(0)

Each expectation that is not met raises Failed, with a sentence that says what
was expected and one that says what happened. A check which has a better word
for the former gives it: expect(polite, "a FIN follows the file").
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional

from ..ladder import Ladder, ladder
from ..meeting import EOF, NOTHING, Heard
from ..outcome import Outcome
from ..sandbox import Exit
from .failure import Ending, Failed, compared, many, quoted
from .place import FILE
from .players import LATE

NEARLY = 0.01  # seconds too early that nobody minds


@dataclass(frozen=True)
class Seen:
    """A conversation that has ended.

    `title` is what it was about; `inputs` were drawn, and `notes` were made by
    the script: both are attributes as well. Notes that a script did not make,
    because it was not `finished`, are None. `trouble` is why there was no
    conversation; `first_output` is what a server had printed before a client
    came, `stayed` whether the program was there at every step, `reset` whether
    its other end met a RST. `lasted` is in seconds, None if the program did
    not end in time; `too_slow` says that the judge was, so that nothing can
    be said. `stored`, `mode` and `others` are FILE, and what is beside it.
    `judge` is the judge's part in it, "client" or "server". `evaded` says how
    its calls kept clear of a fault.
    """

    title: str
    judge: str
    prefix: str
    inputs: Mapping[str, Any]
    outcome: Outcome
    port: int = 0
    trouble: str = ""
    first_output: str = ""
    heard: Heard = Heard(b"", NOTHING)
    stayed: bool = False
    reset: bool = False
    lasted: Optional[float] = None
    too_slow: bool = False
    stored: Optional[bytes] = None
    mode: int = 0
    others: tuple[str, ...] = ()
    printed: bytes = b""
    ending: Ending = field(default_factory=Ending)
    notes: Mapping[str, Any] = field(default_factory=dict)
    finished: bool = False
    evaded: str = ""

    def __getattr__(self, name: str) -> Any:
        for known in ("notes", "inputs"):
            if name in self.__dict__.get(known, ()):
                return self.__dict__[known][name]
        if name.startswith("__") or self.__dict__.get("finished", True):
            raise AttributeError(name)
        return None

    @property
    def when(self) -> str:
        """What the conversation was about, as a sentence begins."""
        seconds = self.inputs.get("seconds")
        return (f"With SECONDS {seconds}, when {self.title}" if seconds
                else f"When {self.title}")

    @property
    def stdout(self) -> str:
        """Standard output, as text."""
        return self.printed.decode(errors="replace")

    @property
    def message(self) -> Optional[str]:
        """All that was printed behind the prefix; None for no message."""
        _, found, rest = self.stdout.partition(self.prefix)
        return rest if found else None

    @functools.cached_property
    def ladder(self) -> Optional[Ladder]:
        """What crossed; None if nothing did."""
        return None if self.trouble else ladder(self.outcome, f"{self.when}:")

    def ended(self) -> str:
        """Say what came in place of EOF; "" if EOF came."""
        if self.heard.end == EOF:
            return ""
        sent = self.inputs.get("file") if self.judge == "client" else None
        if self.heard.end == NOTHING and sent is not None \
                and len(self.heard.data) > len(sent):
            return (f"{many(self.heard.data)} came, more than FILE, and no "
                    "end of it.")
        came = f"{many(self.heard.data)} came, then "
        return came + (f"nothing: no FIN, so the {self.judge} still waits for "
                       "the end." if self.heard.end == NOTHING else "a RST.")

    def shown(self, text: str = "") -> str:
        """Say what message was printed; `text` is what it was to be."""
        if self.message is None:
            return "It printed no message."
        return f"It printed the message {quoted(self.message)}." + \
            self.left_in_buffer(text)

    def left_in_buffer(self, text: str) -> str:
        """Say that a message goes on with what nobody sent, if it does."""
        message = (self.message or "").removesuffix("\n")
        same = len(os.path.commonprefix([message, text]))
        if same in (0, len(message)) or message[same:] in text:
            return ""
        heard = "1 byte was" if same == 1 else f"{same:,} bytes were"
        return f" {heard} heard, the rest was in the program's buffer."


class Expect:
    """Expectations about one conversation; each returns the next.

    `wanted` is what is said to be expected, whichever is not met.
    """

    def __init__(self, seen: Seen, wanted: str = "") -> None:
        self.seen = seen
        self._wanted = wanted

    def that(self, met: bool, wanted: str, *happened: str) -> Expect:
        """Expect anything; both are sentences, without "When ...".

        A conversation that did not take place meets nothing.
        """
        seen = self.seen
        if met and not seen.trouble:
            return self
        raise Failed(f"{seen.when}: {self._wanted or wanted}",
                     seen.trouble or " ".join(filter(None, happened)),
                     seen.ending, seen.ladder)

    # --- what came over the connection ---------------------------------------

    def first_line(self, line: str) -> Expect:
        """Expect a line on standard output before anybody came."""
        first = self.seen.first_output
        return self.that(
            first == line + "\n", f"it first prints {quoted(line)}.",
            f"It printed {quoted(first)}." if first else
            "It listens, and nothing has come out. Is the line flushed?")

    def heard(self, data: bytes) -> Expect:
        """Expect that exactly these bytes came."""
        came = self.seen.heard.data
        return self.that(came == data,
                         f"the {self.seen.judge} gets {many(data)}.",
                         f"It got {compared(came, data)}.")

    def heard_just(self, data: bytes) -> Expect:
        """Expect that just these bytes came, and a FIN."""
        return self.that(self.seen.heard == Heard(data, EOF),
                         f"it says {quoted(data.decode('latin-1'))}, and then "
                         "ends.", self.said())

    def heard_first(self, data: bytes) -> Expect:
        """Expect that what came begins with these bytes."""
        return self.that(self.seen.heard.data.startswith(data),
                         f"the {self.seen.judge} hears "
                         f"{quoted(data.decode('latin-1'))}.", self.said())

    def heard_nothing(self) -> Expect:
        """Expect that no byte came."""
        return self.that(not self.seen.heard.data, "nothing is said.",
                         self.said())

    def said(self) -> str:
        """Say what came."""
        heard = self.seen.heard
        if not heard.data:
            return f"The {self.seen.judge} heard nothing."
        end = {EOF: "", NOTHING: ", and no FIN"}.get(
            heard.end, ", and then a RST")
        said = quoted(heard.data.decode("latin-1"))
        return f"The {self.seen.judge} heard {said}{end}."

    def eof(self) -> Expect:
        """Expect a FIN."""
        return self.that(self.seen.heard.end == EOF, "a FIN follows.",
                         self.seen.ended())

    def no_reset(self, happened: str) -> Expect:
        """Expect that what we said met no RST."""
        return self.that(not self.seen.reset, "no RST comes.", happened)

    def stayed(self, happened: str) -> Expect:
        """Expect that the program was there until we had done all."""
        return self.that(self.seen.stayed, "it waits until the "
                         f"{self.seen.judge} is done.", happened)

    def seen_calling(self) -> Expect:
        """Expect that a fault of the conversation was not evaded."""
        evaded = self.seen.evaded
        return self.that(
            not evaded, "the program makes its calls through the C library, "
            "where this can be done to them.",
            f"{evaded[:1].upper()}{evaded[1:]}.")

    # --- what was printed ----------------------------------------------------

    def prints_message(self, text: str) -> Expect:
        """Expect a message that begins so, behind the prefix."""
        message = self.seen.message or ""
        return self.that(
            message.startswith(text),
            f"it prints {quoted(self.seen.prefix + text)}.",
            f"It printed a message of {len(message.rstrip()):,} bytes."
            if message and len(text) > 60 else self.seen.shown(text))

    def prints_no_message(self) -> Expect:
        """Expect nothing behind the prefix, nor the prefix."""
        return self.that(self.seen.message is None, "it prints no message.",
                         self.seen.shown())

    def two_lines(self, text: str) -> Expect:
        """Expect at most one line, then the message, and nothing else."""
        line = f"{self.seen.prefix}{text}\n"
        stdout = self.seen.stdout
        head = stdout[:-len(line)]
        return self.that(
            stdout.endswith(line) and head.count("\n") <= 1,
            f"standard output is two lines, the second {quoted(line)}.",
            f"Standard output is {quoted(stdout, 120)}.",
            self.seen.left_in_buffer(text).strip())

    def prints(self, data: bytes) -> Expect:
        """Expect bytes anywhere on standard output."""
        return self.that(data in self.seen.printed,
                         f"it prints {many(data)}.", self._compared(data))

    def stdout_is(self, data: bytes) -> Expect:
        """Expect just these bytes on standard output."""
        short = len(data) < 40
        return self.that(
            self.seen.printed == data, "standard output is " +
            (quoted(data.decode()) if short else many(data)) + ".",
            f"Standard output is {quoted(self.seen.stdout)}." if short
            else self._compared(data))

    def _compared(self, data: bytes) -> str:
        return f"It printed {compared(self.seen.printed, data)}."

    def prints_nothing(self) -> Expect:
        """Expect that standard output is empty."""
        return self.that(not self.seen.printed, "nothing is printed.",
                         f"It printed {quoted(self.seen.stdout)}.")

    def prints_no(self, data: bytes) -> Expect:
        """Expect that these bytes are not on standard output."""
        return self.that(data not in self.seen.printed,
                         f"{quoted(data.decode())} is not printed.",
                         f"It printed {quoted(self.seen.stdout)}.")

    def complains(self, text: str = "") -> Expect:
        """Expect a line on standard error, with some text in it."""
        said = self.seen.ending.stderr
        return self.that(
            bool(said) and text in said,
            f"it says {text!r} on standard error." if text else
            "there is a sentence on standard error.",
            "" if said else "Nothing is on standard error.")

    # --- the end -------------------------------------------------------------

    def exits(self, status: int) -> Expect:
        """Expect an exit status."""
        return self.that(self.seen.ending.exit == Exit(status=status),
                         f"it exits {status}.")

    def ends(self) -> Expect:
        """Expect that the program did not hang."""
        return self.that(not self.seen.ending.hang, "it ends.")

    def fails(self, text: str = "") -> Expect:
        """Expect status 1, and a line on standard error, with some text."""
        return self.exits(1).complains(text)

    def gives_up_in_time(self) -> Expect:
        """Expect that it ended when its SECONDS were over, not before.

        Our clock counts since something earlier than its own can begin.
        """
        seen, seconds = self.seen, float(self.seen.seconds)
        begins, since = ("accept", "the client had come") \
            if seen.judge == "client" else \
            ("it began to connect", "it was started")
        happened = f"It was there {seconds + LATE:.2f} s after {since}." \
            if seen.lasted is None else \
            f"It ended {seen.lasted:.2f} s after {since}."
        return self.that(
            seen.lasted is not None and seen.lasted >= seconds - NEARLY,
            f"it gives up {seen.seconds} s after {begins}, at most {LATE:g} s "
            "later.", happened)

    # --- FILE, and what is beside it -----------------------------------------

    def file_is(self, data: bytes) -> Expect:
        """Expect what FILE holds at the end."""
        stored = self.seen.stored
        return self.that(stored == data, f"FILE holds {many(data)}.",
                         "There is no FILE." if stored is None else
                         f"FILE holds {compared(stored, data)}.",
                         self.said() if self.seen.heard.data else "")

    def file_was(self, when: str, held: Optional[bytes], due: Optional[bytes]
                 ) -> Expect:
        """Expect what FILE `held` at some time, which begins a sentence."""
        seen, whole = self.seen, self.seen.file
        found = ("there was no FILE" if held is None else
                 "FILE was whole" if held == whole else
                 "FILE was the old one" if held == seen.inputs.get("old") else
                 f"FILE held {compared(held, whole)}")
        wanted = ("nothing has the name FILE until the file is whole."
                  if due is None else
                  f"FILE is whole, {many(whole)}." if due == whole else
                  "FILE stays as it was.")
        return self.that(held == due, wanted, f"{when} {found}.")

    def mode_is(self, mode: int, under: str = "") -> Expect:
        """Expect the permissions of FILE, `under` some circumstance."""
        seen = self.seen
        return self.that(
            seen.stored is not None and seen.mode == mode,
            f"the mode of FILE is {mode:04o}"
            + (f", with {under}." if under else "."), "There is no FILE."
            if seen.stored is None else f"It is {seen.mode:04o}.")

    def leaves_nothing_else(self) -> Expect:
        """Expect nothing beside FILE, and that it is whole if it is new."""
        seen = self.seen
        others = [*seen.others]
        if seen.inputs.get("old") is None \
                and seen.stored not in (None, seen.file):
            others.append(f"{FILE}, with {compared(seen.stored, seen.file)}")
        return self.that(
            not others, f"in the folder there is FILE ({FILE}) at the end, if "
            "it was there or is whole, and nothing else.",
            "There is " + ", ".join(others) + ".")


expect = Expect  # a sentence begins with it
