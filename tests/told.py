"""What `make test-NN` says when something failed: to who changed a chapter.

Each kind of test has its turn once, as a sentence, with what was expected,
what happened, and the ladder of what the programs did, if that was not shown
yet. What the notes say is told apart: whoever tries something out does not
have to rewrite them. pytest's own account is left out (`--tb=no`), and is
there when tests/run is started without that option.
"""

from __future__ import annotations

import re
import textwrap
from typing import Iterable, Optional

import pytest

PAGES = ("test_notes.py", "test_matrix.py")  # they compare pages with programs
MOST = 24  # lines of one test's message
WIDTH = 78


def sentence(report: pytest.TestReport) -> str:
    """Return a test's name as words."""
    name = report.nodeid.split("::", 1)[-1].split("[")[0]
    return name.replace("test_", "", 1).replace("_", " ")


def message(report: pytest.TestReport) -> list[str]:
    """Return what was expected and what happened, as lines.

    From the words of an assertion, or else from what it compares.
    """
    crash = getattr(report.longrepr, "reprcrash", None)
    words = crash.message if crash else str(report.longrepr)
    words = re.sub(r"^[\w.]*(Error|Failed|Differs): ", "", words)
    said, *compared = re.split(r"(?:^|\n) *assert ", words, maxsplit=1)
    lines = [re.sub(r"^ *(expected|happened)  ", r"\1  ", line)
             for line in said.splitlines()]
    same = re.match(r"(.+?) == (.+)$", "".join(compared), re.M)
    if same and not said.startswith("expected  "):
        lines = [f"expected  {same[2]}", f"happened  {same[1]}", *lines]
    lines = lines or compared
    return lines[:MOST] + ["..."] * (len(lines) > MOST)


def wrapped(line: str) -> str:
    """Wrap what is prose, or too wide; keep what is drawn."""
    is_told = line.startswith(("expected  ", "happened  "))
    if not is_told and len(line) + 6 <= WIDTH:
        return textwrap.indent(line, " " * 6)
    return textwrap.fill(line, WIDTH, initial_indent=" " * 6,
                         subsequent_indent=" " * 16, break_long_words=False,
                         break_on_hyphens=False)


def ladder(report: pytest.TestReport) -> str:
    """Return what the programs of a test did, "" if that is not known."""
    return next((text for title, text in report.sections
                 if title == "what the programs did"), "")


def shape(drawn: str) -> str:
    """Return a ladder without its numbers and widths."""
    return re.sub(r'[\d.,]+|".*?"|[─\s-]+', " ", drawn)


def by_test(reports: Iterable[pytest.TestReport]
            ) -> dict[str, list[pytest.TestReport]]:
    """Return the reports of each test, whatever its parameters."""
    found: dict[str, list[pytest.TestReport]] = {}
    for report in reports:
        found.setdefault(sentence(report), []).append(report)
    return found


def told(reports: list[pytest.TestReport]) -> list[str]:
    """Return the lines that tell of failed tests."""
    lines, shown = [], set()
    for name, cases in by_test(reports).items():
        count = f" (in {len(cases)} cases)" if len(cases) > 1 else ""
        lines += ["", f"FAIL  {name}{count}",
                  *map(wrapped, message(cases[0]))]
        drawn = ladder(cases[0])
        if drawn and shape(drawn) not in shown:
            lines += ["", *textwrap.indent(drawn, " " * 6).splitlines()]
        shown.add(shape(drawn))
    return lines


def is_page(report: pytest.TestReport) -> bool:
    """Whether a test compares a page with the programs."""
    return report.nodeid.split("::")[0].endswith(PAGES)


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Tell of what failed, in a run that was asked for one chapter."""
    number: Optional[str] = config.getoption("--chapter")
    if not number or config.getoption("tbstyle") != "no":
        return
    failed = [report for kind in ("failed", "error")
              for report in terminalreporter.stats.get(kind, [])]
    programs = [report for report in failed if not is_page(report)]
    pages = [report for report in failed if is_page(report)]
    lines = told(programs)
    if pages and programs:
        lines += ["", "No longer true of the chapter's notes:",
                  *(f"      {name}" for name in by_test(pages))]
    elif pages:
        lines += ["", "The programs do what they must, but no longer what the "
                  "notes tell:", *told(pages)]
    if lines:
        terminalreporter.write_line("\n".join(lines) + "\n")
