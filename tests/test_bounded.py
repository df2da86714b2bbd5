"""A test that waits for what never comes is ended, and it is said which."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HANGS = "import os\ndef test_that_hangs():\n    os.read(os.pipe()[0], 1)\n"
BRIEFLY = ("import sys, pytest, bounded; bounded.BOUND = 1; "
           "sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-p', "
           "'bounded', '-p', 'no:xdist', sys.argv[1]]))")


def test_a_test_that_waits_for_ever_is_ended_and_named(tmp_path):
    """Even in a call that no exception of Python's would leave."""
    (tmp_path / "test_it.py").write_text(HANGS)
    done = subprocess.run(
        [sys.executable, "-c", BRIEFLY, "test_it.py"], cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parent)}, text=True,
        capture_output=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "line 3 in test_that_hangs" in done.stderr
