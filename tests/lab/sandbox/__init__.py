"""A room for one experiment: own loopback, own ports, own processes.

    with Sandbox() as room:
        server = room.start([program, "127.0.0.1", "0", "file"])
        ours = room.socket()

Where the system forbids namespaces (`room.why_not` tells), programs run on the
machine's own loopback, and packets cannot be seen. Sandbox(Walls(...)) is for
programs that nobody trusts (walls.py); it never does without what is asked.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path
from typing import Mapping, Optional, Sequence, Union

from .process import Exit, Process, StillRunning
from .walls import NoWalls, Walls

__all__ = ["Exit", "NoWalls", "Privacy", "Process", "Sandbox", "StillRunning",
           "Walls", "why_not_private"]

NURSERY = Path(__file__).with_name("nursery.py")
PATH_INSIDE = "/usr/local/bin:/usr/bin:/bin"

# Whether a room is private, or behind which walls it is as well.
Privacy = Union[bool, Walls]


class Sandbox:
    """Namespaces of its own, kept by a process that starts the others.

    `private=False` asks for the fallback even where namespaces are allowed.
    Behind walls it is all that they say, or NoWalls is raised.
    """

    def __init__(self, private: Privacy = True) -> None:
        self._walls = private if isinstance(private, Walls) else None
        if self._walls is not None:
            (self._walls.stage / "root").mkdir(exist_ok=True)
        self._processes: list[Process] = []
        self._disks: set[str] = set()
        self._control, theirs = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET)
        privacy = self._walls.told() if self._walls is not None else \
            "private" if private else "shared"
        with theirs:
            _ask_for_a_keeper(privacy, theirs)
        answer = self._control.recv(1 << 16)
        if not answer:
            self._control.close()
            raise ConnectionError("the sandbox did not start")
        told = json.loads(answer)
        self.why_not: str = told["why_not"]
        self._keeper_pid: int = told["pid"]
        if self._walls is not None and self.why_not:
            self.close()
            raise NoWalls(self.why_not)
        if self._walls is not None and not self._walls:
            self.why_not = "not asked for"

    @property
    def private(self) -> bool:
        """Whether this room has a loopback of its own."""
        return not self.why_not

    @property
    def walled(self) -> bool:
        """Whether what runs here runs behind walls."""
        return self._walls is not None

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
              name: str = "", stdin: Optional[int] = None,
              writes: Sequence[Path] = (), most: int = sys.maxsize
              ) -> Process:
        """Start a program; raises OSError if it cannot be executed.

        `env` is added to a bare environment. `stdin` is a descriptor, which
        stays the caller's; without it standard input is empty. Behind walls
        only what `writes` names can be written, and disks; and at most
        `most` bytes into one file, if that is less than the walls' own.
        """
        words = [os.fspath(w) if isinstance(w, Path) else str(w) for w in argv]
        output = tuple(open(os.memfd_create(name), "w+b")
                       for name in ("stdout", "stderr"))
        theirs = [os.open(os.devnull, os.O_RDONLY) if stdin is None
                  else os.dup(stdin),
                  *(os.dup(stream.fileno()) for stream in output)]
        status, told = os.pipe()
        theirs.append(told)
        request = {"do": "start", "argv": words,
                   "cwd": str(cwd or Path.cwd()),
                   "env": {"PATH": os.environ.get("PATH", os.defpath),
                           "LC_ALL": "C", **(env or {})}}
        if self._walls is not None:
            request["output"] = min(most, self._walls.output)
            self._behind(self._walls, request, cwd, writes)
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

    def _behind(self, walls: Walls, request: dict, cwd: Optional[Path],
                writes: Sequence[Path]) -> None:
        """Add what a program is shown: what its own words name, no more."""
        request["env"]["PATH"] = PATH_INSIDE
        request["cwd"] = str(cwd or "/")
        written = {str(place) for place in writes} | self._disks
        named = {walls.entry(word) for word in (
            *request["argv"], *request["env"].values(), request["cwd"])}
        named |= {walls.entry(place) for place in written}
        for entry in sorted(named - {""} | {str(w) for w in writes}):
            if os.path.exists(entry):
                lend(Path(entry), whole=entry not in named)
        request["shown"] = {**dict.fromkeys(named - {""}, False),
                            **dict.fromkeys(written, True)}

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

    def disk(self, at: Path, size: int, keep: bool = False) -> Path:
        """Put a disk of `size` bytes over a folder, for this room alone.

        Returns where its files can be seen from outside. To `keep` what was in
        the folder is to have copies on the disk of its plain files. Raises
        OSError in a room that is not private.
        """
        if self.why_not:
            raise OSError(errno.EPERM, self.why_not)
        if self._walls is not None and self._walls.entry(str(at)):
            lend(Path(self._walls.entry(str(at))))
            self._disks.add(str(at))
        self._ask({"do": "disk", "at": str(at), "size": size,
                   "keep": keep})
        return Path(f"/proc/{self._keeper_pid}/root{at.resolve()}")

    def clear(self) -> None:
        """End everything that still runs here; the room stays."""
        self._ask({"do": "clear"})

    def close(self) -> None:
        """End everything that still runs here, and the room."""
        with self._control:
            try:
                self._control.shutdown(socket.SHUT_WR)
                while self._control.recv(1 << 16):  # EOF: the keeper has
                    pass  # ended, and all it started before it
            except ConnectionError:
                pass  # it was killed, with an answer or a request unread
        for process in self._processes:
            process.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def lend(place: Path, whole: bool = False) -> None:
    """As root, let nobody into what was made for one's own eyes alone.

    What all may read is left as it is, unless the `whole` of it is lent. It is
    done once: what a program can write in might be another place by now.
    """
    seen = place.lstat()
    if os.getuid() != 0 or place.is_symlink() \
            or seen.st_mode & 0o004 and not whole:
        return
    owner = pwd.getpwnam("nobody")
    if seen.st_uid == owner.pw_uid:
        return
    for one in (place, *place.rglob("*")):
        os.chown(one, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


@functools.lru_cache(maxsize=None)
def _nursery(mounts: str) -> tuple[subprocess.Popen, socket.socket]:
    """Start the process that keepers are forked from, once for us all.

    Once for each mount namespace that we live in, `mounts`: what is shown to
    a program must be seen by its keeper. It ends with us. Keepers, and the
    programs, have the umask and the limits that we had when it was started.
    """
    del mounts  # the child is born where we are
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(NURSERY), str(theirs.fileno())],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
    return process, ours


def _ask_for_a_keeper(privacy: str, control: socket.socket) -> None:
    """Have a keeper forked, which serves the other end of `control`."""
    mounts = os.readlink("/proc/self/ns/mnt")
    for last in (False, True):
        _, nursery = _nursery(mounts)
        try:
            socket.send_fds(nursery, [privacy.encode()], [control.fileno()])
            return
        except BrokenPipeError:  # somebody has killed it
            _nursery.cache_clear()
            if last:
                raise


@functools.lru_cache(maxsize=None)
def why_not_private() -> str:
    """Return "" where sandboxes are private, else the system's reason."""
    with Sandbox() as room:
        return room.why_not
