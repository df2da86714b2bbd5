"""One piece of work in a process of its own, so that it can't end the others.

    with Worker(work, bound) as worker:
        answer = worker.answer()   # once worker.fileno() can be read

Linux's fork: the work needs no name, and all that is loaded stays loaded.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import time
import traceback
from dataclasses import dataclass
from typing import Any, Callable


@dataclass(frozen=True)
class Answer:
    """What came of it: a value; or `error`, for people; or `late`.

    `detail` is for who maintains the grader.
    """

    value: Any = None
    error: str = ""
    detail: str = ""
    late: bool = False


class Worker:
    """Runs `work()` elsewhere, for at most `bound` seconds."""

    def __init__(self, work: Callable[[], Any], bound: float) -> None:
        self._answer, theirs = os.pipe()
        self._deadline = time.monotonic() + bound
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._answer)
            _work(work, theirs)
        os.close(theirs)

    def fileno(self) -> int:
        """Readable once there is an answer: for poll(2)."""
        return self._answer

    @property
    def left(self) -> float:
        """Seconds until it is late, at least 0."""
        return max(0.0, self._deadline - time.monotonic())

    def answer(self) -> Answer:
        """Wait for the end, not beyond the bound, and say what came of it."""
        told = bytearray()
        while True:
            ready, _, _ = select.select([self._answer], [], [], self.left)
            if not ready:
                return Answer(late=True)
            chunk = os.read(self._answer, 1 << 20)
            if not chunk:
                break
            told += chunk
        try:
            found: Answer = pickle.loads(bytes(told))
            return found
        except (pickle.UnpicklingError, EOFError):
            return Answer(error="the judge ended without a word")

    def close(self) -> None:
        """End it; the rooms of its programs end with it."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._answer)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _work(work: Callable[[], Any], answer: int) -> None:
    """In the child: work, tell, and end without a look back."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for our parent
        try:
            told = Answer(work())
        except Exception as error:  # whatever it is, it is a row's reason
            told = Answer(error=f"{type(error).__name__}: {error}",
                          detail=traceback.format_exc())
        with os.fdopen(answer, "wb") as pipe:
            pickle.dump(told, pipe)
    finally:
        os._exit(0)
