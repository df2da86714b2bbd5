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
import os
import pwd
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Iterable, Mapping, Optional, Sequence, Union

from .. import program
from .process import Exit, Process, SandboxDied, StillRunning
from .walls import NoWalls, Walls

__all__ = ["Exit", "NoWalls", "Privacy", "Process", "Sandbox", "SandboxDied",
           "StillRunning", "Walls", "why_not_private"]

SUPERVISOR = Path(__file__).with_name("supervisor.c")
PARTS = tuple(  # of the same program
    str(source) for source in sorted(SUPERVISOR.parent.glob("[!.]*.c"))
    if source != SUPERVISOR)
UCRED = struct.Struct("3i")  # pid, uid, gid
SCM_CREDENTIALS = 2  # Python has no name for it
PATH_INSIDE = "/usr/local/bin:/usr/bin:/bin"

# Whether a room is private, or behind which walls it is as well.
Privacy = Union[bool, Walls]


class Sandbox:
    """Namespaces of its own, kept by a process that starts the others.

    `private=False` asks for the fallback even where namespaces are allowed.
    Behind walls it is all that they say, or NoWalls is raised. A `crowded`
    room has the machine's own table of connections, which finds any of tens
    of thousands quickly; in another it is small, and quickly read.
    """

    def __init__(self, private: Privacy = True, crowded: bool = False) -> None:
        self._walls = private if isinstance(private, Walls) else None
        if self._walls is not None:
            (self._walls.scratch / "root").mkdir(exist_ok=True)
        self._processes: list[Process] = []
        self._disks: set[str] = set()
        why_not = self._begin(
            self._walls.told() if self._walls is not None else
            ["shared" if not private else
             "crowded" if crowded else "private"])
        if why_not and self._walls is not None:
            raise NoWalls(why_not)
        if why_not:
            self._begin(["shared"])
        self.why_not = why_not if private else "not asked for"

    def _begin(self, kind: list[object]) -> str:
        """Start a supervisor; return "", or why it can't make such a room."""
        self._control, theirs = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        with theirs:
            _ask_for_a_supervisor(theirs)
        try:
            _, self._supervisor_pid, _ = self._ask(*kind)
            if self._walls is not None and self._walls.group:
                self._walls.group.add(self._supervisor_pid)
        except OSError as error:
            self.close()
            if isinstance(error, ConnectionError):
                raise  # it gave no reason
            return error.strerror or str(error)
        return ""

    @property
    def private(self) -> bool:
        """Whether this room has a loopback of its own."""
        return not self.why_not

    @property
    def untrusted(self) -> bool:
        """Whether what runs here is not trusted, and runs behind walls."""
        return self._walls is not None

    def _ask(self, *fields: object, descriptors: Sequence[int] = ()
             ) -> tuple[str, int, list[int]]:
        """Have the supervisor do what supervisor.c says.

        Returns its text, the pid that it speaks for, and what is attached.
        Raises OSError for what it can't do, SandboxDied if it is gone.
        """
        ran = bool(self._processes)
        try:
            socket.send_fds(self._control, [_message(fields)], descriptors)
            text, attached, _, _ = self._control.recvmsg(
                1 << 12, socket.CMSG_SPACE(4) + socket.CMSG_SPACE(UCRED.size))
        except ConnectionError as error:
            raise SandboxDied(ran) from error
        if not text:
            raise SandboxDied(ran)
        error, what = os.fsdecode(text).split(" ", 1)
        if error != "0":
            raise OSError(int(error), what)
        pid, received = 0, []
        for _, kind, data in attached:
            if kind == SCM_CREDENTIALS:
                pid = UCRED.unpack(data)[0]
            else:
                received += struct.unpack("i", data)
        return what, pid, received

    def start(self, argv: Sequence[object], cwd: Optional[Path] = None,
              env: Optional[Mapping[str, str]] = None,
              name: str = "", stdin: Optional[int] = None,
              writes: Sequence[Path] = (), most: int = sys.maxsize
              ) -> Process:
        """Start a program; raises OSError if it cannot be executed.

        `env` is added to a bare environment. `stdin` is a descriptor, which
        stays the caller's; without it standard input is empty. A program that
        is given no `cwd` starts in the scratch folder: ours may be closed to
        it, as a home is to a room that root makes. Behind walls it is `/`, and
        only what `writes` names can be written, and disks; and at most
        `most` bytes into one file, if that is less than the walls' own.
        """
        words = [os.fspath(w) if isinstance(w, Path) else str(w) for w in argv]
        env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C",
               **(env or {})}
        places: list[str] = []
        if self._walls is not None:
            most = min(most, self._walls.output)
            env["PATH"] = PATH_INSIDE
            cwd = cwd or Path("/")
            places = self._places(
                self._walls, (*words, *env.values(), str(cwd)), writes)
        with _Streams(stdin) as streams:
            inner, pid, _ = self._ask(
                "start", cwd or program.scratch(), words,
                [f"{name}={value}" for name, value in env.items()],
                places, most, descriptors=streams.theirs)
        process = Process(
            name or Path(words[0]).name,
            int(inner) if pid == self._supervisor_pid else pid,
            streams.status, streams.output,
            lambda number: self._ask("signal", inner, number))
        self._processes.append(process)
        return process

    def _places(self, walls: Walls, words: Iterable[str],
                writes: Sequence[Path]) -> list[str]:
        """Return what a program sees of the scratch folder.

        That is what its own words name. The supervisor is told each with a
        `w` before it where the program may write, and an `r` elsewhere. As
        root, the user nobody is given access.
        """
        written = self._disks.union(map(str, writes))
        named = {walls.entry(word) for word in (*words, *written)} - {""}
        for entry in sorted(named.union(map(str, writes))):
            if os.path.exists(entry):
                give_nobody_access(Path(entry), whole=entry not in named)
        return [("w" if place in written else "r") + place
                for place in sorted(named | written)]

    def socket(self, family: int = socket.AF_INET,
               kind: int = socket.SOCK_STREAM,
               protocol: int = 0) -> socket.socket:
        """Return a socket that lives on this room's network."""
        _, _, received = self._ask("socket", int(family), int(kind), protocol)
        return socket.socket(fileno=received[0])

    def link(self, up: bool) -> None:
        """Bring this room's network up, or down as a power cut does.

        Raises OSError in a room that is not private.
        """
        if self.why_not:
            raise OSError(errno.EPERM, self.why_not)
        self._ask("link", int(up))

    def sysctl(self, name: str, value: str) -> None:
        """Set a parameter of this room's network: `name` is one of net.ipv4.

        A program in the room may not, unless we are root. Raises OSError.
        """
        if self.why_not:
            raise OSError(errno.EPERM, self.why_not)
        self._ask("sysctl", name, value)

    def disk(self, at: Path, size: int, keep: bool = False) -> Path:
        """Put a disk of `size` bytes over a folder, for this room alone.

        Returns where its files can be seen from outside. To `keep` what was in
        the folder is to have copies on the disk of its plain files. Raises
        OSError in a room that is not private.
        """
        if self.why_not:
            raise OSError(errno.EPERM, self.why_not)
        if self._walls is not None and self._walls.entry(str(at)):
            give_nobody_access(Path(self._walls.entry(str(at))))
            self._disks.add(str(at))
        self._ask("disk", at, size, int(keep))
        return Path(f"/proc/{self._supervisor_pid}/root{at.resolve()}")

    def clear(self) -> None:
        """End everything that still runs here; the room stays."""
        self._ask("clear")

    def close(self) -> None:
        """End everything that still runs here, and the room."""
        with self._control:
            try:
                self._control.shutdown(socket.SHUT_WR)
                while self._control.recv(1 << 16):  # EOF: the supervisor has
                    pass  # ended, and all it started before it
            except ConnectionError:
                pass  # it was killed, with an answer or a request unread
        for process in self._processes:
            process.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Streams:
    """What a program has open, while it is started.

    `theirs` are its 0, 1 and 2, and where its end is told, to be read from
    `status`. They are closed after that, and `status` too if it failed.
    `output` are the files in memory behind 1 and 2.
    """

    def __init__(self, stdin: Optional[int]) -> None:
        self.output = tuple(open(os.memfd_create(name), "w+b")
                            for name in ("stdout", "stderr"))
        self.status, told = os.pipe()
        self.theirs: list[int] = []
        try:
            self.theirs.append(os.open(os.devnull, os.O_RDONLY)
                               if stdin is None else os.dup(stdin))
            # Opened anew: only so the kernel guards the place where processes
            # that write at once go on. (O_APPEND does, and refuses splice.)
            for stream in self.output:
                self.theirs.append(os.open(
                    f"/proc/self/fd/{stream.fileno()}", os.O_RDWR))
        except OSError:
            for descriptor in (*self.theirs, self.status, told):
                os.close(descriptor)
            raise
        self.theirs.append(told)

    def __enter__(self) -> _Streams:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for descriptor in self.theirs:
            os.close(descriptor)
        if kind is not None:
            os.close(self.status)


