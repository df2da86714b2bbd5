"""make classroom50: the folder of an autograder for Classroom 50.

It belongs into the teacher's repository, as CLASSROOM/autograders/ASSIGNMENT/.
In it are autograder.py, which its runner starts in a student's checkout, the
kit without answers, and runtime.json, the runtime that the assignment needs.

Facts: foundation50/classroom50, schemas/result-v1.schema.json and
cli/gh-teacher/embed/autograder.py. It has never run there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Mapping

from ..classroom.grades import Grades
from ..classroom.single import GraderFailed, grade_one
from ..classroom.tables import write_whole
from ..judges import exercise
from ..judging import MAXIMUM
from ..program import ROOT, NotInstalled
from . import handout
from .asked import UsageError
from .grade import the_treatment
from .gradescope import LIFT

RUNTIME = {"runs-on": "ubuntu-latest", "apt": ["gcc", "libc6-dev"]}
SCRIPT = '''#!/usr/bin/env python3
"""Grade one submission of Half-close's exercise {number}.

Classroom 50's runner starts this in the student's checkout. It writes
result.json and release-body.md there, and succeeds unless the grader failed.
"""

import os
import subprocess
import sys
from pathlib import Path

KIT = Path(__file__).resolve().parent / "{kit}"

# On the runner's own machine lift what keeps walls from being put up.
if os.environ.get("GITHUB_ACTIONS") == "true":
    subprocess.run(["sh", "-c", "sudo -n sysctl -q -w {lift} 2>&1"],
                   check=False, stdout=subprocess.DEVNULL)
sys.exit(subprocess.run(
    [sys.executable, "-m", "lab", "autograde50", os.getcwd(), "{number}"],
    cwd=KIT, env={{**os.environ, "PYTHONPATH": str(KIT / "tests"),
                  "PYTHONDONTWRITEBYTECODE": "1"}}, check=False).returncode)
'''


def main(_: list[str]) -> int:
    """classroom50: EXERCISE=NN, beside the kit or where OUT says."""
    word = os.environ.get("EXERCISE", "")
    if not word:
        raise UsageError("EXERCISE=NN is missing: name the exercise")
    name = exercise(word).name
    out = Path(os.environ.get("OUT") or ROOT.parent / f"classroom50-{name}")
    if out.exists():
        raise UsageError(f"OUT={out}: it is there already: remove it, or name "
                         "another folder")
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    # Students may come to read it, and the starter of a later exercise can
    # hold this one's answer.
    for inside, content in handout.contents(names=[name]).items():
        place = part / handout.NAME / inside
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (part / "autograder.py").write_text(SCRIPT.format(
        number=word, kit=handout.NAME, lift=LIFT))
    (part / "runtime.json").write_text(json.dumps(RUNTIME, indent=1) + "\n")
    part.rename(out)
    print(f"{out}: copy it to CLASSROOM/autograders/ASSIGNMENT/ and give the "
          "assignment the runtime in runtime.json")
    return 0


def result(grades: Grades, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what result.json holds, by classroom50/result/v1.

    The runner writes its own owner, kind and times over ours.
    """
    def of(name: str, otherwise: str = "unknown") -> str:
        return environ.get(name, "").strip() or otherwise

    commit = of("COMMIT_URL")
    (grade,) = grades.grades
    assert grade.score and grades.total is not None
    return {
        "schema": "classroom50/result/v1", "classroom": of("CLASSROOM"),
        "assignment": of("ASSIGNMENT"),
        "assignment_type": of("ASSIGNMENT_TYPE", "individual"),
        "owner": of("OWNER", of("USERNAME")),
        "submission": of("SUBMISSION_TAG", "submit/unknown"),
        "commit": commit, "release": of("RELEASE_URL", commit),
        "review": of("REVIEW_URL", commit),
        "datetime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": grades.total, "max-score": MAXIMUM,
        "tests": [{"test-name": r.check.slug, "passed": r.passed,
                   "score": r.points, "max-score": r.check.points}
                  for r in grade.score.results]}


def body(grades: Grades) -> str:
    """Return the release's text: what the student reads, as it is."""
    said = grades.feedback()
    fence = "`" * (2 + max(map(len, re.findall("`+", said)), default=1))
    return f"### {grades.total} of {MAXIMUM} points\n\n" \
           f"{fence}text\n{said}{fence}\n"


def autograde(words: list[str]) -> int:
    """autograde50 CHECKOUT NN: write result.json and release-body.md there.

    Fails, and writes neither, where the grader itself failed: the runner then
    makes no release and no grade.
    """
    checkout, name = Path(words[0]).resolve(), exercise(words[1]).name
    keeps = [os.environ.get(word, "") for word in (
        "RUNNER_TEMP", "GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_WORKSPACE",
        "CLASSROOM50_BUNDLE_DIR")]
    hides = (str(checkout), *filter(None, keeps))
    try:
        grades = grade_one(checkout, the_treatment(hides, unsafe=False),
                           (name,))
    except (GraderFailed, NotInstalled) as error:
        print(f"autograde50: the grader itself failed:\n{error}",
              file=sys.stderr)
        return 1
    write_whole(checkout / "release-body.md", body(grades))
    write_whole(checkout / "result.json", json.dumps(
        result(grades, os.environ), indent=1, allow_nan=False) + "\n")
    return 0
