"""What every test file here stands on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lab import program, sandbox  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --chapter and --no-skips."""
    parser.addoption("--chapter", metavar="NN",
                     help="only what checks this chapter")
    parser.addoption("--no-skips", action="store_true",
                     help="a test that is skipped has failed")


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker; refuse a number that no chapter has."""
    config.addinivalue_line("markers",
                            "chapter(number): checks this chapter alone")
    number = config.getoption("--chapter")
    if number:
        try:
            program.chapter(number)
        except program.NoSuchChapter as error:
            raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems(config: pytest.Config,
                                  items: list[pytest.Item]) -> None:
    """Keep what --chapter asks for."""
    number = config.getoption("--chapter")
    if not number:
        return
    kept = [item for item in items
            if number in [m.args[0] for m in item.iter_markers("chapter")]]
    config.hook.pytest_deselected(
        items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """With --no-skips, say that a skip is a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and item.config.getoption("--no-skips"):
        report.outcome = "failed"
        report.longrepr = f"skipped: {report.longrepr}"


def pytest_report_header() -> str:
    """Say in one line what cannot be seen here."""
    why = sandbox.why_not_private()
    if not why:
        return "sandboxes: network namespaces, packets are seen"
    return f"sandboxes: shared loopback, packets are not seen ({why})"


@pytest.fixture
def room():
    """A sandbox of the test's own."""
    with sandbox.Sandbox() as made:
        yield made
