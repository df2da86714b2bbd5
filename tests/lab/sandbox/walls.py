"""What stands between a program that nobody trusts and the machine.

A description, which the supervisor of a sandbox puts up (enclosure.h).
Everything is shut that isn't named here: a program sees `shows`, read-only, the
entries of `scratch` that its own command line and environment name, and nothing
else; its network, processes, mounts and IPC objects are its own.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from .cgroups import Group

# What a compiler and a C library need, where it is.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
          "/etc/ld.so.cache", "/etc/alternatives")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random",
           "/dev/urandom")
NAMESPACES = ("user", "pid", "mount", "net", "ipc")
MIB = 1 << 20


class NoWalls(Exception):
    """This system forbids the walls; the text is its reason."""


@dataclass(frozen=True)
class Walls:
    """The walls around everything that runs in one sandbox.

    `scratch` is the folder whose entries may be shown, and so may those of
    `library`, which is nobody's in particular; `hides` are places that
    are covered where `shows` would show them. Without `namespaces` only the
    limits stand. `memory` is bytes of address space a process, `processes` a
    count that threads are part of, `files` open files a process, `output` the
    bytes of one file, `seconds` the processor's a process, `disk` the bytes
    of /tmp, which is a sandbox's own, and `inodes` the files there: an empty
    one takes a KiB too. As root, programs run as nobody. With
    `filters` some system calls are refused (filter.h). A `group` bounds what
    all sandboxes in it take together.
    """

    scratch: Path
    library: Optional[Path] = None
    shows: tuple[str, ...] = SYSTEM + DEVICES
    hides: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = NAMESPACES
    memory: int = 256 * MIB
    processes: int = 24
    files: int = 256
    output: int = 16 * MIB
    seconds: int = 10
    disk: int = 16 * MIB
    inodes: int = 10_000
    filters: bool = True
    group: Optional[Group] = None

    def __bool__(self) -> bool:
        """Whether the network is a room's own, as Sandbox(True) has it."""
        return "net" in self.namespaces

    def told(self) -> list[object]:
        """Return them as the supervisor is told (read_walls in enclosure.c)."""
        nobody = pwd.getpwnam("nobody")
        return ["walls", nobody.pw_uid, nobody.pw_gid, list(self.namespaces),
                self.scratch / "root", self.disk, self.inodes, self.memory,
                self.processes, self.files, self.seconds, list(self.shows),
                list(self.hides), int(self.filters)]

    def entry(self, word: str) -> str:
        """Return the entry of `scratch` that a word names, "" for none."""
        for folder in filter(None, (self.scratch, self.library)):
            inside = os.path.relpath(word, folder) \
                if word.startswith(f"{folder}/") else "."
            first = inside.split("/")[0]
            if first not in (".", ".."):
                return str(folder / first)
        return ""
