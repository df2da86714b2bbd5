"""GitHub: clones of all repositories of an assignment, a folder each.

    return-the-thanks-submissions/return-the-thanks-jdoe/exercises/...
    cs101-return-the-thanks-jdoe/exercises/...

as `gh classroom clone` and `gh teacher download` leave them. What all
repositories' names have in front is the assignment; the rest is the login.
"""

import os
from typing import Optional, Sequence

from ..download import Entry
from ..tree import Parts
from . import Layout, Place, Placer

TOP = "-submissions"


def _repositories(entries: Sequence[Entry]) -> set[Parts]:
    """Return the folders that are repositories."""
    found = set()
    for entry in entries:
        for depth, part in enumerate(entry.path[:-1]):
            if part == ".git" and depth:
                found.add(entry.path[:depth])
            if part.endswith(TOP) and depth < len(entry.path) - 2:
                found.add(entry.path[:depth + 2])
    return found


def _assignment(repositories: set[Parts]) -> str:
    """Return what is in front of all the logins."""
    tops = {path[-2].rsplit(TOP)[0] for path in repositories
            if len(path) > 1 and path[-2].endswith(TOP)}
    names = [path[-1] for path in repositories]
    if len(tops) == 1:
        top = tops.pop() + "-"
        if all(name.startswith(top) for name in names):
            return top
    if len(names) < 2:
        return ""
    return os.path.commonprefix(names).rpartition("-")[0] + "-"


def _reader(entries: Sequence[Entry]) -> Placer:
    repositories = _repositories(entries)
    front = _assignment(repositories)

    def place(path: Parts) -> Optional[Place]:
        for depth in range(1, len(path)):
            if path[:depth] in repositories:
                name = path[depth - 1]
                login = name[len(front):] if name.startswith(front) else name
                return Place(name, path[depth:], login=login or name)
        return None
    return place


LAYOUT = Layout("github", "clones from GitHub", _reader)
