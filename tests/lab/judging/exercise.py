"""An exercise: its conversations and checks; and how they are judged."""

from __future__ import annotations

import inspect
import random
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence, Union

from ..calls import evaded, moved
from ..meeting import HOST, Limits, Meeting
from ..meeting.program import OUTPUT
from ..sandbox import Exit, Sandbox
from . import Check, Result, TimeIsOver, Verdict
from .expect import Seen, expect
from .failure import Ending, Failed
from .inputs import Draw
from .place import Place
from .players import Client, Over, Player

RETRIES = 6       # of one conversation, of which the judge saw too little
RETRY_FOR = 20.0  # seconds after which no conversation is had again

Script = Callable[[Any], None]
Judge = Callable[..., None]      # of one check
Everything = Mapping[str, Seen]  # all conversations of an exercise, by name


@dataclass(frozen=True)
class Conversation:
    """One meeting of a program and the judge; `draws` make up its inputs.

    `twin` names a conversation whose inputs are drawn from the same ranges
    and in which all is well, where in this one the program has to refuse or
    to give up: so nobody can tell before it begins.
    """

    name: str
    title: str
    script: Script
    draws: Mapping[str, Draw]
    twin: str = ""

    def inputs(self, seed: int) -> dict[str, Any]:
        """Draw what the conversation is had with; a seed repeats it."""
        rng = random.Random(f"{seed} {self.name}")
        return {name: draw(rng) for name, draw in self.draws.items()}


@dataclass(frozen=True)
class Submission:
    """A program under test, for a check that runs it itself."""

    exercise: Exercise
    program: Path
    seed: int
    sandbox: Callable[[], Sandbox]

    def rng(self, name: str) -> random.Random:
        """Return a source of chance for one purpose."""
        return random.Random(f"{self.seed} {name}")

    def meeting(self) -> Meeting:
        """Return a room of its own, in which nothing is recorded."""
        return Meeting(self.sandbox(), Limits(), recorded=False, own=True)


