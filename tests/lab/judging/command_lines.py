"""Ready-made checks: what can't work is refused, with the right status.

Each of these is given a Submission, as a check is that has a parameter
`submission`:

    exercise.check(2, "refuses one with status 2", "01",
                   slug="wrong-command-line")(command_lines.usage_errors)
"""

from __future__ import annotations

import socket
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Iterator, Optional, Sequence

from ..meeting import HOST, Meeting, Program
from ..meeting.program import FULL_OUTPUT, OUTPUT
from ..sandbox import Exit
from .exercise import Submission
from .failure import Ending, Failed, quoted
from .place import Place

# A program that cuts a number to 16, 32 or 64 bits takes some of these for
# valid ports.
BAD_PORTS = ("http5", "65536", "-1", "", "50 00", str(1 << 32), str(1 << 64),
             " 0", "0 ", "+0", "-0", "0x1")
BAD_SECONDS = ("0", "0.0", "-1", "", "soon", "1s", "1,5", "nan", "inf",
               "0x10", "1000001", "1000000.5", "1e3", ".5", "1.", " 7", "7 ",
               "+7")
BAD_HOSTS = ("no address", "localhost", f"{HOST}x", "127.0.0.257")
SAMPLE = b"To be sent.\n"


@dataclass
class Room:
    """Where a program is started again and again.

    `good` has a value for each word of the command line, with which all would
    be well, but that nobody listens where a client is sent.
    """

    submission: Submission
    meeting: Meeting
    place: Place
    busy: socket.socket
    good: dict[str, object] = field(default_factory=dict)

    @property
    def usage(self) -> list[str]:
        """The words of the command line, without brackets."""
        return self.submission.exercise.command.replace("[", "").replace(
            "]", "").split()

    def words(self, **bad: object) -> list[object]:
        """Return all words, some of them bad: PORT="http5"."""
        return [{**self.good, **bad}[word] for word in self.usage]

    def start(self, words: Sequence[object], before: Sequence[object] = (),
              stdin: Optional[int] = None) -> Program:
        """Start the program."""
        serves = self.submission.exercise.serves
        return self.meeting.start(
            [*before, self.submission.program, *words], cwd=self.place.cwd,
            writes=() if serves else [self.place.folder], most=OUTPUT,
            stdin=stdin)

    def refuses(self, what: str, words: Sequence[object], status: int) -> None:
        """Expect that bad words are refused; `what` is wrong with them."""
        exercise = self.submission.exercise
        program = self.start(words)
        program.ends()
        refused = program.stderr and exercise.never not in program.stdout
        ending = Ending.of(program)
        if program.exit != Exit(status=status) or not refused:
            just_status = refused and ending.exit and ending.exit.status \
                and ending.stderr.startswith("usage")
            raise Failed(
                f"With {what}: a sentence on standard error, "
                f"{exercise.otherwise}, and status {status}.",
                "Only the status is wrong." if just_status else
                f"It printed {quoted(program.stdout)}." if program.stdout
                else "" if program.stderr else "It said nothing.",
                replace(ending, stderr="") if just_status else ending)
        self.meeting.clear()

    def fails(self, program: Program, wanted: str, wrong: str = "") -> None:
        """Expect status 1 and a sentence of a program, and nothing `wrong`."""
        if wrong or program.exit != Exit(status=1) or not program.stderr:
            raise Failed(wanted, wrong, Ending.of(program))
        self.meeting.clear()

    def meets(self, *before: object, says: bytes = SAMPLE,
              stdin: Optional[int] = None, **bad: object
              ) -> tuple[Program, Optional[bytes]]:
        """Let a client meet a server that says something, and FIN.

        If the client stores no FILE, the server answers: it hears all first.
        Returns the client, which has ended, and what it said after that; None
        if it did not connect.
        """
        words = self.words(PORT=self.meeting.listen(), **bad)
        program = self.start(words, before, stdin)
        peer, said = self.meeting.accept(program), None
        if peer:
            if "FILE" not in self.usage:
                peer.hear()
            peer.say(says)
            peer.half_close()
            said = peer.hear().data
        program.ends()
        return program, said

    def thanks(self, what: str, says: bytes, due: bool,
               spared: bytes = b"") -> None:
        """Expect thanks for what a server says, or none and an end.

        Thanks that are `spared` are for another check to mind.
        """
        client, said = self.meets(says=says)
        if client.hang or said is None or (
                not said.startswith(b"Thank you") if due
                else said not in (b"", spared)):
            raise Failed(
                f"With {what}, {quoted(says.decode())}: " + (
                    "it sends a receipt." if due else
                    "it hangs up, and says nothing."),
                "It did not connect." if said is None else
                f"It said {quoted(said.decode('latin-1'))}." if said
                else "It said nothing.", Ending.of(client))
        self.meeting.clear()


@contextmanager
def room(submission: Submission, **inputs: Any) -> Iterator[Room]:
    """Make such a room."""
    serves = submission.exercise.serves
    with ExitStack() as stack:
        meeting = stack.enter_context(submission.meeting())
        place = Place({"file": SAMPLE, **inputs}, meeting.room, serves)
        stack.callback(place.close)
        busy = stack.enter_context(meeting.room.socket())
        busy.bind((HOST, 0))
        good = {"HOST": HOST, "FILE": place.file, "SECONDS": 5,
                "PORT": 0 if serves else busy.getsockname()[1]}
        yield Room(submission, meeting, place, busy, good)


