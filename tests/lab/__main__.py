"""The commands behind the Makefile: python3 -m lab COMMAND [ARGUMENT ...]."""

from __future__ import annotations

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

    What is printed may have any characters. Returns whether it is lost.
    """
    lost = sys.stdout is None
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free
            os.set_inheritable(number, True)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")
    sys.stdout.reconfigure(errors="replace")
    return lost


def start() -> int:
    """Run what the command line says, however we were started."""
    heed_signals()
    lost = open_streams()
    status = main(sys.argv[1:])
    if lost:
        print("standard output is closed: what was said is lost",
              file=sys.stderr)
    return status or int(lost)


if __name__ == "__main__":
    sys.exit(start())
