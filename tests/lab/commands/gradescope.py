"""make gradescope: the zip that Gradescope's autograder takes.

In it are the kit without answers, setup.sh and run_autograder; there the second
command of this page, autograde, grades what one student handed in.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import zipfile
from pathlib import Path

from ..classroom.single import GraderFailed, grade_one
from ..classroom.tables import write_whole
from ..judges import exercise, exercises
from ..program import ROOT
from . import handout
from .grade import the_treatment

SETUP = """#!/usr/bin/env bash
# Gradescope runs this once, when it makes the box.
set -e
apt-get update
apt-get install -y --no-install-recommends gcc libc6-dev make python3
"""

# On a machine of its own a grader lifts what keeps walls from being put up.
LIFT = "kernel.apparmor_restrict_unprivileged_userns=0"


RUN = """#!/usr/bin/env bash
# Gradescope runs this for each submission. It succeeds or there is no grade.
set -e
chmod -R go= /autograder/source
sysctl -q -w {lift} 2>/dev/null || true
cd /autograder/source/half-close
export PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 {unsafe}
exec python3 -m lab autograde /autograder/submission \\
    /autograder/results/results.json {numbers}
"""


def main(_: list[str]) -> int:
    """gradescope: beside the kit, or where OUT says; EXERCISE=NN for one."""
    wanted = os.environ.get("EXERCISE", "")
    numbers = exercise(wanted).name.split("-")[0] if wanted else ""
    place = Path(os.environ.get("OUT")
                 or ROOT.parent / f"{handout.NAME}-gradescope.zip")
    unsafe = "UNSAFE=1" if os.environ.get("UNSAFE") == "1" else ""
    scripts = {"setup.sh": SETUP,
               "run_autograder": RUN.format(
                   unsafe=unsafe, numbers=numbers, lift=LIFT)}
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in scripts.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFREG | 0o755) << 16
            archive.writestr(entry, text)
        for name, content in sorted(handout.contents().items()):
            entry = zipfile.ZipInfo(f"{handout.NAME}/{name}")
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content)
    print(f"{place}: for {wanted or 'all exercises'}"
          + (", UNSAFE" if unsafe else ""))
    return 0


def autograde(words: list[str]) -> int:
    """autograde SUBMISSION RESULTS [NN]: of one exercise, sources may lie flat.

    Fails, and writes nothing, where not all can be graded: of a test that the
    grader itself failed Gradescope would make a 0.
    """
    submission, results = Path(words[0]).resolve(), Path(words[1])
    names = tuple([exercise(words[2]).name] if words[2:] else
                  [folder.name for folder in exercises()])
    treatment = the_treatment((str(submission), str(results.parent.resolve())),
                            os.environ.get("UNSAFE") == "1")
    try:
        grades = grade_one(submission, treatment, names)
    except GraderFailed as error:
        print(f"autograde: the grader itself failed:\n{error}",
              file=sys.stderr)
        return 1
    write_whole(results, json.dumps(grades.gradescope(), indent=1,
                                    allow_nan=False) + "\n")
    return 0
