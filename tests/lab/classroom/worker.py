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
from pathlib import Path
from typing import Any, Callable

from ..judging import TimeIsOver

SLOWEST = 3  # times its bound that a piece of work may take at most
GRACE = 5.0  # seconds for a piece of work to say what it knows, when late
GLANCE = 1.0  # seconds after which we look how long it has waited


@dataclass(frozen=True)
class Answer:
    """What came of it: a value; or `error`, for people; or `late`.

    `detail` is for those who maintain the grader.
    """

    value: Any = None
    error: str = ""
    detail: str = ""
    late: bool = False


def waited(pid: int) -> float:
    """Return for how many seconds a thread of a process waited for a
    processor: of those that live, the one that waited most.

    From /proc/PID/task/TID/schedstat; 0 where there is none.
    """
    most = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            most = max(most, int(task.read_text().split()[1]))
        except (OSError, IndexError, ValueError):  # it has just ended
            continue
    return most / 1e9


class Worker:
    """Runs `work()` elsewhere, for at most `bound` seconds.

    Then TimeIsOver is raised in it, and it has GRACE seconds to return what it
    knows by then: what was judged stays judged.
    What it waits for a processor is given back to it, up to SLOWEST times
    its bound in all: a machine that is slow, or busy, costs nobody a grade.
    """

    def __init__(self, work: Callable[[], Any], bound: float) -> None:
        self._answer, theirs = os.pipe()
        self._bound, self._begun = bound, time.monotonic()
        self._waited, self._grace = 0.0, 0.0
        # A busy machine may let it begin when its time is over already: the
        # signal that says so waits until there is somebody to hear it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        try:
            self._pid = os.fork()
            if self._pid == 0:
                os.close(self._answer)
                _work(work, theirs, bound)
        except OSError:  # no process is left
            os.close(self._answer)
            raise
        finally:
            os.close(theirs)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def fileno(self) -> int:
        """Readable once there is an answer: for poll(2)."""
        return self._answer

    @property
    def remaining(self) -> float:
        """Seconds until it is late, at least 0, if it waits no longer."""
        self._waited = max(self._waited, waited(self._pid))
        allowed = min(self._bound + self._waited, SLOWEST * self._bound)
        return max(0.0, self._begun + allowed + self._grace
                   - time.monotonic())

    def answer(self) -> Answer:
        """Wait for the end, not beyond the bound, and say what came of it."""
        told = bytearray()
        while True:
            ready, _, _ = select.select([self._answer], [], [],
                                        min(self.remaining, GLANCE))
            if not ready:
                if not self.remaining and self._grace:
                    return Answer(late=True)
                if not self.remaining:
                    self._grace = GRACE
                    os.kill(self._pid, signal.SIGALRM)
                continue
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


def _work(work: Callable[[], Any], answer: int, bound: float) -> None:
    """In the child: work, tell, and end without cleaning up."""
    def over(*_: object) -> None:
        raise TimeIsOver(f"Judging it took more than {bound:g} seconds, and "
                         "this was not over by then.")
    begun = False
    try:
        signal.signal(signal.SIGALRM, over)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for our parent
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
            begun = True
            told = Answer(work())
        except TimeIsOver:
            told = Answer(late=True) if begun else Answer(
                error="the machine was too busy to begin this")
        except Exception as error:  # whatever it is, it is a row's reason
            told = Answer(error=f"{type(error).__name__}: {error}",
                          detail=traceback.format_exc())
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        with os.fdopen(answer, "wb") as pipe:
            pickle.dump(told, pipe)
    finally:
        os._exit(0)
