"""The conversations: what the client does, and what the server made of it.

A pause of the client's is a wait for the server's end, with a bound.
"""

from __future__ import annotations

import random
import string
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Optional

from ... import program
from ...ladder import Ladder, ladder
from ...outcome import Outcome, Part
from ...peer import EOF, NOTHING, Heard
from ...sandbox import Privacy
from ...judging.again import again, tardy
from ...judging.contents import binary
from ...judging.fault import Ending
from ...judging.run import Run

HOST = "127.0.0.1"
PREFIX = "Message from client: "
LATE = 0.5   # seconds that a server may take longer, on a busy machine
SMALL = 1_000, 2_000        # bytes of a file, which is soon on its way
MEDIUM = 170_000, 200_000   # more than can be on its way to a narrow client
LARGE = 400_000, 500_000    # more than that, after some sips
HUGE = 3_000_000, 3_100_000  # more than that, however many sips: buffers grow
DRIP = 0.05  # seconds between two drips
SIP = 2048   # bytes


@dataclass(frozen=True)
class Talk:
    """A conversation: what was given to the server, and what came of it.

    `early` is what it had printed before a client dialled, `trouble` why no
    client got through to it. `lasted` is the time in seconds from before the
    client dialled to the server's end, or if the client came when it should
    from before the server listened; None if the end did not come in time. It
    was `in_vain` if the judge itself was too late to see anything.
    """

    title: str
    patience: str
    file: bytes
    thanks: bytes
    port: int = 0
    early: str = ""
    trouble: str = ""
    heard: Heard = Heard(b"", NOTHING)
    lasted: Optional[float] = None
    in_vain: bool = False
    stdout: str = ""
    ending: Ending = field(default_factory=Ending)
    ladder: Optional[Ladder] = None

    @property
    def text(self) -> str:
        """The thanks as they are to be printed."""
        return self.thanks.decode()

    @property
    def message(self) -> Optional[str]:
        """All that it printed from the message on; None for no message."""
        _, found, rest = self.stdout.partition(PREFIX)
        return rest if found else None

    @property
    def latest(self) -> float:
        """Seconds after which a server that gives up has done so."""
        return float(self.patience) + LATE


class Client:
    """The judge in one conversation; `limit` is when it gives up itself.

    Once it is `done`, the server has nothing left to wait for. It was
    `in_vain` if the judge itself took too long to show anything.
    """

    def __init__(self, run: Run, talk: Talk, narrow: bool) -> None:
        """Dial, and wait until something comes: then accept has returned."""
        self.run, self.talk = run, talk
        self.heard, self.done = Heard(b"", NOTHING), False
        self.in_vain = False
        self.began = time.monotonic()
        self.limit = self.began + talk.latest
        self.peer = run.dial(HOST, talk.port, self.hope, narrow)
        self.peer.waits_for_input()
        self.limit = time.monotonic() + talk.latest

    def hope(self) -> bool:
        """Whether the server may still do something in time."""
        return time.monotonic() < self.limit and self.pause(0)

    def pause(self, seconds: float) -> bool:
        """Do nothing for a while; False if the server has ended."""
        return self.run.process.poll(seconds) is None

    def hear(self, most: Optional[int] = None) -> None:
        """Read to the end, or `most` bytes more."""
        if most is None:
            self.peer.widen()
            heard = self.peer.hear()
        else:
            heard = self.peer.hear(most)
        self.heard = Heard(self.heard.data + heard.data, heard.end)



def prompt(client: Client) -> None:
    """Hear the file and say the thanks at once."""
    client.hear()
    client.peer.say(client.talk.thanks)
    client.peer.half_close()
    client.done = True