@dataclass
class Exercise:
    """What is handed in, and what is asked for.

    `command` is the command line as the task shows it, of the words HOST,
    PORT, FILE, SECONDS and [SECONDS]. The judge plays `judge_is`. `prefix`
    stands before a server's message; `never` is what is not printed when the
    command line is refused, `otherwise` says that in a sentence.
    """

    source: str
    command: str
    judge_is: type[Player]
    prefix: str = ""
    never: str = "listening"
    otherwise: str = "nothing listens"
    conversations: dict[str, Conversation] = field(default_factory=dict)
    about: str = ""
    _checks: list[tuple[Check, Judge]] = field(default_factory=list)
    _twins_do: Optional[Callable[[Seen], None]] = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of what is handed in."""
        return (self.source,)

    @property
    def checks(self) -> tuple[Check, ...]:
        """What is asked for, in the order of the report."""
        return tuple(check for check, _ in self._checks)

    @property
    def serves(self) -> bool:
        """Whether the program is a server."""
        return self.judge_is is Client

    def looks_at(self) -> dict[str, list[str]]:
        """Return the conversations that each check looks at, by its slug."""
        return {check.slug: self._needs(judge)
                for check, judge in self._checks}

    def _needs(self, judge: Judge) -> list[str]:
        """Return the conversations that a check looks at, twins and all."""
        asked = _asks_for(judge)
        return [*self.conversations] if "everything" in asked else \
            [*asked, *self._twins(asked)]

    def _twins(self, names: Sequence[str]) -> list[str]:
        """Return the twins of which something is expected, each once."""
        twins = [self.conversations[name].twin for name in names
                 if name in self.conversations and self._twins_do]
        return [*dict.fromkeys(filter(None, twins))]

    # --- declaring -----------------------------------------------------------

    def conversation(self, title: str, twin: str = "", **draws: Any
                     ) -> Callable[[Script], Script]:
        """Declare a conversation; its name is that of the script.

        Draws are functions (inputs.py); any other value is drawn always. It
        has the draws of its twin, but for those that are given.
        """
        def declare(script: Script) -> Script:
            self.also(script.__name__, script, title, twin, **draws)
            return script
        return declare

    def also(self, name: str, like: Union[str, Script], title: str = "",
             twin: str = "", **draws: Any) -> None:
        """Declare a conversation with a ready-made script (scripts.py).

        Or one `like` another of this exercise, given by its name: what is not
        given here is as there.
        """
        model = self.conversations[like] if isinstance(like, str) else \
            Conversation(name, title, like, {})
        given = {key: draw if callable(draw) else lambda _, value=draw: value
                 for key, draw in draws.items()}
        self.conversations[name] = Conversation(
            name, title or model.title, model.script,
            {**model.draws, **(self.conversations[twin].draws if twin else {}),
             **given}, twin or model.twin)

    def twins(self, expectation: Callable[[Seen], None]
              ) -> Callable[[Seen], None]:
        """Declare what is expected of twins.

        A check that names a conversation with a twin is not passed unless this
        is met by the twin: who fails there as well has refused nothing. One
        that looks at everything says itself of which it is expected.
        """
        self._twins_do = expectation
        return expectation

    def check(self, points: int, sentence: str, reread: str,
              about: bool = False, slug: str = ""
              ) -> Callable[[Judge], Judge]:
        """Declare a check; its slug is the function's name, with hyphens.

        The function is given the conversations that its parameters name, as
        Seen, or all if that is `everything`; or a Submission if it is
        `submission`. It raises Failed, or the check is passed. The exercise is
        `about` one of its checks: the starter fails that.
        """
        def declare(judge: Judge) -> Judge:
            unknown = {*_asks_for(judge)} - {"submission", "everything",
                                             *self.conversations}
            if unknown:
                raise NameError(f"{judge.__name__}: no conversation "
                                f"{', '.join(sorted(unknown))}")
            name = slug or judge.__name__.replace("_", "-")
            self._checks.append((Check(name, sentence, points, reread), judge))
            self.about = name if about else self.about
            return judge
        return declare

    # --- judging -------------------------------------------------------------

    def words(self, place: Place, port: int, inputs: Mapping[str, Any]
              ) -> list[object]:
        """Return the command line for a conversation, without the program."""
        known: dict[str, object] = {"HOST": HOST, "PORT": port,
                                    "FILE": place.file}
        found = [known.get(word) if word in known else inputs.get("seconds")
                 for word in self.command.split()]
        return [word for word in found if word not in (None, "")]

    def judge(self, programs: Mapping[str, Path], seed: int,
              sandbox: Callable[[], Sandbox]) -> Sequence[Result]:
        """Have all conversations at once; then judge check by check.

        The compiled program of each source is given by its name; each run has
        a room of its own, which `sandbox()` makes.
        """
        submission = Submission(self, programs[self.source], seed, sandbox)
        standalone = [(check, judge) for check, judge in self._checks
                      if "submission" in _asks_for(judge)]
        pool = ThreadPoolExecutor(len(self.conversations) + len(standalone))
        having = {name: pool.submit(self.observe, conversation, submission)
                  for name, conversation in self.conversations.items()}
        trying = {check: pool.submit(self._result, check, judge,
                                     {"submission": submission})
                  for check, judge in standalone}
        seen: dict[str, Seen] = {}
        over = ""
        try:
            seen.update({name: had.result() for name, had in having.items()})
            for tried in trying.values():
                tried.result()
            retry(seen, lambda name: self.observe(
                self.conversations[name], submission))
        except TimeIsOver as error:
            over = str(error)
            seen = {name: one for name, one in
                    {**_known(having), **seen}.items() if not one.too_slow}
        finally:
            pool.shutdown(wait=not over)
        results = _known(trying)
        return [results.get(check) or (
            self._result(check, judge, {**seen, "everything": seen})
            if {*self._needs(judge)} <= {*seen} else
            Result(check, Verdict.HUNG, check.sentence, over))
            for check, judge in self._checks]

    def _result(self, check: Check, judge: Judge, given: Mapping[str, Any]
                ) -> Result:
        """Judge one check.

        What a program did with a fault that it evaded shows nothing.
        """
        asked = _asks_for(judge)
        try:
            judge(**{name: given[name] for name in asked})
            for name in self._twins(asked):
                self._twins_do(given[name])
            for name in asked:
                if name in self.conversations and given[name].evaded:
                    expect(given[name]).seen_calling()
        except Failed as failed:
            return failed.result(check)
        return Result(check, Verdict.PASSED)

    def observe(self, conversation: Conversation, submission: Submission
                ) -> Seen:
        """Have one conversation."""
        inputs = conversation.inputs(submission.seed)
        with submission.sandbox() as room:
            place = Place(inputs, room, self.serves)
            try:
                with Meeting(room, Limits()) as meeting:
                    return self._meet(conversation, meeting, place, inputs,
                                      submission.program)
            finally:
                place.close()

    def _meet(self, conversation: Conversation, meeting: Meeting,
              place: Place, inputs: dict[str, Any], built: Path) -> Seen:
        """Have one conversation with a fresh program."""
        port = free(meeting, inputs.get("port", 0)) if self.serves \
            else meeting.listen()
        inputs["asked"] = port
        born = time.monotonic()
        program = meeting.start(
            [*masked(inputs.get("umask")), built,
             *self.words(place, port, inputs)], cwd=place.cwd,
            stdin=place.stdin_descriptor, disk=place.disk, most=OUTPUT,
            writes=() if self.serves else [place.folder],
            fault=inputs.get("fault"))
        player = self.judge_is(meeting, program, place, inputs, born)
        try:
            player.opens()
            conversation.script(player)
            player.finished = True
        except Over:
            player.hears_the_rest()
        if place.stdin_pipe:
            place.stdin_pipe.end()
        lasted = player.waits_for_the_end()
        if not self.serves:
            player.hears_the_rest()
        return self._seen(conversation, player, lasted)

    def _seen(self, conversation: Conversation, player: Player,
              lasted: Optional[float]) -> Seen:
        """Put down what was seen of a conversation that has ended."""
        program, peer, place = player.program, player.met, player.place
        reset = bool(peer and not peer.arrived() and peer.was_reset())
        inputs = player.inputs
        outcome = player.meeting.outcome(
            program if self.serves else None, None if self.serves else program,
            inputs.get("file", b""),
            bytes(player.heard) if self.serves else None)
        stored: dict[str, Any] = {} if self.serves else {
            "stored": place.stored(), "mode": place.mode(),
            "others": place.others()}
        return Seen(
            conversation.title, self.judge_is.__name__.lower(), self.prefix,
            inputs, outcome, outcome.port, trouble=player.trouble,
            first_output=player.first_output, heard=player.all_heard,
            stayed=player.stayed, reset=reset, lasted=lasted,
            too_slow=player.late and player.starved
            and may_have_given_up(program.exit, program.process.stderr),
            **stored,
            printed=program.process.stdout, ending=Ending.of(program),
            notes=player.notes, finished=player.finished,
            evaded=self._evaded(player))

    def _evaded(self, player: Player) -> str:
        """Say how the program's calls kept clear of a fault, if they did."""
        fault, log = player.inputs.get("fault"), player.program.log
        if not fault or not log or not player.met:
            return ""
        return evaded(log, fault, len(player.heard),
                      moved(player.met.calls, ("send",)))


