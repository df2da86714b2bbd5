"""The judge in one conversation: a script makes it act, verb by verb.

    def polite(client: Client) -> None:
        client.hears_to_eof()
        client.says(client.thanks)
        client.half_closes()

What was drawn for the conversation are attributes: `client.thanks`. A verb
that can't be done, because the program has gone or is given up, ends the
script.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from typing import Any, Mapping, Optional

from .. import kernel
from ..meeting import (EOF, HOST, NOTHING, RESET, Heard, Meeting, Peer,
                       Program)
from ..meeting import behaviours
from ..meeting.stdin_pipe import StdinPipe
from .place import Place

LATE = 0.5   # seconds that a program may take longer than its SECONDS
TARDY = 1/3  # of SECONDS: so long the judge may take for what it does at once
BUSY = 0.05  # seconds of waiting for a processor that tell a busy machine


class Over(Exception):
    """The script can't go on; all that was seen so far counts."""


class Player:
    """The judge; `opens()` begins the conversation, the script follows.

    `stayed` tells whether the program was there at every step of the script.
    `limit` is the moment by which a program that gives up has done so; it
    counts once the script has `used_up` the time. `lasts_from` is a moment
    before the program's own clock can have started. `late` says that the judge
    was, at something that it should have done at once.
    """

    def __init__(self, meeting: Meeting, program: Program, place: Place,
                 inputs: Mapping[str, Any], born: float) -> None:
        self.meeting, self.program, self.place = meeting, program, place
        self.inputs = inputs
        self.met: Optional[Peer] = None  # our connection, once there is one
        self.trouble = self.first_output = ""
        self.heard, self.end = bytearray(), NOTHING
        self._heard_out = False
        self.stayed, self.finished = True, False
        self.notes: dict[str, Any] = {}
        self.lasts_from = self.began = born
        self.limit = 0.0
        self.used_up = self.late = False
        self._waited = kernel.waited(threading.get_native_id())

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["inputs"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def peer(self) -> Peer:
        """Our connection; a script runs only where there is one."""
        assert self.met
        return self.met

    @property
    def patience(self) -> float:
        """SECONDS, or infinity."""
        return float(self.inputs.get("seconds") or math.inf)

    @property
    def remaining(self) -> float:
        """Seconds until the program's SECONDS are over, at the latest."""
        return self.limit - LATE - time.monotonic()

    def opens(self) -> None:
        """Begin; `trouble` says why not, and then Over is raised."""
        raise NotImplementedError

    def _fails(self, why: str) -> None:
        self.trouble = why
        raise Over

    @property
    def starved(self) -> bool:
        """Whether we, or the program, had to wait for a processor."""
        ours = kernel.waited(threading.get_native_id()) - self._waited
        return ours + self.program.waited > BUSY

    # --- verbs -------------------------------------------------------------

    def _acts(self) -> Peer:
        self.stayed = self.stayed and self.program.runs()
        self.program.look_how_long_it_waited()
        self.meeting.watch.renew()
        return self.peer

    def hears(self, most: Optional[int] = None) -> bytes:
        """Read to the end, or `most` bytes."""
        self.meeting.watch.renew()
        heard = self.peer.hear() if most is None else self.peer.hear(most)
        self.heard += heard.data
        self.end = heard.end
        self._heard_out = self._heard_out or most is None
        return heard.data

    def hears_the_rest(self) -> None:
        """Read what comes still, if neither FIN nor RST did."""
        if self.met and not self._heard_out and self.end == NOTHING \
                and self.met.conn.fileno() != -1:
            self.hears()

    def hears_to_eof(self) -> None:
        """Read to EOF, and let the program come to rest."""
        self.hears()
        if self.end != EOF:
            self.stayed = False
            raise Over
        self.meeting.rest()

    def says(self, data: bytes) -> None:
        """Send."""
        self._acts().say(data)

    def says_in_pieces(self, data: bytes, size: int) -> None:
        """Send a byte, then `size` at a time, each when the last was read."""
        pieces = (data[:1], *(data[at:at + size]
                              for at in range(1, len(data), size)))
        if not behaviours.in_pieces(self.meeting, self._acts(), pieces):
            self.stayed = False
            raise Over

    def is_read(self) -> bool:
        """Wait until the program has read all that we said, and waits.

        False if it never does, or has ended.
        """
        return self.meeting.until_read(self.peer)

    def waits_until_read(self) -> None:
        """Do the same; the script ends if the program has."""
        if not self.is_read():
            self.stayed = False
            raise Over

    def waits_for_input(self) -> None:
        """Wait until there is something to be heard."""
        self._acts().waits_for_input()

    def half_closes(self) -> None:
        """Send FIN, when the program has done what it does before that.

        Else a RST for what it did not read could be lost behind our FIN.
        """
        peer = self._acts()
        if not self.used_up:
            self.meeting.rest()
        peer.half_close()

    def half_closes_at_once(self) -> None:
        """Send FIN."""
        self._acts().half_close()

    def resets(self) -> None:
        """Send RST, and wait until it has arrived."""
        self.meeting.break_off(self._acts())
        self._broke_off()

    def vanishes(self) -> None:
        """Send FIN, and then RST."""
        behaviours.vanish(self.meeting, self._acts())
        self._broke_off()

    def _broke_off(self) -> None:
        """Note what we will never know: whether there was more to come."""
        self.end = RESET if self.end == NOTHING else self.end

    def pauses(self, seconds: float) -> None:
        """Do nothing for a while, or until the program ends."""
        self.program.process.poll(seconds)

    def drips(self, data: bytes, pause: float) -> None:
        """Send a byte now and then, until time is up."""
        self.uses_up_time()
        behaviours.drip_until(self.program, self._acts(), data, pause,
                              self.limit)

    def sips(self, size: int, pause: float) -> None:
        """Read a little now and then, until time is up."""
        self.uses_up_time()
        self.heard += behaviours.sip_until(self.program, self._acts(), size,
                                           pause, self.limit)

    def uses_up_time(self) -> None:
        """Let the program wait from now on until its SECONDS are over."""
        self.used_up = True
        self.meeting.let_rest_until(self.limit)

    def notes_down(self, **facts: Any) -> None:
        """Remember facts for the checks, by name."""
        self.notes.update(facts)

    # --- the end -----------------------------------------------------------

    def waits_for_the_end(self) -> Optional[float]:
        """Wait until the program ends; return for how long it was there.

        None if it did not end, or not in time.
        """
        if self.used_up:
            ended = self.program.ends_by(self.limit)
            self.late = self.late or time.monotonic() > self.limit
        else:
            prompt = time.monotonic() - self.began < TARDY * self.patience
            self.late = self.late or not prompt
            ended = self.program.ends()
        return time.monotonic() - self.lasts_from if ended else None

    @property
    def all_heard(self) -> Heard:
        """All that came, and how it ended."""
        return Heard(bytes(self.heard), self.end)


class Client(Player):
    """The judge as the client of a server."""

    def _first_listens(self) -> Optional[int]:
        """Return the server's port; note a moment before it listened."""
        looked = [self.began]

        def port() -> Optional[int]:
            looked.append(time.monotonic())
            return self.program.port()
        found = self.program.until(port, needed=True)
        self.lasts_from = looked[-2] if len(looked) > 1 else looked[-1]
        self.program.serves = found is not None
        return found

    def opens(self) -> None:
        """Dial, once the server has said that it listens.

        With SECONDS, wait until something comes: then accept has returned.
        """
        port = self._first_listens()
        if port is None:
            self._fails("It did not come to listen.")
        self.program.says(b"\n")
        self.first_output = self.program.stdout
        self.late = time.monotonic() - self.lasts_from > TARDY * self.patience
        comes_after = self.inputs.get("comes_after", 0.0)
        if comes_after:
            self.pauses(comes_after)
        self.began = time.monotonic()
        if comes_after:
            self.lasts_from = self.began
        if self.inputs.get("stopped"):
            behaviours.stop(self.program)
        try:
            self.met = self.meeting.dial(
                port or 0, HOST, self.inputs.get("narrow", False))
        except OSError as error:
            self._fails(f"No client got through to {HOST} {port}: "
                        f"{error.strerror}.")
        if self.patience < math.inf and not self.inputs.get("stopped"):
            self.peer.waits_for_input()
        self.limit = time.monotonic() + self.patience + LATE

    def hears(self, most: Optional[int] = None) -> bytes:
        """Read to the end, or `most` bytes."""
        if most is None and self.inputs.get("narrow"):
            self.peer.widen()
        return super().hears(most)

    def lets_it_go_on(self) -> None:
        """Let a server that is stopped go on, once all we said has come."""
        self._acts().arrived()
        self.program.signal(signal.SIGCONT)


class Server(Player):
    """The judge as the server of a client."""

    def opens(self) -> None:
        """Accept the client."""
        self.met = self.meeting.accept(self.program)
        self.late = time.monotonic() - self.began > TARDY * self.patience
        if self.met is None:
            self._fails("It did not connect.")
        self.limit = time.monotonic() + self.patience + LATE

    @property
    def _pipe(self) -> StdinPipe:
        """The program's standard input, which is fed by hand."""
        assert self.place.stdin_pipe
        return self.place.stdin_pipe

    def feeds(self, data: bytes) -> None:
        """Put lines on the program's standard input."""
        self._pipe.say(data)

    def ends_the_input(self) -> None:
        """Let EOF follow on the program's standard input."""
        self._pipe.end()

    def unread(self) -> int:
        """Return how much has come that we have not heard."""
        return self.peer.unread()

    def says_all_and_vanishes(self, data: bytes) -> None:
        """Send data, FIN and RST while the program can't look."""
        behaviours.say_all_and_vanish(self.meeting, self.program,
                                      self._acts(), data)

    def waits_until_fed(self) -> None:
        """Wait until the program has read its standard input so far."""
        self.meeting.until(lambda: not self._pipe.waiting())
        self.meeting.rest()

    def hears_soon(self, count: int) -> bool:
        """Read `count` bytes, if they come without another word."""
        if not self.meeting.until(lambda: self.peer.unread() >= count):
            return False
        self.hears(count)
        return True

    def sees_printed(self, count: int) -> bool:
        """Wait until `count` bytes are printed; False if they won't be."""
        return bool(self.meeting.until(
            lambda: len(self.program.process.stdout) >= count))

    def hangs_up(self) -> None:
        """Close the connection, in both directions."""
        self.peer.close()
