"""The first process of a sandbox: it starts the others.

It is forked by nursery.py, makes the namespaces, then serves one request after
another from its socket. A request and its answer are one JSON message each,
with descriptors attached:

    {"do": "start", "argv", "env", "cwd", "shown", "output"}
                             + stdin, stdout, stderr, status
                                           -> {"pid"}: as seen from outside
    {"do": "socket", "family", "type", "protocol"}  -> {} + the socket
    {"do": "signal", "pid", "number"}               -> {}
    {"do": "link", "up"}                            -> {}
    {"do": "disk", "at", "size", "keep"}                    -> {}

A request that fails is answered {"error": errno, "what": text}. How a program
ended is written to its status descriptor, four bytes as waitpid(2) gives it.
When the other end hangs up the keeper ends, and all it started with it; its own
end closes after that. Before the first request it says {"why_not", "pid"}: ""
or why there are no namespaces, and its own number outside.
"""

from __future__ import annotations

import errno
import json
import os
import re
import selectors
import signal
import socket
import struct
from pathlib import Path
from typing import NoReturn, Optional

import enclosure
import namespaces

RESET = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT)


def own_namespaces() -> None:
    """Make them, staying who we are; raises OSError where it is forbidden."""
    uid, gid = os.getuid(), os.getgid()
    private = namespaces.CLONE_NEWNET | namespaces.CLONE_NEWPID \
        | namespaces.CLONE_NEWNS
    try:
        namespaces.unshare(namespaces.CLONE_NEWUSER | private)
        namespaces.keep_own_uid(uid, gid)
    except OSError:
        if uid != 0:
            raise
        namespaces.unshare(private)
    namespaces.few_buckets()
    namespaces.set_loopback(up=True)


def enter(walls: Optional[dict]) -> str:
    """Make the namespaces and become their first process.

    Returns "" inside, or why this system forbids it.
    """
    try:
        if walls:
            enclosure.enter(walls)
        else:
            own_namespaces()
    except OSError as error:
        return error.strerror or str(error)
    if walls and "pid" not in walls["namespaces"]:
        return settle(walls)
    first = os.fork()
    if first:
        _, status = os.waitpid(first, 0)
        os._exit(0 if status == 0 else 1)
    namespaces.prctl(namespaces.PR_SET_PDEATHSIG, signal.SIGKILL)
    return settle(walls)


def settle(walls: Optional[dict]) -> str:
    """In the first process: see to what is seen. Returns "", or why not."""
    try:
        namespaces.own_proc()
    except OSError:
        pass  # a container hides parts of /proc: then the outer one must do
    try:
        if walls:
            enclosure.furnish(walls)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def become(request: dict, descriptors: list[int], report: int,
           walls: dict) -> None:
    """In the child, behind walls: turn into a program, or say why not."""
    try:
        os.setsid()
        for number in {*enclosure.CATCHABLE, signal.SIGCHLD}:
            signal.signal(number, signal.SIG_DFL)
        for target, descriptor in enumerate(descriptors[:3]):
            os.dup2(descriptor, target)
        enclosure.confine(walls, request["shown"], request["output"])
        os.chdir(request["cwd"])
        os.execvpe(request["argv"][0], request["argv"], request["env"])
    except OSError as error:
        os.write(report, f"{error.errno} {error.strerror}".encode())
    finally:  # whatever it was: there is one keeper, and we are not it
        os._exit(127)


def fork(request: dict, descriptors: list[int], walls: dict) -> int:
    """Start a program behind walls; an exec that fails raises OSError."""
    listening, report = os.pipe()
    child = os.fork()
    if child == 0:
        become(request, descriptors, report, walls)
    os.close(report)
    with os.fdopen(listening) as told:
        trouble = told.read()
    if trouble:
        os.waitpid(child, 0)
        number, what = trouble.split(" ", 1)
        raise OSError(int(number), what)
    return child


def spawn(request: dict, descriptors: list[int]) -> int:
    """Start a program; raises OSError.

    posix_spawn(3) copies nothing of us before it executes: half the price.
    """
    os.environ["PATH"] = request["env"]["PATH"]  # it looks in ours
    os.chdir(request["cwd"])
    try:
        return os.posix_spawnp(
            request["argv"][0], request["argv"], request["env"],
            file_actions=[(os.POSIX_SPAWN_DUP2, descriptor, target)
                          for target, descriptor
                          in enumerate(descriptors[:3])],
            setsid=True, setsigdef=RESET)
    finally:
        os.chdir("/")


def put_disk(at: Path, size: int, keep: bool) -> None:
    """Put a disk over a folder; `keep` copies its plain files onto it."""
    kept = {file.name: (file.read_bytes(), file.stat().st_mode)
            for file in at.iterdir() if keep and file.is_file()
            and not file.is_symlink()}
    namespaces.mount("tmpfs", str(at), "tmpfs", f"size={size}")
    for name, (content, mode) in kept.items():
        (at / name).write_bytes(content)
        (at / name).chmod(mode & 0o777)


