"""What a conversation came to, in two words: the cells of the matrix.

`ok`, or what was lost. A server that serves many ends when it is told to: its
status says nothing of one conversation, the lines that it has written do.
"""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass
from typing import Callable, Optional

from . import kernel
from .calls import Fault
from .meeting import HOST, Peer
from .meeting.pair import SAMPLE, Pair, PairMeeting
from .outcome import Outcome, Part

OK = "ok"
PATIENCE = 0.8  # seconds that a patient program is given where it must give up


@dataclass(frozen=True)
class Act:
    """One conversation of a scenario: what was seen, and what it came to."""

    title: str
    outcome: Outcome
    verdict: str


@functools.lru_cache(maxsize=None)
def large(size: int) -> bytes:
    """Return `size` random bytes, the same each time."""
    return random.Random(3).randbytes(size)


def unfinished(part: Part) -> str:
    """Return what kept a program from ending by itself, "" for nothing."""
    if part.exit is None:
        return "hangs"
    return "killed" if part.exit.signal is not None else ""


def message(part: Part) -> Optional[str]:
    """Return what a server printed as the client's message."""
    _, found, text = part.stdout.partition("Message from client: ")
    return text[:-1] if found else None


def _satisfied(pair: Pair, part: Part) -> bool:
    """Whether a program that ended calls the conversation a success."""
    return part.exit is not None and part.exit.status == 0 \
        and not (pair.serves_many and part.stderr)


def heard(pair: Pair, part: Part, length: int) -> str:
    """Judge whether a server heard the thanks for `length` bytes, all."""
    if unfinished(part):
        return unfinished(part)
    said = message(part)
    expected = pair.thanks(length).decode().rstrip("\n")
    if said is None:
        return "ack lost"
    if said != expected:
        return "ack garbled" if said.startswith(expected) else "ack cut"
    return OK if _satisfied(pair, part) else "gives up"


def gave_up(pair: Pair, part: Part) -> str:
    """Judge whether a program told of its trouble in one sentence."""
    if unfinished(part):
        return unfinished(part)
    if _satisfied(pair, part):
        if "Received file data" in part.stdout:
            return "half thanked"
        return "ack lost" if message(part) is None else "ack cut"
    if "Bad file descriptor" in part.stderr:
        return "ack lost"  # it had closed before it listened
    return OK if part.stderr.count("\n") == 1 else "no sentence"


def exchanged(pair: Pair, outcome: Outcome) -> str:
    """Judge a pair: the file is whole, the thanks are heard, both say so."""
    server, client = outcome.server, outcome.client
    if outcome.received != outcome.sent and not unfinished(client):
        return "truncated" if _satisfied(pair, client) else "gives up"
    for part in (server, client):
        if unfinished(part):
            return unfinished(part)
    verdict = heard(pair, server, len(outcome.sent))
    if verdict == OK and not _satisfied(pair, client):
        return "gives up"
    return verdict


# --- conversations that several scenarios have ------------------------------

def exchange(it: PairMeeting, content: bytes, title: str, host: str = HOST,
             fault: Optional[Fault] = None,
             seconds: Optional[float] = None) -> Act:
    """Let the server and the client meet, and judge both.

    Raises kernel.DidNotListen.
    """
    server = it.serve(content, host=host, fault=fault, seconds=seconds)
    client = it.fetch(host=host, fault=fault, seconds=seconds)
    it.settle([client] if it.pair.serves_many else [server, client])
    it.finish(server)
    outcome = it.pair_outcome(server, client)
    return Act(title, outcome, exchanged(it.pair, outcome))


def started_again(it: PairMeeting, first: Act) -> Act:
    """Start the server once more on its port, after a first conversation."""
    why = unfinished(first.outcome.server)
    if why:
        return Act(first.title, first.outcome, why)
    port = it.port
    try:
        server = it.serve(SAMPLE, port=port)
        verdict = OK if it.port == port else "port busy"
    except kernel.DidNotListen:
        server, verdict = it.programs[-1], "port busy"
    return Act("the server once more", it.pair_outcome(server), verdict)


def broken_off(it: PairMeeting, breaks: Callable[[Peer], None], title: str,
               seconds: Optional[float] = None) -> Act:
    """Send a client half a file, break off, and see whether it gives up."""
    client, peer = it.answer(seconds=seconds)
    assert peer
    peer.say(it.pair.header(len(SAMPLE)) + SAMPLE[:6])
    it.until_read(peer)
    breaks(peer)
    client.ends()
    outcome = it.pair_outcome(client=client)
    return Act(title, outcome, gave_up(it.pair, outcome.client))


def kept_by_the_client(it: PairMeeting, content: bytes, size: int,
                       title: str) -> Act:
    """Send a client `size` bytes of a file, then FIN, and see what it keeps.
    """
    client, peer = it.answer()
    peer.say(it.pair.header(len(content)) + content[:size])
    peer.half_close()
    peer.hear()
    client.ends()
    outcome = it.pair_outcome(client=client)
    verdict = gave_up(it.pair, outcome.client)
    if verdict == OK and it.copy.exists():
        verdict = "half kept"
    return Act(title, outcome, verdict)
