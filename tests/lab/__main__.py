"""The commands behind the Makefile: python3 -m lab COMMAND [ARGUMENT ...]."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys


def main(arguments: list[str]) -> int:
    """Run one command; only that one is loaded, and Ctrl-C may come then."""
    try:
        from .commands import COMMANDS, run
        name, words = (arguments or [""])[0], arguments[1:]
        if name not in COMMANDS:
            print(f"usage: python3 -m lab {'|'.join(COMMANDS)} ...",
                  file=sys.stderr)
            return 2
        return run(name, words)
    except KeyboardInterrupt:
        return 130


def end(number: int, _: object) -> None:
    """Go, clearing up on the way, with the status of who died of a signal."""
    sys.exit(128 + number)


def heed_signals() -> None:
    """Clear up also when we are ended, or hung up on: nohup stays nohup."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end)


def open_streams() -> bool:
    """See that 0, 1 and 2 are open, lest another file be given that number.

    Returns whether what is printed is lost.
    """
    lost = sys.stdout is None
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free
            os.set_inheritable(number, True)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8",
                                    closefd=False)
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")
    return lost


class Unsaid(Exception):
    """Standard output takes no more; its cause says why."""


class Output(io.FileIO):
    """Standard output, whose trouble is nobody else's OSError."""

    def write(self, data: object) -> int:
        """Write, or raise Unsaid."""
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError as error:
            raise Unsaid from error


def standard_output() -> io.TextIOWrapper:
    """Return what prints to descriptor 1, whatever the characters are."""
    usual = sys.stdout
    return io.TextIOWrapper(
        io.BufferedWriter(Output(1, "w", closefd=False)), usual.encoding,
        "replace", line_buffering=usual.line_buffering)


def told(error: Unsaid) -> int:
    """Say that standard output takes no more, and why; return a status.

    Nobody is told that he has closed a pipe himself, as `| head -1` does.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python flushes at the end
    why = error.__cause__
    if isinstance(why, OSError) and why.errno != errno.EPIPE:
        print(f"standard output: {why.strerror}: what was said is lost",
              file=sys.stderr)
    return 1


def start() -> int:
    """Run what the command line says, however we were started."""
    heed_signals()
    lost = open_streams()
    sys.stdout = standard_output()
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except Unsaid as error:
        return told(error)
    if lost:
        print("standard output is closed: what was said is lost",
              file=sys.stderr)
    return status or int(lost)


if __name__ == "__main__":
    sys.exit(start())