def give_nobody_access(place: Path, whole: bool = False) -> None:
    """As root, give the user nobody access to a file, or a folder.

    What all may read stays as it is, unless nobody is to own the `whole` of
    it. This is done once: what a program can write in might be another place
    by now.
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
def _supervisor() -> Path:
    """Return the supervisor's program.

    A room costs a sixth less with a static one.
    """
    try:
        return program.build(SUPERVISOR, ("-static", *PARTS))
    except program.DoesNotCompile:  # no static libc here
        return program.build(SUPERVISOR, PARTS)


# A thread that starts a process copies, for a while, what the others have
# open: none has a connection before the first is up.
_STARTING = threading.Lock()


@functools.lru_cache(maxsize=None)
def _supervisors(mounts: str) -> tuple[subprocess.Popen, socket.socket]:
    """Start the process that supervisors are forked from, once for us all.

    Once for each mount namespace that we live in, `mounts`: what is shown to
    a program must be seen by its supervisor. It ends with us. Supervisors, and
    the programs, have the umask and the limits that we had when it was
    started.
    """
    del mounts  # the child is born where we are
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen([_supervisor()], stdin=theirs, env={},
                                   stdout=subprocess.DEVNULL)
    return process, ours


def _ask_for_a_supervisor(control: socket.socket) -> None:
    """Have a supervisor forked, which serves the other end of `control`."""
    mounts = os.readlink("/proc/self/ns/mnt")
    for last in (False, True):
        with _STARTING:
            _, supervisors = _supervisors(mounts)
        try:
            socket.send_fds(supervisors, [b"."], [control.fileno()])
            return
        except BrokenPipeError:  # somebody has killed it
            _supervisors.cache_clear()
            if last:
                raise


def _message(fields: Sequence[object]) -> bytes:
    """Return a message to the supervisor (message.h); lists are lists."""
    flat: list[object] = []
    for field in fields:
        flat += [len(field), *field] if isinstance(field, list) else [field]
    # Before Python 3.11 str() of a signal is its name.
    words = [os.fsencode(str(int(word) if isinstance(word, int) else word))
             for word in flat]
    if any(b"\0" in word for word in words):
        raise ValueError("a NUL can't be told to a program")
    return b"".join(word + b"\0" for word in words)


@functools.lru_cache(maxsize=None)
def why_not_private() -> str:
    """Return "" where sandboxes are private, else the system's reason."""
    try:
        with Sandbox() as room:
            return room.why_not
    except (program.NotInstalled, program.DoesNotCompile) as error:
        return str(error).partition("\n")[0]
