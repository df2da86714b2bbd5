"""Putting up the walls, on the keeper's side (walls.py describes them).

    enter(walls)          once: nobody, namespaces, what all programs see
    confine(walls, ...)   in each child: its own view, its limits; then exec

A keeper stays outside the tree that it builds. Programs are of the same user as
the keeper and can't reach it all the same: they have none of its capabilities,
which both signals to a first process and ptrace(2) ask for.
"""

from __future__ import annotations

import os
import pwd
import resource
import signal
from pathlib import Path

import namespaces as ns

FLAGS = {"user": ns.CLONE_NEWUSER, "pid": ns.CLONE_NEWPID,
         "mount": ns.CLONE_NEWNS, "net": ns.CLONE_NEWNET,
         "ipc": ns.CLONE_NEWIPC}
HOSTS = b"127.0.0.1 localhost\n::1 localhost\n"
CATCHABLE = set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP,
                                   signal.SIGCHLD}


def become_nobody() -> None:
    """Give root up for good, and keep /proc/self one's own (prctl(2))."""
    user = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    ns.prctl(ns.PR_SET_DUMPABLE, 1)


def enter(walls: dict) -> None:
    """Become nobody, then make the namespaces: RLIMIT_NPROC counts by them.

    Raises OSError where that is forbidden.
    """
    if os.getuid() == 0:
        become_nobody()
    uid, gid = os.getuid(), os.getgid()
    if not walls["namespaces"]:
        return
    ns.unshare(sum(FLAGS[name] for name in walls["namespaces"]))
    ns.keep_own_uid(uid, gid)
    if "net" in walls["namespaces"]:
        ns.few_buckets()
        ns.set_loopback(up=True)


def furnish(walls: dict) -> None:
    """In the first process: show what all programs see, shut the rest.

    The tree is built on the stage's folder `root`. Raises OSError.
    """
    for number in CATCHABLE:  # programs may send us what we'd listen to
        signal.signal(number, signal.SIG_IGN)
    if "mount" not in walls["namespaces"]:
        return
    try:  # user_namespaces(7): none in ours, so no new capabilities
        Path("/proc/sys/user/max_user_namespaces").write_bytes(b"0")
    except OSError:
        pass  # older than Linux 4.9
    root = root_of(walls)
    ns.mount("tmpfs", str(root), "tmpfs", "size=1m,mode=755",
             ns.MS_NOSUID | ns.MS_NODEV)
    for folder in ("proc", "tmp", "etc", "dev"):
        (root / folder).mkdir(exist_ok=True)
    (root / "etc" / "hosts").write_bytes(HOSTS)
    ns.mount("tmpfs", str(root / "tmp"), "tmpfs", f"size={walls['disk']}",
             ns.MS_NOSUID | ns.MS_NODEV)
    for place in walls["shows"]:
        show(root, place)
    for place in walls["hides"]:
        if os.path.isdir(f"{root}{place}"):
            ns.mount("tmpfs", f"{root}{place}", "tmpfs", "size=4k",
                     ns.MS_RDONLY)


def root_of(walls: dict) -> Path:
    """Return where the programs' tree is built."""
    return Path(walls["stage"]) / "root"


def show(root: Path, place: str, writable: bool = False) -> None:
    """Show a place of the machine in the tree, if the machine has it."""
    there = Path(f"{root}{place}")
    if os.path.islink(place):
        there.parent.mkdir(parents=True, exist_ok=True)
        there.symlink_to(os.readlink(place))
    elif os.path.isdir(place):
        there.mkdir(parents=True, exist_ok=True)
        ns.bind(place, str(there), writable)
    elif os.path.exists(place):
        there.parent.mkdir(parents=True, exist_ok=True)
        there.touch()
        ns.bind(place, str(there), writable or place.startswith("/dev/"))


def turn_in(walls: dict, shown: dict[str, bool]) -> None:
    """In a child: make the tree its root, with what it is shown of the stage.

    `shown` says of each entry whether it may be written.
    """
    root = root_of(walls)
    ns.unshare(ns.CLONE_NEWNS)
    for entry, writable in sorted(shown.items()):
        show(root, entry, writable)
    try:
        ns.mount("proc", str(root / "proc"), "proc", "",
                 ns.MS_NOSUID | ns.MS_NODEV | ns.MS_NOEXEC)
    except OSError:
        pass  # a container hides parts of /proc: then there is none
    ns.pivot(str(root))


def confine(walls: dict, shown: dict[str, bool], output: int) -> None:
    """In a child, last before exec: its view, its limits, no way back."""
    try:
        with open("/proc/self/oom_score_adj", "wb") as score:
            score.write(b"1000")  # out of memory, it goes first (proc(5))
    except OSError:
        pass
    if "mount" in walls["namespaces"]:
        turn_in(walls, shown)
    ns.prctl(ns.PR_SET_NO_NEW_PRIVS, 1)
    for what, most in (
            (resource.RLIMIT_CORE, 0), (resource.RLIMIT_MSGQUEUE, 0),
            (resource.RLIMIT_MEMLOCK, 0),
            (resource.RLIMIT_NOFILE, walls["files"]),
            (resource.RLIMIT_FSIZE, output),
            (resource.RLIMIT_CPU, walls["seconds"]),
            (resource.RLIMIT_NPROC, walls["processes"]),
            (resource.RLIMIT_AS, walls["memory"])):
        _, hard = resource.getrlimit(what)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(what, (most, most))
