"""No test waits for ever: one that takes too long ends its run, and is named.

With pytest-xdist that is one worker, and the other tests go on. What is
bounded by itself ends long before; this is for a wait that nobody has thought
of.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from typing import Iterator

import pytest

BOUND = 900  # seconds that a test may take
LONG_BOUND = 3600  # seconds that its long form may take


class Bounded:
    """Ends a test that hangs; it is told where on a copy of standard error."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._stderr = os.dup(sys.__stderr__.fileno())

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        """Run a test, with its fixtures."""
        faulthandler.dump_traceback_later(self._seconds, exit=True,
                                          file=self._stderr)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def pytest_configure(config: pytest.Config) -> None:
    """Begin, while standard error isn't captured yet."""
    config.pluginmanager.register(Bounded(
        LONG_BOUND if config.getoption("--soak", False) else BOUND))
