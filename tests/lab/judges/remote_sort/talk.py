"""The conversations: what the server does, and what rsort made of it."""

from __future__ import annotations

import random
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Callable, Optional, Union

from ... import program
from ...calls import Fault
from ...ladder import Ladder, ladder
from ...outcome import Outcome, Part
from ...peer import EOF, NOTHING, Heard, Peer
from ...sandbox import Exit, Privacy
from ...judging.fault import Ending, many
from ...meeting.stdin_pipe import StdinPipe as Feed
from ...judging.guest import PORT, Guest

HOST = "127.0.0.1"
SHORT = Fault("short", percent=100, calls=("write", "send"))


@dataclass(frozen=True)
class Talk:
    """A conversation: what rsort was to pass on, and what came of it.

    `held` says what it kept to itself though it could have gone on, `trouble`
    why there was no conversation. `stayed` tells whether it was still there
    when the server had said all it had to say.
    """

    title: str
    input: bytes
    answer: bytes
    trouble: str = ""
    heard: Heard = Heard(b"", NOTHING)
    held: str = ""
    stayed: bool = False
    reset: bool = False
    stdout: bytes = b""
    ending: Ending = field(default_factory=Ending)
    ladder: Optional[Ladder] = None

    @property
    def accepted(self) -> bool:
        """Whether rsort called the conversation a success."""
        return self.ending.exit == Exit(status=0)


@dataclass
class Scene:
    """A conversation while it goes on: each part notes what it saw in it."""

    guest: Guest
    peer: Peer
    talk: Talk
    feed: Optional[Feed] = None
    heard: bytearray = field(default_factory=bytearray)
    end: str = NOTHING

    def hear(self, most: Optional[int] = None) -> None:
        """Read what comes, at most `most` bytes of it."""
        heard = self.peer.hear() if most is None else self.peer.hear(most)
        self.heard += heard.data
        self.end = heard.end

    def held(self, what: str) -> None:
        """Note what did not come through; the first such thing counts."""
        self.talk = replace(self.talk, held=self.talk.held or what)


def lines(data: bytes) -> list[bytes]:
    """Cut behind each newline; the data end in one."""
    return [line + b"\n" for line in data.split(b"\n")[:-1]]


# What the server does until it has all of the input.
Asking = Callable[[Scene], None]


def all_at_once(scene: Scene) -> None:
    """Read to the end of a program whose input is there already."""
    scene.hear()


def line_by_line(scene: Scene) -> None:
    """Feed a line, read it, feed the next; then the end."""
    feed, done = scene.feed, 0
    assert feed
    for line in lines(scene.talk.input):
        feed.say(line)
        if scene.talk.held or scene.end != NOTHING:
            continue
        if scene.guest.sends(scene.peer, len(line)):
            scene.hear(len(line))
            done += 1
        elif scene.guest.process.exit is None:
            scene.held(f"The server had {done} of the lines that stood on "
                       "standard input, and the next did not come until more "
                       "was there.")
    feed.end()
    scene.guest.rest()
    scene.hear()


def hang_up(scene: Scene) -> None:
    """Read the first line, hang up; only then feed the others."""
    feed = scene.feed
    assert feed
    first, *others = lines(scene.talk.input)
    feed.say(first)
    if scene.guest.sends(scene.peer, len(first)):
        scene.hear(len(first))
    scene.guest.rest()
    scene.peer.close()
    for line in others:
        feed.say(line)
        scene.guest.until(lambda: not feed.waiting())
        scene.guest.rest()
    feed.end()


# What it does then. False: it could not do all of it, for rsort had gone.
Answering = Callable[[Scene, random.Random], bool]


def in_one(scene: Scene, _: random.Random) -> bool:
    """Say the answer, then FIN."""
    here = scene.guest.process.poll(0) is None
    scene.peer.say(scene.talk.answer)
    scene.guest.rest()  # lest a RST for a part be lost behind our FIN
    scene.peer.half_close()
    return here


def in_pieces(scene: Scene, _: random.Random) -> bool:
    """Say a byte, then line by line: each goes when the last was read.

    What came so far has to be printed by then, but for the line begun.
    """
    guest, answer, said = scene.guest, scene.talk.answer, 0
    for piece in [answer[:1], *lines(answer[1:])]:
        scene.peer.say(piece)
        said += len(piece)
        if said == len(answer):
            break
        if not guest.takes(scene.peer):
            return False
        whole = answer[:answer.rfind(b"\n", 0, said) + 1]
        if not scene.talk.held and not guest.until(
                lambda: len(guest.process.stdout) >= len(whole)):
            scene.held(f"{many(whole)} of the answer had come, whole lines, "
                       f"and {many(guest.process.stdout)} were printed.")
    scene.peer.half_close()
    return True


