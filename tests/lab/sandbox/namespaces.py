"""Namespaces for ourselves: for programs, the supervisor makes them.

System calls that Python 3.9 does not offer: unshare(2) and mount(2).
"""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_NOSUID, MS_NODEV = 2, 4
MS_REC, MS_PRIVATE = 0x4000, 0x40000

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags`; raises OSError (unshare(2))."""
    _checked(_libc.unshare(flags), "unshare")


def _mount(kind: str, target: str, options: str, flags: int) -> None:
    _checked(_libc.mount(kind.encode(), target.encode(), kind.encode(),
                         ctypes.c_ulong(flags), options.encode() or None),
             f"mount {target}")


def private_mounts() -> None:
    """Keep from others what is mounted from now on; raises OSError."""
    _mount("none", "/", "", MS_REC | MS_PRIVATE)


def own_proc() -> None:
    """Mount the /proc of our process namespace; raises OSError."""
    _mount("proc", "/proc", "", MS_NOSUID | MS_NODEV)


def own_disk(at: str, size: int) -> None:
    """Put a disk of `size` bytes over a folder, for us and all we start.

    Nobody else sees it, and it goes when we do. It needs a process of a single
    thread, and makes a user namespace if we aren't root. Raises OSError.
    """
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        unshare(CLONE_NEWNS)
    else:
        unshare(CLONE_NEWUSER | CLONE_NEWNS)
        keep_own_ids(uid, gid)
    private_mounts()
    _mount("tmpfs", at, f"size={size},mode=755", MS_NOSUID | MS_NODEV)


def keep_own_ids(uid: int, gid: int) -> None:
    """In a new user namespace, stay who one was (user_namespaces(7))."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"),
                       ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "wb") as table:  # a codec might be
            table.write(text.encode())  # out of reach: root's home is 0700