def slow(client: Client) -> None:
    """Do the same with a pause before each step."""
    client.pause(0.2)
    client.hear(len(client.talk.file) // 2)
    client.pause(0.2)
    client.hear()
    for part in client.talk.thanks[:4], client.talk.thanks[4:]:
        client.pause(0.2)
        client.peer.say(part)
    client.peer.half_close()
    client.done = True


def silent(client: Client) -> None:
    """Hear the file, and say nothing."""
    client.hear()


def dripping(client: Client) -> None:
    """Hear the file, and thank for it a byte at a time, without end."""
    client.hear()
    while client.hope() and client.pause(DRIP):
        client.peer.say(b"T")


def reads_nothing(_: Client) -> None:
    """Be there, and no more."""


def sips(client: Client) -> None:
    """Hear the file a bit at a time."""
    while client.hope() and client.pause(DRIP / 2):
        client.hear(SIP)


def dawdles(client: Client) -> None:
    """Take most of the time to hear the file; then say nothing."""
    client.hear(SIP)
    left = client.limit - LATE - time.monotonic()
    client.pause(left - 0.35 * float(client.talk.patience))
    client.hear()
    cut = client.heard.end == EOF and \
        len(client.heard.data) < len(client.talk.file)
    client.in_vain = cut or time.monotonic() > client.limit - LATE


def no_thanks(client: Client) -> None:
    """Hear the file, and hang up."""
    client.hear()
    client.peer.half_close()
    client.done = True


def vanishes(client: Client) -> None:
    """Go away while the server is sending: FIN, and then a RST."""
    client.hear(SIP)
    client.peer.half_close()
    client.peer.arrived()
    client.peer.reset()
    client.done = True


@dataclass(frozen=True)
class Case:
    """What one conversation is about, and how to make up its inputs.

    `size` is between which bounds the file's is, in bytes. `wait` is how long
    the client lets the server wait for it, in seconds.
    """

    title: str
    script: Callable[[Client], None]
    patience: Callable[[random.Random], str] = lambda rng: "1"
    size: tuple[int, int] = SMALL
    wait: float = 0


def ample(rng: random.Random) -> str:
    """Return a patience that nobody uses up."""
    return str(rng.randrange(300, 900))


def most(_: random.Random) -> str:
    """Return the largest patience that there is."""
    return "1000000"


def small(rng: random.Random) -> str:
    """Return a patience in which each digit matters."""
    return f"0.{rng.randrange(35, 42)}"


CASES = {
    "prompt": Case("the client is prompt", prompt, ample),
    "slow": Case("the client is slow, but in time", slow, most, LARGE),
    "silent": Case("the client hears the file and never speaks", silent),
    "dripping": Case(f"the client says a byte every {DRIP:g} seconds",
                     dripping),
    "reads nothing": Case("the client reads nothing", reads_nothing,
                          size=LARGE),
    "sips": Case("the client reads a bit now and then", sips, size=HUGE),
    "dawdles": Case("the client takes most of the time to hear the file, and "
                    "then never speaks", dawdles, size=MEDIUM),
    "late": Case("the client comes late, and never speaks", silent, wait=0.4),
    "fraction": Case("the client never speaks", silent, small),
    "no thanks": Case("the client ends without thanks", no_thanks, ample),
    "vanishes": Case("the client vanishes in the middle of the file",
                     vanishes, ample, LARGE),
}


def contents(rng: random.Random, size: tuple[int, int]) -> bytes:
    """Return a file; it does not begin with NUL."""
    return b"F" + binary(rng, *size)


def letters(rng: random.Random) -> bytes:
    """Return readable thanks."""
    length = rng.randrange(4, 20)
    return b"Thank you " + bytes(
        rng.choices(string.ascii_letters.encode(), k=length))


def drawn(client: Client) -> Ladder:
    """Draw the conversation: our calls at the left, the server's right."""
    bench = Part(None, "", "", tuple(client.peer.calls), bench=True)
    outcome = Outcome(client.run.part(), bench, client.peer.ports[0],
                      client.talk.file, client.heard.data,
                      client.run.segments())
    return ladder(outcome, f"When {client.talk.title}:")


def listened(run: Run, born: float) -> tuple[Optional[int], float]:
    """Return the server's port, and a moment at which it did not listen yet.

    The moment is one of time.monotonic(), `born` or the latest that is known.
    """
    looked = [born]

    def port() -> Optional[int]:
        looked.append(time.monotonic())
        return run.port()
    found = run.until(port, needed=True)
    return found, looked[-2]


def talked(run: Run, born: float, talk: Talk, case: Case) -> Talk:
    """Be the client of a server that was started at a moment."""
    port, deaf = listened(run, born)
    if port is None:
        return replace(talk, trouble="It did not come to listen.")
    run.says(b"\n")
    talk = replace(talk, port=port, early=run.stdout,
                   in_vain=tardy(deaf, talk.patience))
    run.process.poll(case.wait)
    try:
        client = Client(run, talk, narrow=case.size != SMALL)
    except OSError as error:
        return replace(talk, trouble=f"No client got through to {HOST} {port}:"
                       f" {error.strerror}.")
    case.script(client)
    ended = run.finish() if client.done else run.ends_by(client.limit)
    now = time.monotonic()
    unseen = not client.done and now > client.limit  # when it was late
    lasted = now - (client.began if case.wait else deaf)
    if ended:
        client.peer.close()
    return replace(talk, heard=client.heard, lasted=lasted if ended else None,
                   in_vain=talk.in_vain or client.in_vain
                   or bool(ended) and unseen, ladder=drawn(client))


def converse(server: Path, name: str, seed: int, private: Privacy) -> Talk:
    """Have a conversation with a fresh server, again if it was in vain."""
    return again(lambda: conversed(server, name, seed, private))


def conversed(server: Path, name: str, seed: int, private: Privacy) -> Talk:
    """Have one conversation with a fresh server."""
    case, rng = CASES[name], random.Random(f"{seed} {name}")
    talk = Talk(case.title, case.patience(rng), contents(rng, case.size),
                letters(rng))
    with tempfile.TemporaryDirectory(dir=program.scratch()) as folder:
        file = Path(folder) / "file"
        file.write_bytes(talk.file)
        born = time.monotonic()
        with Run([server, HOST, 0, file, talk.patience], private) as run:
            talk = talked(run, born, talk, case)
            run.finish()
            return replace(talk, stdout=run.stdout, ending=run.ending)
