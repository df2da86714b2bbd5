"""What the Makefile calls: one module a command, loaded when it is asked for.

    status = run("check", ["01"])
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from dataclasses import dataclass
from typing import Callable, Sequence

from .. import printable, proof
from ..judges import NoSuchExercise
from ..kernel import DidNotListen
from ..program import DoesNotCompile, NoSuchChapter, NotInstalled
from ..race import NoSuchRace
from ..sandbox import StillRunning
from ..scenario import NoSuchScenario
from .asked import UsageError


@dataclass(frozen=True)
class Command:
    """The words that a command takes, and the function that does it.

    A word in brackets may be left out, `...` is any number of them. One that
    `judges` does so only where the bench has proved itself.
    """

    usage: str = ""
    module: str = ""
    function: str = "main"
    judges: bool = False

    def takes(self, count: int) -> bool:
        """Whether so many words are right."""
        words = self.usage.split()
        least = sum(not word.startswith("[") for word in words)
        return least <= count and (count <= len(words) or "..." in self.usage)

    def load(self, name: str) -> Callable[[Sequence[str]], int]:
        """Import it: the module has the command's name if it has no other."""
        module = importlib.import_module(f"{__name__}.{self.module or name}")
        does: Callable[[Sequence[str]], int] = getattr(module, self.function)
        return does


COMMANDS = {
    "autograde": Command("SUBMISSION RESULTS [NN]", "gradescope", "autograde",
                         judges=True),
    "autograde50": Command("CHECKOUT NN", "classroom50", "autograde",
                           judges=True),
    "book": Command(),
    "check": Command("NN", judges=True),
    "classroom50": Command(),
    "collect": Command(),
    "demo": Command(),
    "doctor": Command(),
    "grade": Command(judges=True),
    "gradescope": Command(),
    "handout": Command(),
    "hint": Command("NN"),
    "matrix": Command("[NN]"),
    "peers": Command(),
    "race": Command("[NN]"),
    "read": Command("", "book", "read"),
    "regrade": Command("", "grade", "again", judges=True),
    "reset": Command("NN"),
    "score": Command(judges=True),
    "trace": Command("NN"),
    "trace-check": Command("NN", "trace_check", judges=True),
    "watch": Command("NN", judges=True),
    "wires": Command("[NN...]"),
}


# Limits of the shell's that commands are known to have met (ulimit -a).
LIMITS = {errno.EMFILE: "ulimit -n", errno.EFBIG: "ulimit -f",
          errno.EAGAIN: "ulimit -u", errno.ENOMEM: "ulimit -v"}


def reason(error: OSError) -> str:
    """Say what the system refused, with the place if it is known."""
    if not error.strerror:
        return str(error)
    place = f"{os.fsdecode(error.filename)}: " if error.filename else ""
    limit = LIMITS.get(error.errno or 0)
    return f"{place}{error.strerror}" + (
        f" (too low a limit? `{limit}` shows it)" if limit else "")


def _complain(name: str, what: object) -> None:
    print(printable.wrapped(f"{name}: {what}", 2), file=sys.stderr)


def run(name: str, words: Sequence[str]) -> int:
    """Do a command; trouble is a sentence and a status."""
    command = COMMANDS[name]
    if not command.takes(len(words)):
        print(f"usage: python3 -m lab {name} {command.usage}".rstrip(),
              file=sys.stderr)
        return 2
    try:
        if command.judges:
            proof.require()
        return command.load(name)(words)
    except (NoSuchChapter, NoSuchExercise, NoSuchRace, NoSuchScenario,
            UsageError) as error:
        _complain(name, error)
        return 2
    except DoesNotCompile as error:
        print(f"{name}: the compiler refused:\n{error}", file=sys.stderr)
    except (DidNotListen, NotInstalled, StillRunning) as error:
        _complain(name, error)
    except OSError as error:
        _complain(name, reason(error))
    except MemoryError:
        _complain(name, reason(OSError(errno.ENOMEM,
                                       os.strerror(errno.ENOMEM))))
    except RuntimeError as error:
        if "start new thread" not in str(error):
            raise
        _complain(name, reason(OSError(errno.EAGAIN, str(error))))
    return 1
