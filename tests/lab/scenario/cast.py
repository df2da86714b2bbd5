"""A chapter's server and client, started in a room as a test wants them.

Each meets the other, or a peer in the test's own hands. What they do is not
written down, as on a stage, unless a fault is to strike.
"""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Sequence

from .. import kernel, peer, program
from ..calls import CallLog, Fault
from ..sandbox import Process, Sandbox
from .stage import Pair, hope

HOST = "127.0.0.1"
ENOUGH = 60.0  # seconds that a patient program is given if none are named


class Cast:
    """The pair of chapter `number`; `files` is a folder of its own.

    `flags` go to the compiler. Seconds are the patience of chapters that have
    some. `port` tells where the server listens, or the
    test in its place.
    """

    def __init__(self, room: Sandbox, files: Path, number: str,
                 flags: tuple[str, ...] = ()) -> None:
        folder = program.chapter(number)
        self.room = room
        self.files = files
        self.pair = Pair(folder.name, number, folder)
        self.original, self.copy = files / "original", files / "copy"
        self.port = 0
        self.started: Optional[Process] = None  # the last of them
        self.log: Optional[CallLog] = None  # of its calls
        self._flags = flags

    def _start(self, side: str, words: Sequence[object],
               seconds: Optional[float], fault: Optional[Fault],
               before: Sequence[object]) -> Process:
        built = program.build(self.pair.folder / f"{side}.c", self._flags)
        self.log = CallLog(fault) if fault else None
        patience = [ENOUGH if seconds is None else seconds] \
            if self.pair.patient else []
        self.started = self.room.start(
            [*before, built, *words, *patience], cwd=self.files, name=side,
            env={"ASAN_OPTIONS": "verify_asan_link_order=0",
                 **(self.log.env if self.log else {})})
        return self.started

    def server(self, content: bytes, host: str = HOST, port: int = 0,
               seconds: Optional[float] = None, fault: Optional[Fault] = None,
               before: Sequence[object] = ()) -> Process:
        """Start the server, `before` being the words that start it.

        Raises kernel.DidNotListen; `started` is the server all the same.
        """
        self.original.write_bytes(content)
        server = self._start("server", [host, port, self.original], seconds,
                             fault, before)
        self.port = kernel.listening(server)
        return server

    def client(self, port: int, host: str = HOST,
               file: Optional[object] = None,
               seconds: Optional[float] = None, fault: Optional[Fault] = None,
               before: Sequence[object] = ()) -> Process:
        """Start the client, `before` being the words that start it."""
        return self._start(
            "client", [host, port, self.copy if file is None else file],
            seconds, fault, before)

    def dial(self, server: Process) -> peer.Peer:
        """Be the client. Raises ConnectionError if the server is gone."""
        return peer.Peer.dial(self.room, HOST, self.port, hope(server))

    def answer(self, file: Optional[object] = None,
               seconds: Optional[float] = None, fault: Optional[Fault] = None,
               before: Sequence[object] = ()
               ) -> tuple[Process, Optional[peer.Peer]]:
        """Be the server: start the client and accept it.

        None in place of a peer if the client ends without having connected.
        """
        listener, self.port = peer.listen(self.room)
        with listener:
            client = self.client(self.port, HOST, file, seconds, fault, before)
            listener.setblocking(False)

            def accepted() -> Optional[peer.Peer]:
                try:
                    conn, _ = listener.accept()
                except BlockingIOError:
                    return None
                try:
                    return peer.Peer(conn, hope(client))
                except OSError:  # a reset has come already
                    conn.close()
                    return None
            return client, client.until(accepted)

    def left_over(self) -> list[str]:
        """Return the names of temporary files that lie about (from 07 on)."""
        return sorted(p.name for p in self.files.glob(".half-close.*"))


def said(server: Process) -> str:
    """Return what a server printed after the line that it listens."""
    _, _, rest = server.stdout.decode(errors="replace").partition("\n")
    return rest


def differs(seen: bytes, expected: bytes) -> str:
    """Return in words where bytes differ, "" if they don't."""
    if seen == expected:
        return ""
    size = min(len(seen), len(expected))
    low, high = 0, size  # the common beginning is at least low, at most high
    while low < high:
        middle = (low + high + 1) // 2
        if seen[:middle] == expected[:middle]:
            low = middle
        else:
            high = middle - 1
    return (f"{len(seen)} bytes for {len(expected)}, the same up to {low}: "
            f"{seen[low:low + 20]!r} for {expected[low:low + 20]!r}")