def may_have_given_up(ended: Optional[Exit], stderr: bytes) -> bool:
    """Whether a program ended as one may that ran out of its SECONDS."""
    return ended is not None and (ended != Exit(status=0) or bool(stderr))


def retry(seen: dict[str, Seen], have: Callable[[str], Seen]) -> None:
    """Have conversations again while the judge was too slow to observe.

    One after the other: many at once may have made the machine busy, and a
    program that computes without a pause does. The last one counts, whatever
    was seen in it, and is put into `seen` at once: time may be over before
    the next.
    """
    began = time.monotonic()
    for name in seen:
        for _ in range(RETRIES):
            if not seen[name].too_slow \
                    or time.monotonic() - began > RETRY_FOR:
                break
            seen[name] = have(name)


def masked(umask: Optional[int]) -> tuple[str, ...]:
    """Return the words before a command that is to have a umask (umask(2))."""
    return () if umask is None else (
        "/bin/sh", "-c", 'umask "$0"; exec "$@"', f"{umask:04o}")


def free(meeting: Meeting, port: int) -> int:
    """Return a port that a server can have: on a shared loopback a lower one,
    if this is taken."""
    while port and not meeting.room.private:
        with meeting.room.socket() as probe:
            try:
                probe.bind((HOST, port))
                break
            except OSError:
                port -= 1
    return port


def _known(futures: Mapping[Any, Future[Any]]) -> dict[Any, Any]:
    """Return what has come of each, where something has."""
    return {key: future.result() for key, future in futures.items()
            if future.done() and not future.exception()}


def _asks_for(judge: Judge) -> list[str]:
    """Return the names of what a check has to be given."""
    return [name for name, parameter
            in inspect.signature(judge).parameters.items()
            if parameter.default is parameter.empty]