class Keeper:
    """What runs in the sandbox: inner pid, by the pid seen from outside.

    `pid` is its own number outside. `alone` says that it is the first process
    of a pid namespace.
    """

    def __init__(self, control: socket.socket, outside: int, alone: bool,
                 walls: Optional[dict] = None) -> None:
        self.control = control
        self.outside = outside  # the /proc of the world that made us
        self.alone = alone
        self.walls = walls
        self.pid = int(os.readlink("self", dir_fd=outside))
        self.inner: dict[int, int] = {}
        self.status: dict[int, int] = {}

    def seen_outside(self, name: str) -> str:
        """Return what a file says in the /proc of the world outside."""
        with open(os.open(name, os.O_RDONLY, dir_fd=self.outside)) as file:
            return file.read()

    def outer(self, child: int) -> int:
        """Return the number that a child of ours has outside (proc(5)).

        Raises ProcessLookupError where nothing shows it.
        """
        if not self.alone:
            return child
        listed = self.seen_outside(f"{self.pid}/task/{self.pid}/children")
        for number in reversed(listed.split()):
            numbers = re.search(r"^NSpid:.*\s(\d+)$",
                                self.seen_outside(f"{number}/status"), re.M)
            if numbers and int(numbers[1]) == child:
                return int(number)
        raise ProcessLookupError(errno.ESRCH, "its number is not seen outside")

    def start(self, request: dict, descriptors: list[int]) -> dict:
        """Start a program; one that can't be executed raises OSError."""
        child = fork(request, descriptors, self.walls) if self.walls \
            else spawn(request, descriptors)
        outer = self.outer(child)
        self.inner[outer] = child
        self.status[child] = os.dup(descriptors[3])
        return {"pid": outer}

    def answer(self, request: dict, descriptors: list[int]) -> None:
        """Do what was asked, and say how it went."""
        made: list[socket.socket] = []
        try:
            if request["do"] == "start":
                reply = self.start(request, descriptors)
            elif request["do"] == "socket":
                made.append(socket.socket(request["family"], request["type"],
                                          request["protocol"]))
                reply = {}
            elif request["do"] == "link":
                namespaces.set_loopback(request["up"])
                reply = {}
            elif request["do"] == "clear":
                self.kill_all()
                reply = {}
            elif request["do"] == "disk":
                put_disk(Path(request["at"]), request["size"],
                         request["keep"])
                reply = {}
            else:
                if request["pid"] in self.inner:
                    os.kill(self.inner[request["pid"]], request["number"])
                reply = {}
        except OSError as error:
            reply = {"error": error.errno, "what": error.strerror}
        socket.send_fds(self.control, [json.dumps(reply).encode()],
                        [s.fileno() for s in made])
        for s in made:
            s.close()

    def reap(self) -> None:
        """Tell how each program that has ended did so; bury orphans too."""
        while True:
            try:
                child, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if child == 0:
                return
            self.bury(child, status)

    def bury(self, child: int, status: int) -> None:
        """Tell how a program has ended, if it is one that we started."""
        if child in self.status:
            descriptor = self.status.pop(child)
            self.inner = {k: v for k, v in self.inner.items() if v != child}
            os.write(descriptor, struct.pack("i", status))
            os.close(descriptor)

    def kill_all(self) -> None:
        """End all that we started, and all that this has started.

        A child's orphans turn up as our own children: we are the first process
        of a pid namespace, or a subreaper.
        """
        while self.kill_some():
            self.bury(*os.waitpid(-1, 0))

    def kill_some(self) -> bool:
        """Kill all children that there are now; False if there are none."""
        try:
            if self.alone:
                os.kill(-1, signal.SIGKILL)  # and theirs, at once
                return True
            me = os.getpid()
            with open(f"/proc/{me}/task/{me}/children", "rb") as listed:
                children = listed.read().split()
            for child in map(int, children):
                os.kill(child, signal.SIGKILL)
            return bool(children)
        except ProcessLookupError:
            return False

    def serve(self) -> None:
        """Answer until the other end is gone."""
        wake, woken = socket.socketpair()
        for end in (wake, woken):
            end.setblocking(False)
        signal.set_wakeup_fd(woken.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        ready = selectors.DefaultSelector()
        ready.register(self.control, selectors.EVENT_READ)
        ready.register(wake, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj is wake:
                    wake.recv(4096)
                    self.reap()
                    continue
                text, descriptors, _, _ = socket.recv_fds(
                    self.control, 1 << 20, 4)
                if not text:
                    signal.set_wakeup_fd(-1)  # its socket goes with us
                    return
                for descriptor in descriptors:  # they arrive inheritable
                    os.set_inheritable(descriptor, False)
                self.answer(json.loads(text), descriptors)
                for descriptor in descriptors:
                    os.close(descriptor)


def keep(control: socket.socket, privacy: str) -> NoReturn:
    """Enter the namespaces, say so, serve.

    `privacy` is `private`, `shared`, or a description of walls as JSON.
    """
    outside = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    walls = json.loads(privacy) if privacy.startswith("{") else None
    why_not = "not asked for" if privacy == "shared" else enter(walls)
    alone = not why_not and (walls is None or "pid" in walls["namespaces"])
    if not alone:
        namespaces.prctl(namespaces.PR_SET_CHILD_SUBREAPER, 1)
    keeper = Keeper(control, outside, alone, walls)
    try:
        control.send(json.dumps({"why_not": why_not,
                                 "pid": keeper.pid}).encode())
        keeper.serve()
    except ConnectionError:
        pass
    finally:
        if not alone:
            signal.set_wakeup_fd(-1)
            keeper.kill_all()
    os._exit(0)