def broken_off(scene: Scene, _: random.Random) -> bool:
    """Say half of the answer, then vanish with a reset."""
    scene.peer.say(scene.talk.answer[:len(scene.talk.answer) // 2])
    if not scene.guest.takes(scene.peer):
        return False
    scene.guest.breaks_off(scene.peer)
    return True


def nothing_more(_: Scene, __: random.Random) -> bool:
    """There is nobody to say anything."""
    return True


def text(rng: random.Random, count: int) -> bytes:
    """Return some lines of letters."""
    letters = b"abcdefghijklmnopqrstuvwxyz"
    return b"".join(bytes(rng.choices(letters, k=rng.randrange(5, 40))) + b"\n"
                    for _ in range(count))


def order(rng: random.Random, data: bytes) -> bytes:
    """Sort lines, in an order that nobody can know beforehand."""
    alphabet = list(range(256))
    rng.shuffle(alphabet)
    return b"".join(sorted(lines(data),
                           key=lambda line: line.translate(bytes(alphabet))))


def part(rng: random.Random, data: bytes) -> bytes:
    """Sort lines as above, and keep some 20 kB of them."""
    return order(rng, data)[-rng.randrange(18_000, 24_000):]


@dataclass(frozen=True)
class Case:
    """What one conversation is about, and how to make up its inputs.

    `fed` says that standard input is a pipe, else it is a file.
    """

    title: str
    input: Callable[[random.Random], bytes]
    answer: Callable[[random.Random, bytes], bytes] = order
    asking: Asking = all_at_once
    answering: Answering = in_one
    fed: bool = False
    short: bool = False


CASES = {
    "polite": Case("some lines are to be sorted", lambda rng: text(rng, 12)),
    "large": Case("the lines are many, and full of bytes that are no text",
                  lambda rng: rng.randbytes(rng.randrange(66_000, 70_000))
                  + b"\n", part),
    "pieces": Case("lines come one by one, and so does the answer",
                   lambda rng: text(rng, 5), order, line_by_line, in_pieces,
                   fed=True),
    "empty": Case("there is nothing to sort, and no answer",
                  lambda rng: b""),
    "broken off": Case("the server breaks off in the middle of its answer",
                       lambda rng: text(rng, 12), answering=broken_off),
    "dead": Case("the server hangs up after the first line",
                 lambda rng: text(rng, 6), asking=hang_up,
                 answering=nothing_more, fed=True),
    "short": Case("each write takes a single byte",
                  lambda rng: text(rng, 12), short=True),
}


def drawn(guest: Guest, peer: Peer, talk: Talk) -> Ladder:
    """Draw the conversation: rsort's calls at the left, ours at the right."""
    bench = Part(None, "", "", tuple(peer.calls), bench=True)
    outcome = Outcome(bench, guest.part(), guest.port, talk.answer, None,
                      guest.segments())
    return ladder(outcome, f"When {talk.title}:")


def talked(guest: Guest, talk: Talk, case: Case, rng: random.Random,
           feed: Optional[Feed]) -> Talk:
    """Be the server of an rsort that has just been started."""
    peer = guest.comes()
    if peer is None:
        return replace(talk, trouble="It did not connect.")
    scene, stayed = Scene(guest, peer, talk, feed), False
    case.asking(scene)
    if scene.end == EOF or case.answering is nothing_more:
        guest.rest()
        stayed = case.answering(scene, rng)
    guest.finish()
    reset = not peer.arrived() and peer.was_reset()
    talk = replace(scene.talk, heard=Heard(bytes(scene.heard), scene.end),
                   stayed=stayed, reset=reset)
    if not guest.hang:  # else that would set it free
        peer.close()
    return replace(talk, ladder=drawn(guest, peer, talk))


def source_of(case: Case, data: bytes, stack: ExitStack
              ) -> Union[Feed, BinaryIO]:
    """Return where standard input comes from."""
    if case.fed:
        return stack.enter_context(Feed())
    file = stack.enter_context(tempfile.TemporaryFile(dir=program.scratch()))
    file.write(data)
    file.seek(0)
    return file


def converse(rsort: Path, name: str, seed: int, private: Privacy) -> Talk:
    """Have one conversation with a fresh rsort."""
    case, rng = CASES[name], random.Random(f"{seed} {name}")
    data = case.input(rng)
    talk = Talk(case.title, data, case.answer(rng, data))
    fault = SHORT if case.short else None
    with ExitStack() as stack:
        source = source_of(case, data, stack)
        feed = source if isinstance(source, Feed) else None
        stdin = source.reader if isinstance(source, Feed) else source.fileno()
        guest = stack.enter_context(Guest([rsort, HOST, PORT], private, stdin,
                                          fault))
        talk = talked(guest, talk, case, rng, feed)
        if feed:
            feed.end()
        guest.finish()
        return replace(talk, stdout=guest.process.stdout, ending=guest.ending)
