"""The commands behind the Makefile: python3 -m lab COMMAND [ARGUMENT ...]."""

from __future__ import annotations

import sys

from .commands import (check, demo, doctor, grade, gradescope, handout, hint,
                       matrix, reset, score, trace, watch, wires)
from .grades.judges import NoSuchExercise
from .kernel import DidNotListen
from .program import DoesNotCompile, NoSuchChapter, NotInstalled
from .scenario.trials import NoSuchScenario
from .sandbox import StillRunning

COMMANDS = {"autograde": gradescope.autograde, "check": check.main,
            "demo": demo.main, "doctor": doctor.main,
            "grade": grade.main, "gradescope": gradescope.main,
            "handout": handout.main, "hint": hint.main, "matrix": matrix.main,
            "regrade": grade.again, "reset": reset.main,
            "score": score.main, "trace": trace.main, "watch": watch.main,
            "wires": wires.main}


def main(arguments: list[str]) -> int:
    """Run one command; trouble is a sentence and a status."""
    if not arguments or arguments[0] not in COMMANDS:
        print(f"usage: python3 -m lab {'|'.join(sorted(COMMANDS))} ...",
              file=sys.stderr)
        return 2
    name, *rest = arguments
    try:
        return COMMANDS[name](rest)
    except (NoSuchChapter, NoSuchExercise, NoSuchScenario) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    except DoesNotCompile as error:
        print(f"{name}: the compiler refused:\n{error}", file=sys.stderr)
    except (DidNotListen, NotInstalled, StillRunning, OSError) as error:
        print(f"{name}: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
