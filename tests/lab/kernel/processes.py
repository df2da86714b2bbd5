"""Processes and their children (proc(5))."""

from __future__ import annotations

from pathlib import Path

EXITING = 4  # PF_EXITING, of the flags in /proc/PID/stat (linux/sched.h)


def children(pid: int) -> list[int]:
    """Return the children of a process; OSError if it has gone."""
    return [int(word) for task in Path(f"/proc/{pid}/task").iterdir()
            for word in (task / "children").read_text().split()]


def family(pid: int) -> list[int]:
    """Return a process and all that descends from it.

    With those that have lost their parent, if they are in its session (as all
    are that don't call setsid(2)) and it leads that: whoever started it has
    inherited them. Raises OSError if one of them goes meanwhile.
    """
    members = [pid, *_orphans(pid)]
    for member in members:
        members += children(member)
    return members


def _orphans(pid: int) -> list[int]:
    """Return the siblings of a process that are in the session it leads."""
    parent = int(_stat(Path(f"/proc/{pid}"))[1])
    return [sibling for sibling in (children(parent) if parent else [])
            if sibling != pid and _session(sibling) == pid]


def _session(pid: int) -> int:
    """Return the session of a process, 0 if it has just gone."""
    try:
        return int(_stat(Path(f"/proc/{pid}"))[3])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def ends(pid: int) -> bool:
    """Whether all threads of a process have ended, or are about to.

    One that ends has nothing any more that an ordinary user could read, and
    looks as one does that hides it.
    """
    try:
        return all(thread_ended(task) or thread_ends(task) for task in
                   Path(f"/proc/{pid}/task").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return True


def _stat(task: Path) -> list[str]:
    """Return the fields of /proc/PID/stat, or a thread's, from the third on.
    """
    return (task / "stat").read_text().rsplit(")", 1)[1].split()


def thread_ended(task: Path) -> bool:
    """Whether a thread, /proc/PID/task/TID, has ended; OSError if it is gone.
    """
    return _stat(task)[0] in "ZX"


def thread_ends(task: Path) -> bool:
    """Whether a thread is in exit(2); OSError if it is gone."""
    return bool(int(_stat(task)[6]) & EXITING)


def stopped(pid: int) -> bool:
    """Whether a program has stopped for a signal (proc(5)), or has gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rsplit(")", 1)[1].split()[0] in "TZX"


def runnable(pid: int) -> float:
    """Return for how many seconds a process has not slept.

    It ran then, or waited for a processor (/proc/PID/task/TID/schedstat, of
    the thread that did so longest); 0 where the kernel does not count it, or
    if the process has gone.
    """
    try:
        return max(sum(map(int, (task / "schedstat").read_text().split()[:2]))
                   for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9
    except (OSError, ValueError):
        return 0.0


def waited(pid: int) -> float:
    """Return for how many seconds a process has waited for a processor.

    /proc/PID/schedstat; 0 where the kernel does not count it, or if the
    process has gone.
    """
    try:
        text = Path(f"/proc/{pid}/schedstat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(text.split()[1]) / 1e9
