"""It runs where students are: other Pythons, other limits, other callers.

Each test puts the kit where something is spelled differently, forbidden, used
up or closed. What a system can't give is said in one sentence.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import lab
from lab import program

TESTS = program.ROOT / "tests"
OLD = "import sys; sys.version_info = (3, 8, 18, 'final', 0); import lab"


# --- Pythons ---------------------------------------------------------------

def test_an_old_python_gets_a_sentence():
    done = subprocess.run([sys.executable, "-c", OLD], cwd=TESTS,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("The lab needs Python 3.9 or later, and "
                                  "this is 3.8 (")
    assert done.stderr.count("\n") == 1


def test_every_python_can_read_the_file_that_says_so():
    ast.parse(Path(lab.__file__).read_text(), feature_version=(3, 4))


def test_tests_are_not_run_by_an_old_python(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # as it answers: is it recent?
    old.chmod(0o755)
    script = (TESTS / "run").read_text().replace("/usr/bin/python3", str(old))
    (tmp_path / "run").write_text(script)
    done = subprocess.run(["sh", tmp_path / "run"], capture_output=True,
                          env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
                          text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1, "tests: no Python 3.9 or later here: install python3\n")
