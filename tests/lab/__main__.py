"""The commands behind the Makefile: python3 -m lab COMMAND [ARGUMENT ...]."""

from __future__ import annotations

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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
