"""Where programs under test meet each other, or a peer in our hands.

    with Meeting() as meeting:
        server = meeting.start([built, "127.0.0.1", 0, file])
        peer = meeting.dial(server.listens())
        heard = peer.hear()
        peer.say(b"Thank you")
        peer.half_close()
        server.ends()
        outcome = meeting.outcome(server=server)

The rooms in here:

    peer        a connection in our hands: Peer, Heard
    program     a program under test: Program; disks, full output
    watch       whether programs have ended, are stuck, or are given up
    behaviours  what a peer does, by its name: polite, in pieces, dripping, ...
    stdin_pipe  standard input that is fed by hand
    pair        a chapter's server and client, started by their command lines

A meeting is one sandbox with any number of programs and connections in it.
Every wait ends: with a fact, with the programs' end, or when the programs are
given up. `Meeting(limits=Limits())` gives up programs that nobody trusts after
seconds of their own time; the default waits for a proof, or for a minute. A
program that was given up has a `hang`, which says why, and `asleep` if that is
proved.

    meeting.start(argv, ...)        a Program: listens(), says(text), ends(),
                                    until(fact), ends_by(moment), exit, hang,
                                    stdout, stderr, log (its calls)
    meeting.dial(port, ...)         a Peer: hear(), say(), half_close(),
                                    close(), reset(), was_reset(), calls
    meeting.listen()                the port at which accept() takes clients
    meeting.accept(program)         a Peer; None if the program never dials
    meeting.until_read(peer)        wait until all that we said was read
    meeting.resume()                go on with programs that were given up
    meeting.settle()                wait until all have ended, or are given up
    meeting.rest()                  wait until programs wait for us
    meeting.let_rest_until(moment)  give nobody up before a moment
    meeting.outcome(server, client) what was seen, from which a ladder is drawn
    meeting.power_cut()             nothing crosses any more
    meeting.outcomes                all that were made here, for failing tests

What is given to outcome() as None was played by us. An outcome ends a
conversation: our connections are closed, the programs that took part are not
waited for any more, and the next conversation begins. So several conversations
have room in one meeting, one after the other; a server that serves many stays
a part of it while outcome() has not been given it.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence, TypeVar

from .. import kernel
from ..calls import Call, CallLog, Fault
from ..outcome import Outcome, Part, Relay
from ..sandbox import Process, Sandbox
from ..wine import Wine
from ..wire import Segment, Wire
from .peer import EOF, NOTHING, RESET, Heard, Peer
from .program import Disk, Program, limit
from .watch import TRUSTED, Limits, Watch

__all__ = ["EOF", "HOST", "NOTHING", "RESET", "Disk", "Heard", "Limits",
           "Meeting", "Peer", "Program", "TRUSTED"]

HOST = "127.0.0.1"
LAST_PACKETS = 0.5  # seconds in which the last packets arrive at our tap

Fact = TypeVar("Fact")


class Meeting:
    """One sandbox, and all that happens in it.

    A `room` of the caller's is only cleared at the end, unless it becomes our
    `own`. Where nothing is `recorded` there are no calls and no packets, and
    it costs half.
    """

    def __init__(self, room: Optional[Sandbox] = None,
                 limits: Limits = TRUSTED, recorded: bool = True,
                 own: bool = False) -> None:
        self._own = own or room is None
        self.room = Sandbox() if room is None else room
        self.recorded = recorded
        self.outcomes: list[Outcome] = []
        self.programs: list[Program] = []  # of this conversation
        self.peers: list[Peer] = []        # of this conversation
        self.watch = Watch(self._running, limits)
        self._given_up = ""
        self._just_given_up = False
        self._rest_until = 0.0  # a moment of time.monotonic()
        self._listener: Optional[socket.socket] = None
        self._wire = Wire(self.room) if recorded and self.room.private \
            else None
        self._port = 0   # of the server, in this conversation
        self._shown = 0  # segments that belong to earlier outcomes
        self._wine: Optional[Wine] = None

    # --- programs ----------------------------------------------------------

    def start(self, argv: Sequence[object], *, cwd: Optional[Path] = None,
              env: Optional[Mapping[str, str]] = None, name: str = "",
              stdin: Optional[int] = None, writes: Sequence[Path] = (),
              most: int = sys.maxsize, fault: Optional[Fault] = None,
              disk: Optional[Disk] = None) -> Program:
        """Start a program; OSError if it can't be executed.

        An .exe runs under Wine (NotInstalled). `env` is added to a bare
        environment. `stdin` is a descriptor, which stays the caller's; without
        it standard input is empty. Behind walls a program can write where
        `writes` says. `most` bounds what it can write into one file, in
        bytes. A `fault` strikes its calls. A `disk` is one of this room.
        """
        if disk:
            argv, most = [*disk.before, *argv], disk.most
        windows = str(argv[0]).endswith(".exe")
        log = CallLog(fault, windows) if self.recorded or fault else None
        env = {**(env or {}), **(log.env if log else {})}
        process = self._computer().start(argv, cwd, env) if windows else \
            self.room.start(argv, cwd, env, name, stdin,
                            [*writes, *([log.path] if log else [])], most)
        if most < sys.maxsize and not self.room.untrusted:
            limit(process.pid, most)
        started = Program(self, process, log, most)
        self.programs.append(started)
        self.watch.renew()
        return started

    def _computer(self) -> Wine:
        """Return what runs programs for Windows here."""
        if self._wine is None:
            self._wine = Wine(self.room)
        return self._wine

    def _running(self) -> list[Process]:
        return [p.process for p in self.programs
                if not p.hang and p.process.poll(0) is None]

    # --- connections -------------------------------------------------------

    def dial(self, port: int, host: str = HOST, narrow: bool = False) -> Peer:
        """Connect to a program; OSError if it refuses. See Peer.dial."""
        self.watch.renew()
        peer = Peer.dial(self.room, host, port, self.may_progress,
                         self._withdraw, narrow)
        self._port = port
        self.peers.append(peer)
        return peer

    def listen(self) -> int:
        """Listen, if we don't yet; return the port."""
        if self._listener is None:
            self._listener = self.room.socket()
            self._listener.bind((HOST, 0))
            self._listener.listen()
        port: int = self._listener.getsockname()[1]
        return port

    def accept(self, program: Program) -> Optional[Peer]:
        """Wait until a program has dialled us; None if it won't."""
        listener = self._listener
        assert listener, "it can't have been told our port"
        ready = select.poll()
        ready.register(listener, select.POLLIN)
        if not program.until(lambda: bool(ready.poll(0)), needed=True):
            return None
        self._port = self.listen()
        began = time.time()
        conn, (_, port) = listener.accept()
        peer = Peer(conn, self.may_progress, self._withdraw, port)
        peer.calls.append(Call(os.getpid(), began, "accept",
                               listener.fileno(), 0, conn.fileno(), ""))
        self.peers.append(peer)
        return peer

    def power_cut(self) -> None:
        """Take the network down: no FIN, no RST, nothing crosses."""
        self.room.link(up=False)

    # --- waiting -----------------------------------------------------------

    def _why_not(self) -> str:
        """Return why the programs won't go on, "" while they may."""
        return self.watch.given_up(
            not any(peer.under_way() for peer in self.peers), self._flow)

    def _flow(self) -> list[tuple[int, Optional[int]]]:
        """Return what has come to each peer, and what waits to be read."""
        return [(peer.received(), self.unread(peer)) for peer in self.peers]

    def _give_up(self, why: str) -> None:
        proof = {asleep.pid: asleep for asleep in reversed(self.watch.proof)}
        for program in self.programs:
            if program.runs() and not program.hang:
                program.hang = why
                program.hidden = kernel.hides(program.pid)
                program.asleep = proof.get(program.pid)

    def let_rest_until(self, moment: float) -> None:
        """Let programs rest as long as they like, until then.

        That is a moment of time.monotonic(); nobody is given up before, and a
        wait for them that goes on then ends without giving them up.
        """
        self._rest_until = moment

    def may_progress(self) -> bool:
        """Whether the programs may go on; if not, they are given up now."""
        if self._rest_until:
            return bool(self._running()) and \
                time.monotonic() < self._rest_until
        self._just_given_up = not self._given_up
        if not self._given_up:
            self._given_up = self._why_not()
            if self._given_up:
                self._give_up(self._given_up)
        return not self._given_up

    def _withdraw(self) -> bool:
        """Take that back: a program had acted, and then waited for us.

        False if its time is over, which its waiting for us has not done.
        """
        over = self.watch.time_is_over
        if self._just_given_up:
            self.resume()
        return not over

    def resume(self) -> None:
        """Give nobody up any more: what we say now can wake a program."""
        if self._given_up:
            self._given_up = ""
            for program in self.programs:
                program.hang, program.asleep = "", None
                program.hidden = False
            self.watch.renew()

    def until(self, fact: Callable[[], Optional[Fact]], needed: bool = False,
              program: Optional[Program] = None) -> Optional[Fact]:
        """Return `fact()` once it is true; None if it can't become so.

        It can't once `program` (or else each one) has ended, or when they have
        to be given up; they are given up if it was `needed`.
        """
        self.watch.renew()
        while True:
            found, why = fact() or None, self._given_up
            if found:
                return found
            ended = program.process.poll(0.002) is not None if program \
                else not self._running()
            if not ended and not why:
                why = self._why_not()
                if not why:
                    continue
            found = fact() or None
            if needed and not found and not ended:
                self._give_up(why)
                self._given_up = why
            return found

    def rest(self) -> None:
        """Wait until the programs have done all they do without a word.

        No verdict hangs on it: it makes a run go the same way each time.
        """
        self.watch.renew()
        while (running := self._running()) and not self.watch.resting():
            running[0].poll(0.002)

    def unread(self, peer: Peer) -> Optional[int]:
        """Return how many bytes a program has not read yet of a connection.

        None if that end, or every program, has gone.
        """
        return next((count for program in self.programs
                     for count in [kernel.unread(program.pid, *peer.ports)]
                     if count is not None), None)

    def until_read(self, peer: Peer) -> bool:
        """Wait until all that a peer has said was read; False if never.

        Programs that have ended read nothing any more.
        """
        self.until(lambda: peer.was_reset() or not peer.under_way()
                   and not self.unread(peer))
        self.rest()
        return bool(self._running()) and not peer.was_reset()

    def break_off(self, peer: Peer) -> None:
        """Let a peer end with a RST, and wait until that has arrived."""
        peer.reset()
        self.until(lambda: self.unread(peer) is None)

    def settle(self, programs: Sequence[Program] = ()) -> bool:
        """Wait until programs (all, if none are named) have ended.

        False if they had to be given up.
        """
        waited_for = programs or self.programs
        self.watch.renew()
        while True:
            running = [p for p in waited_for if p.process.poll(0) is None]
            if not running:
                return True
            running[0].process.poll(0.002)
            if not self.may_progress():
                return all(p.process.poll(0) is not None for p in waited_for)

    # --- what was seen -----------------------------------------------------

    def _segments(self, ended: bool, *ports: int
                  ) -> list[Optional[tuple[Segment, ...]]]:
        """Return what has crossed since the last outcome, at each port."""
        if self._wire is None:
            return [None for _ in ports]
        seen = self._wire.read(until_over=ended, bound=LAST_PACKETS,
                               since=self._shown)
        fresh = seen[self._shown:]
        self._shown = len(seen)
        return [tuple(s for s in fresh if port in (s.source, s.destination))
                for port in ports]

    def outcome(self, server: Optional[Program] = None,
                client: Optional[Program] = None, sent: bytes = b"",
                received: Optional[bytes] = None, port: int = 0,
                relay: Optional[tuple[Program, int]] = None) -> Outcome:
        """Return all that was seen; None stands for what we played.

        `sent` is the file at the server, `received` what the client left of
        it, `port` the server's if it can't be told from our connections. A
        `relay` is a program and the port of the server behind it. The
        conversation ends: we hang up, and forget who took part.
        """
        port = port or self._port
        took_part = [p for p in (server, client) if p]
        running = [p for p in took_part if p.exit is None]
        if running and not self._given_up:
            for asleep in reversed(kernel.stuck([p.process for p in running])):
                for program in running:
                    if program.pid == asleep.pid:
                        program.asleep = asleep
        peers = list(self.peers)
        if not running:  # else that could set one free
            self.hang_up()
        calls = tuple(call for peer in peers for call in peer.calls)
        ours = Part(None, "", "", calls, bench=True)
        near, far = self._segments(not running, port, relay[1] if relay else 0)
        made = Outcome(
            server.part() if server else ours,
            client.part() if client else ours, port, sent, received, near,
            Relay(relay[0].part(), relay[1], far) if relay else None)
        self.outcomes.append(made)
        self.hang_up()
        self.programs = [p for p in self.programs if p not in took_part]
        self._given_up, self._rest_until = "", 0.0
        return made

    def all_outcomes(self) -> list[Outcome]:
        """Return all outcomes, with one for whatever goes on still.

        For a test that failed before it asked for that.
        """
        if self.programs:
            self.outcome(*(next((p for p in self.programs
                                 if p.serves == serves), None)
                           for serves in (True, False)))
        return self.outcomes

    def hang_up(self) -> None:
        """Close all our connections."""
        for peer in self.peers:
            peer.close()
        self.peers.clear()

    def clear(self) -> None:
        """End all programs and connections; the room stays."""
        self.hang_up()
        self.room.clear()
        self.programs.clear()
        self._given_up = ""

    def close(self) -> None:
        """Hang up, and end everything that still runs here."""
        self.hang_up()
        for tap in (self._wire, self._listener, self._wine):
            if tap:
                tap.close()
        if self._own:
            self.room.close()
        else:
            self.room.clear()

    def __enter__(self) -> Meeting:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
