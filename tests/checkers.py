"""What watches a program for mistakes that it gets away with otherwise."""

from __future__ import annotations

import shutil

import pytest

# To the compiler: a fault of memory, or what C leaves undefined, ends it.
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all",
              "-g")


def valgrind() -> list[str]:
    """Return the words that start a program under valgrind, or skip."""
    if not shutil.which("valgrind"):
        pytest.skip("no valgrind here")
    return ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full",
            "--vgdb=no"]  # its pipes are in /tmp, named by inner pids
