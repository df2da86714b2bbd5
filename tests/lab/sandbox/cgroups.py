"""Bounds on what several sandboxes take together: control groups (cgroups(7)).

    with Group(memory=1 << 30, processes=200) as group:
        Sandbox(Walls(..., group=group))

Version 2 has one tree of groups, version 1 has one for each controller. A group
is made beside our own, or in it, where the system lets us: root almost always,
an ordinary user only in a part of the tree that was delegated. It goes when it
is closed. Sources: cgroup-v2.rst and cgroup-v1/memory.rst of the kernel.
"""

from __future__ import annotations

import errno
import os
import re
import select
import tempfile
import time
from pathlib import Path
from typing import Iterator, Optional

CONTROLLERS = ("memory", "pids")
NAME = "half-close-"  # and the process that made it, in its namespace
EMPTY = 5.0  # seconds until the last process of a group has gone

# The files that bound something, and whether a kernel may lack them: swap is
# not counted everywhere.
BOUNDS = {
    2: {"memory": (("memory.max", True), ("memory.swap.max", False)),
        "pids": (("pids.max", True),)},
    1: {"memory": (("memory.limit_in_bytes", True),
                   ("memory.memsw.limit_in_bytes", False)),
        "pids": (("pids.max", True),)},
}


def _mounted() -> Iterator[tuple[str, str, Path]]:
    """Give the controllers ("" for all: version 2), root and place of each
    tree that is mounted (proc(5), mountinfo)."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        root, place = before.split()[3:5]
        if kind in ("cgroup", "cgroup2"):
            yield "" if kind == "cgroup2" else options, root, Path(place)


def _ours(controller: str) -> Optional[Path]:
    """Return our own group in a tree, that of version 2 for ""."""
    found = re.search(rf"^\d+:([^:]*,)?{controller}(,[^:]*)?:(.*)$",
                      Path("/proc/self/cgroup").read_text(), re.M)
    for controllers, root, place in _mounted():
        known = controller in controllers.split(",") if controller \
            else not controllers
        if found and known and (found[3] + "/").startswith(
                root.rstrip("/") + "/"):
            return place / found[3][len(root.rstrip("/")):].lstrip("/")
    return None


def _places() -> Iterator[tuple[int, dict[str, Path]]]:
    """Give the versions, and where a group can be made for each controller.

    In version 2 a group with processes in it has none with controllers below.
    """
    ours = _ours("")
    for base in (ours, ours.parent) if ours else ():
        try:
            shared = (base / "cgroup.subtree_control").read_text().split()
        except OSError:
            continue
        if set(CONTROLLERS) <= set(shared):
            yield 2, dict.fromkeys(CONTROLLERS, base)
    first = {name: _ours(name) for name in CONTROLLERS}
    found = {name: place for name, place in first.items() if place}
    if len(found) == len(CONTROLLERS):
        yield 1, found


def _name() -> str:
    """Return what the groups of this process namespace begin with.

    A process of another one has another number here, or none.
    """
    return f"{NAME}{os.stat('/proc/self/ns/pid').st_ino}-"


class Group:
    """A control group of `memory` bytes and so many `processes`.

    Files in a sandbox's memory count as memory. Raises OSError where none can
    be made.
    """

    def __init__(self, memory: int, processes: int) -> None:
        self._made: list[Path] = []
        sweep()
        trouble = OSError(errno.EOPNOTSUPP, "no memory and pids controllers "
                          "are shared with groups below")
        for version, places in _places():
            try:
                self._make(version, places,
                           {"memory": memory, "pids": processes})
                return
            except OSError as error:
                self.close()
                trouble = error
        raise trouble

    def _make(self, version: int, places: dict[str, Path],
              most: dict[str, int]) -> None:
        made: dict[Path, Path] = {}
        for controller, base in places.items():
            if base not in made:
                made[base] = Path(tempfile.mkdtemp(
                    prefix=f"{_name()}{os.getpid()}-", dir=base))
                self._made.append(made[base])
            for name, needed in BOUNDS[version][controller]:
                place = made[base] / name
                if needed or place.exists():
                    place.write_text(str(most[controller]))

    def add(self, pid: int) -> None:
        """Let a process be in it, and all that it will start."""
        for place in self._made:
            (place / "cgroup.procs").write_text(str(pid))

    def close(self) -> None:
        """Remove it, once the last process in it has gone."""
        _remove(self._made)
        self._made = []

    def __enter__(self) -> Group:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _removed(place: Path) -> bool:
    """Remove a group; False while a process is in it."""
    try:
        place.rmdir()
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True


def _left_behind() -> list[Path]:
    """Return the groups of makers that have gone."""
    found = []
    for _, places in _places():
        for base in set(places.values()):
            for stale in base.glob(f"{_name()}*-*"):
                maker = stale.name[len(_name()):].partition("-")[0]
                if not os.path.exists(f"/proc/{maker}"):
                    found.append(stale)
    return found


def sweep(bound: float = 0.0) -> None:
    """Remove groups that were left behind; wait until they are empty.

    At most `bound` seconds: what was killed takes a while to go.
    """
    _remove(_left_behind(), bound)


def _remove(groups: list[Path], bound: float = EMPTY) -> None:
    """Remove groups once the last process in them has gone."""
    deadline = time.monotonic() + bound
    while True:
        groups = [place for place in groups if not _removed(place)]
        if not groups or time.monotonic() > deadline:
            return
        select.select([], [], [], 0.01)  # announced to nobody


def why_not() -> str:
    """Return "" where a group can be made, else the system's reason."""
    try:
        with Group(1 << 30, 100):
            return ""
    except OSError as error:
        return f"{error.filename}: {error.strerror}" if error.filename \
            else error.strerror or str(error)
