"""A room for one experiment: own loopback, own ports, own processes.

    with Sandbox() as room:
        server = room.start([program, "127.0.0.1", "0", "file"])
        ours = room.socket()

Where the system forbids namespaces (`room.why_not` tells), programs run on the
machine's own loopback, and packets cannot be seen.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Mapping, Optional, Sequence

from .process import Exit, Process, StillRunning

__all__ = ["Exit", "Process", "Sandbox", "StillRunning", "why_not_private"]

KEEPER = Path(__file__).with_name("keeper.py")


class Sandbox:
    """Namespaces of its own, kept by a process that starts the others.

    `private=False` asks for the fallback even where namespaces are allowed.
    """

    def __init__(self, private: bool = True) -> None:
        self._control, theirs = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", str(KEEPER), str(theirs.fileno()),
                 "private" if private else "shared"],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        self._processes: list[Process] = []
        answer = self._control.recv(1 << 16)
        if not answer:
            raise ConnectionError("the sandbox did not start")
        told = json.loads(answer)
        self.why_not: str = told["why_not"]
        self._keeper_pid: int = told["pid"]

    @property
    def private(self) -> bool:
        """Whether this room has a loopback of its own."""
        return not self.why_not

    def _ask(self, request: dict, descriptors: Sequence[int] = ()
             ) -> tuple[dict, list[int]]:
        socket.send_fds(self._control, [json.dumps(request).encode()],
                        descriptors)
        text, received, _, _ = socket.recv_fds(self._control, 1 << 16, 1)
        if not text:
            raise ConnectionError("the sandbox died")
        reply = json.loads(text)
        if "error" in reply:
            raise OSError(reply["error"], reply["what"])
        return reply, received

    def start(self, argv: Sequence[object], cwd: Optional[Path] = None,
              env: Optional[Mapping[str, str]] = None,
              name: str = "", stdin: Optional[int] = None) -> Process:
        """Start a program; raises OSError if it cannot be executed.

        `env` is added to a bare environment. `stdin` is a descriptor, which
        stays the caller's; without it standard input is empty.
        """
        words = [os.fspath(w) if isinstance(w, Path) else str(w) for w in argv]
        output = (tempfile.TemporaryFile(), tempfile.TemporaryFile())
        theirs = [os.open(os.devnull, os.O_RDONLY) if stdin is None
                  else os.dup(stdin),
                  *(os.dup(stream.fileno()) for stream in output)]
        status, told = os.pipe()
        theirs.append(told)
        request = {"do": "start", "argv": words,
                   "cwd": str(cwd or Path.cwd()),
                   "env": {"PATH": os.environ.get("PATH", os.defpath),
                           "LC_ALL": "C", **(env or {})}}
        try:
            reply, _ = self._ask(request, theirs)
        except OSError:
            os.close(status)
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        process = Process(name or Path(words[0]).name, reply["pid"], status,
                          output, self._signal)
        self._processes.append(process)
        return process

    def _signal(self, pid: int, number: int) -> None:
        self._ask({"do": "signal", "pid": pid, "number": number})

    def socket(self, family: int = socket.AF_INET,
               kind: int = socket.SOCK_STREAM,
               protocol: int = 0) -> socket.socket:
        """Return a socket that lives on this room's network."""
        _, received = self._ask({"do": "socket", "family": int(family),
                                 "type": int(kind), "protocol": protocol})
        return socket.socket(fileno=received[0])

    def link(self, up: bool) -> None:
        """Bring this room's network up, or down as a power cut does.

        Raises OSError in a room that is not private.
        """
        if self.why_not:
            raise OSError(errno.EPERM, self.why_not)
        self._ask({"do": "link", "up": up})

    def disk(self, at: Path, size: int) -> Path:
        """Put a disk of `size` bytes over a folder, for this room alone.

        Returns where its files can be seen from outside. Raises OSError in a
        room that is not private.
        """
        if self.why_not:
            raise OSError(errno.EPERM, self.why_not)
        self._ask({"do": "disk", "at": str(at), "size": size})
        return Path(f"/proc/{self._keeper_pid}/root{at.resolve()}")

    def close(self) -> None:
        """End everything that still runs here."""
        self._control.close()
        self._keeper.wait()
        for process in self._processes:
            process.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@functools.lru_cache(maxsize=None)
def why_not_private() -> str:
    """Return "" where sandboxes are private, else the system's reason."""
    with Sandbox() as room:
        return room.why_not