def usage_errors(submission: Submission) -> None:
    """Too few words, too many, and ports that are none."""
    with room(submission) as tries:
        words = tries.words()
        needed = [word for word in submission.exercise.command.split()
                  if not word.startswith("[")]
        tries.refuses("no words", [], 2)
        tries.refuses(f"no {needed[-1]}", words[:len(needed) - 1], 2)
        tries.refuses("a word too many", [*words, "more"], 2)
        for port in BAD_PORTS:
            tries.refuses(f"PORT {port!r}", tries.words(PORT=port), 2)


def bad_seconds(submission: Submission) -> None:
    """SECONDS that are none."""
    with room(submission) as tries:
        for word in BAD_SECONDS:
            tries.refuses(f"SECONDS {word!r}", tries.words(SECONDS=word), 2)


def bad_hosts(tries: Room) -> None:
    """HOST that is no address in four numbers.

    A server listens at 127.0.0.1, so a client that accepts a bad HOST
    connects, and is seen to.
    """
    for host in BAD_HOSTS:
        bad = f"HOST {host!r}, which is no address"
        if tries.submission.exercise.serves:
            tries.refuses(bad, tries.words(HOST=host), 1)
            continue
        client, said = tries.meets(HOST=host)
        tries.fails(client, f"With {bad}: a sentence on standard error, and "
                    "status 1.",
                    "" if said is None else "It connected all the same.")


def server_trouble(submission: Submission) -> None:
    """FILE that isn't there, a folder, a PORT in use, a bad HOST."""
    with room(submission) as tries:
        folder, file = tries.place.folder, tries.place.file
        tries.refuses("a FILE that isn't there",
                      tries.words(FILE=f"{file}.not"), 1)
        tries.refuses("a folder as FILE", tries.words(FILE=folder), 1)
        tries.busy.listen()
        taken = tries.busy.getsockname()[1]
        tries.refuses("a PORT in use", tries.words(PORT=taken), 1)
        bad_hosts(tries)


def client_trouble(submission: Submission) -> None:
    """A PORT where nobody listens, a bad HOST."""
    with room(submission) as tries:
        tries.refuses("a PORT where nobody listens", tries.words(), 1)
        bad_hosts(tries)


def nobody_listens(submission: Submission) -> None:
    """The same, and FILE stays as it was."""
    with room(submission, old=SAMPLE) as tries:
        for what, bad in (("nobody listens", {}),
                          ("HOST is no address", {"HOST": BAD_HOSTS[0]})):
            program = tries.start(tries.words(**bad))
            program.ends()
            tries.fails(program, f"When {what}: FILE stays as it was, a "
                        "sentence on standard error, and status 1.",
                        "" if tries.place.stored() == SAMPLE else
                        "FILE is not what it was.")


def full_output(submission: Submission) -> None:
    """Standard output that has no room, though the server does all it should.

    There must be no thanks for what it says.
    """
    with room(submission) as tries:
        program, thanks = tries.meets(*FULL_OUTPUT)
        tries.fails(program, "When standard output has no room (/dev/full): a "
                    "sentence on standard error, and status 1.",
                    "It did not connect." if thanks is None else
                    "The server heard thanks all the same." if thanks else "")


def storing_trouble(submission: Submission) -> None:
    """A bad HOST, a FILE for which there is no place."""
    with room(submission) as tries:
        bad_hosts(tries)
        folder = tries.place.folder / "folder"
        folder.mkdir()
        for what, file in (("a folder as FILE", folder),
                           ("a FILE in a folder that isn't there",
                            tries.place.folder / "not" / "copy")):
            program, thanks = tries.meets(FILE=file)
            tries.fails(program, f"With {what}: no thanks, a sentence on "
                        "standard error, and status 1.",
                        "The server heard thanks." if thanks else "")


def only_there(submission: Submission) -> None:
    """A server listens at HOST, and nowhere else.

    Without namespaces somebody else may open there: that is no mistake.
    """
    rng = submission.rng("only there")
    given = f"127.{rng.randrange(1, 255)}.{rng.randrange(255)}.7"
    with room(submission) as tries:
        server, happened = tries.start(tries.words(HOST=given)), ""
        port = server.listens()
        if port is None:
            server.ends()
            happened = "It did not come to listen."
        else:
            others = sorted(server.hosts() - {given, f"::ffff:{given}"})
            server.says(b"\n")
            if server.stdout and f" {given} " not in server.stdout:
                happened = f"It printed {quoted(server.stdout)}."
            elif others and _reaches(tries.meeting, HOST, port):
                happened = f"A client got through to {HOST}: it listens at " \
                    f"{' and '.join(others)}."
            elif not _reaches(tries.meeting, given, port):
                happened = f"No client got through to {given}."
        if happened:
            raise Failed(f"With HOST {given}: only {given} answers, and that "
                         "is printed.",
                         happened, Ending.of(server))


def _reaches(meeting: Meeting, host: str, port: int) -> bool:
    """Whether a client gets through."""
    try:
        meeting.dial(port, host).close()
    except OSError:
        return False
    return True
