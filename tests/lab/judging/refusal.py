"""What a program makes of a command line that can't work."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Sequence

from ..sandbox import Exit, Sandbox
from .fault import Fault, quoted
from .run import Run


def refusal(room: Sandbox, argv: Sequence[object], what: str, status: int,
            boast: str = "listening", otherwise: str = "nothing listens",
            writes: Sequence[Path] = ()) -> Optional[Fault]:
    """Start a program with bad words; None if it refuses them well.

    `what` is wrong with them. It must not print the `boast`. For
    `writes` see Run.
    """
    with Run(argv, room=room, writes=writes) as run:
        run.finish()
        if (run.process.exit == Exit(status=status) and run.stderr
                and boast not in run.stdout):
            return None
        return Fault(f"With {what}: a sentence on standard error, {otherwise},"
                     f" and status {status}.",
                     f"It printed {quoted(run.stdout)}." if run.stdout else
                     "It said nothing." if not run.stderr else "", run.ending)
