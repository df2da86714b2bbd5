"""System calls that Python 3.9 does not offer: unshare, prctl, mount (2)."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
MS_RELATIME = 0x200000
MNT_DETACH = 2

# statvfs(3) tells the same flags as mount(2) takes, all but this one.
ST_RELATIME = 4096
ST_AS_MS = 1 | 2 | 4 | 8 | 1024 | 2048

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags`; raises OSError (unshare(2))."""
    _checked(_libc.unshare(flags), "unshare")


def prctl(option: int, value: int) -> None:
    """Set one attribute of this process; raises OSError (prctl(2))."""
    _checked(_libc.prctl(option, value, 0, 0, 0), "prctl")


def mount(source: str, target: str, kind: str, options: str = "",
          flags: int = 0) -> None:
    """Mount a file system; raises OSError (mount(2))."""
    _checked(_libc.mount(source.encode(), target.encode(), kind.encode(),
                         ctypes.c_ulong(flags), options.encode() or None),
             f"mount {target}")


def _kept_flags(place: str) -> int:
    """Return the flags of a mount that a user namespace may not lift."""
    seen = os.statvfs(place).f_flag
    return seen & ST_AS_MS | (MS_RELATIME if seen & ST_RELATIME else 0)


def bind(place: str, there: str, writable: bool) -> None:
    """Show a file or a folder at another place too; raises OSError."""
    mount(place, there, "", flags=MS_BIND | MS_REC)
    if not writable:
        mount("none", there, "", flags=MS_BIND | MS_REMOUNT | MS_RDONLY
              | MS_NOSUID | MS_NODEV | _kept_flags(there))


def pivot(root: str) -> None:
    """Make a mounted tree the only one there is, and read-only.

    pivot_root(2), with no place for the old root. Raises OSError.
    """
    os.chdir(root)
    _checked(_libc.pivot_root(b".", b"."), "pivot_root")
    _checked(_libc.umount2(b".", MNT_DETACH), "umount of the old root")
    os.chdir("/")
    mount("none", "/", "", flags=MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID
          | MS_NODEV)


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
        keep_own_uid(uid, gid)
    mount("none", "/", "", flags=MS_REC | MS_PRIVATE)
    mount("tmpfs", at, "tmpfs", f"size={size},mode=755",
          MS_NOSUID | MS_NODEV)


def own_proc() -> None:
    """In new mount and pid namespaces, show the new processes in /proc.

    Mounts of ours stay ours (mount_namespaces(7)). Raises OSError.
    """
    mount("none", "/", "", flags=MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc")


def keep_own_uid(uid: int, gid: int) -> None:
    """In a new user namespace, stay who one was (user_namespaces(7))."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"),
                       ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "wb") as table:  # a codec might be
            table.write(text.encode())  # out of reach: root's home is 0700


def few_buckets() -> None:
    """Exchange a new network namespace for one with a small hash table.

    Whoever reads /proc/net/tcp waits while the kernel looks into each bucket of
    the whole machine's table: 4 ms. Linux 6.1 and later, ip-sysctl.rst.
    """
    try:
        with open("/proc/sys/net/ipv4/tcp_child_ehash_entries",
                  "wb") as setting:
            setting.write(b"64")
    except OSError:
        return
    unshare(CLONE_NEWNET)


def set_loopback(up: bool) -> None:
    """Bring `lo` of this network namespace up or down (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14x", b"lo", 0)
        reply = fcntl.ioctl(handle, SIOCGIFFLAGS, request)
        flags = struct.unpack("16sh14x", reply)[1]
        flags = flags | IFF_UP if up else flags & ~IFF_UP
        fcntl.ioctl(handle, SIOCSIFFLAGS,
                    struct.pack("16sh14x", b"lo", flags))
