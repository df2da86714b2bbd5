"""What every test file here stands on."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Callable, Iterator

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lab import kernel, printable, program, sandbox  # noqa: E402
from lab.ladder import ladder, text  # noqa: E402
from lab.meeting import Meeting  # noqa: E402
from lab.meeting.pair import Pair, PairMeeting  # noqa: E402
from lab.outcome import Outcome  # noqa: E402
from lab.sandbox import cgroups  # noqa: E402

# What a program begins with that waits for us.
DIAL = "import socket, signal, select, sys, time\n" \
       "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"


def _use_this_python() -> None:
    """Let all that the tests start find this python3 first.

    Another might be a script that seeks a third, and takes longer for it than
    what it starts takes in all.
    """
    folder = program.scratch() / "bin"
    folder.mkdir()
    script = folder / "python3"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    script.chmod(0o755)
    os.environ["PATH"] = f"{folder}:{os.environ.get('PATH', os.defpath)}"


# What another make would take from whoever called us: `make -C` has it say
# where it is. Then what our own targets ask for.
CALLERS = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "EXERCISE", "EXERCISES",
           "FROM", "HOW", "INTO", "JOBS", "OUT", "PEER", "ROSTER", "SEED",
           "STUDENT", "SUBMISSIONS", "SVG", "UNSAFE")


def _of_a_git_that_called(name: str) -> bool:
    """Whether git would take a variable from another git that called us.

    A hook of git would have ours find the hook's repository, for one. Who we
    are, and where our settings are, stays (git(1)).
    """
    return name.startswith("GIT_") and not name.startswith((
        "GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM"))


def _forget_who_called() -> None:
    """Let what a test runs begin anew, whatever was asked of us."""
    for name in (*CALLERS, *filter(_of_a_git_that_called, os.environ)):
        os.environ.pop(name, None)


_use_this_python()
_forget_who_called()
collect_ignore: list[str] = []
pytest_plugins = ["bounded", "told", "storing", "open_book"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --chapter, --submission, --no-skips, --soak and --turns."""
    parser.addoption("--chapter", metavar="NN",
                     help="only what checks this chapter")
    parser.addoption("--submission", metavar="DIR", type=Path,
                     help="only the checks of the exercises, on the answers "
                     "in DIR, which is laid out like exercises/")
    parser.addoption("--no-skips", action="store_true",
                     help="a test that is skipped has failed")
    parser.addoption("--soak", action="store_true",
                     help="the long forms, and nothing that has none")
    parser.addoption("--turns", metavar="N", type=int, default=20,
                     help="how often --soak runs what depends on time")


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker; refuse a number that no chapter has."""
    config.addinivalue_line("markers",
                            "chapter(number): checks this chapter alone")
    config.addinivalue_line("markers", "soak(only=False): has a long form, or "
                            "is nothing else; --soak runs it")
    config.addinivalue_line("markers", "answers: needs the answers, which a "
                            "handout has not")
    config.addinivalue_line("markers", "namespaces: needs a network, or all "
                            "the walls, of its own")
    config.addinivalue_line("markers", "proofs: needs a program to be proved "
                            "stuck")
    config.addinivalue_line("markers", "groups: needs a control group of its "
                            "own, as root mostly has")
    config.addinivalue_line("markers", "timed: --soak runs it --turns times")
    # xdist has a thread that only reads what its master says: no lock of ours
    # is in its hands when a worker is forked (Python 3.12 and later).
    config.addinivalue_line("filterwarnings", "ignore:This process .* is "
                            "multi-threaded, use of fork:DeprecationWarning")
    if not config.getoption("--submission"):
        collect_ignore.append("test_submission.py")
    number = config.getoption("--chapter")
    if number:
        try:
            program.chapter(number)
        except program.NoSuchChapter as error:
            said = "ERROR: "  # is what pytest puts before it
            raise pytest.UsageError(printable.wrapped(
                f"{said}{error}", 2)[len(said):]) from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what depends on time again and again under --soak."""
    if (metafunc.config.getoption("--soak")
            and metafunc.definition.get_closest_marker("timed")):
        metafunc.fixturenames.append("turn")
        metafunc.parametrize(
            "turn", range(metafunc.config.getoption("--turns")))


def _is_handout() -> bool:
    """Whether this is the kit as students get it (make handout)."""
    return not (program.ROOT / "solutions").is_dir()


def pytest_terminal_summary(terminalreporter) -> None:
    """Say of each reason, in a line, how many tests were skipped for it."""
    reasons = Counter(report.longrepr[2].replace("Skipped: ", "", 1)
                      for report in terminalreporter.stats.get("skipped", ())
                      if isinstance(report.longrepr, tuple))
    for why, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count} skipped: {why}")


def _lacks() -> dict[str, str]:
    """Return, by marker, why what it needs is not here; "" if it is."""
    why, unproved = sandbox.why_not_private(), kernel.why_no_proofs()
    ungrouped = cgroups.why_not()
    return {"answers": "a handout: no answers" if _is_handout() else "",
            "namespaces": f"no namespaces: {why}" if why else "",
            "proofs": f"no proofs: {unproved}" if unproved else "",
            "groups": f"no control groups: {ungrouped}" if ungrouped else ""}


def _has_form(item: pytest.Item, long: bool) -> bool:
    """Whether a test has a long form, or a short one, as asked."""
    marks = list(item.iter_markers("soak"))
    if long:
        return bool(marks) or any(item.iter_markers("timed"))
    return not any(m.kwargs.get("only") for m in marks)


def _file(item: pytest.Item) -> str:
    """Return the name of a test's file; before pytest 7 it has no path."""
    return item.nodeid.partition("::")[0].rpartition("/")[2]


def pytest_collection_modifyitems(config: pytest.Config,
                                  items: list[pytest.Item]) -> None:
    """Keep what --chapter, --submission and --soak ask for."""
    number = config.getoption("--chapter")
    long = config.getoption("--soak")
    handed_in = bool(config.getoption("--submission"))
    kept = [item for item in items
            if (not number or number in
                [m.args[0] for m in item.iter_markers("chapter")])
            and _has_form(item, long)
            and handed_in == (_file(item) == "test_submission.py")]
    config.hook.pytest_deselected(
        items=[item for item in items if item not in kept])
    items[:] = kept
    for needed, why in _lacks().items():
        for item in items:
            if why and item.get_closest_marker(needed):
                item.add_marker(pytest.mark.skip(why))


def _ladders(item: pytest.Item) -> str:
    """Draw every conversation of a test's meetings; "" for none."""
    return "\n".join(
        text.text(ladder(outcome, f"conversation {number}"), text.Style(),
                  text.COLUMNS - 6)  # which is how far told.py moves it
        for meeting in getattr(item, "meetings", ())
        for number, outcome in enumerate(_outcomes(meeting), 1))


def _outcomes(meeting: Meeting) -> list[Outcome]:
    """Return the outcomes of a meeting; if it is over, those it had."""
    with contextlib.suppress(OSError, ValueError):
        meeting.all_outcomes()
    return meeting.outcomes


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item,
                              call: pytest.CallInfo):
    """Show what a failed test's programs did; and that a skip is a failure.

    The latter with --no-skips.
    """
    outcome = yield
    report = outcome.get_result()
    if report.failed and call.when == "call":
        drawn = _ladders(item)
        if drawn:
            report.sections.append(("what the programs did", drawn))
    if report.skipped and item.config.getoption("--no-skips"):
        report.outcome = "failed"
        report.longrepr = f"skipped: {report.longrepr}"


def pytest_report_header() -> str:
    """Say in one line what cannot be seen here."""
    why = sandbox.why_not_private()
    if not why:
        return "sandboxes: network namespaces, packets are seen"
    return f"sandboxes: shared loopback, packets are not seen ({why})"


def _copy(source: str, target: str) -> None:
    """Copy a file; what the lab kept may be forgotten by a test meanwhile."""
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        if program.BUILT not in Path(source).parents:
            raise


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """A copy of the kit as it is cloned: nothing reached, and nothing built
    but what the lab keeps for itself."""
    where = tmp_path / "half-close"
    skip = shutil.ignore_patterns("server", "client", "*.exe", "__pycache__",
                                  ".git", ".venv", ".pytest_cache",
                                  ".progress.json", "*.mine-*", "new-*")
    shutil.copytree(program.ROOT, where, ignore=skip, copy_function=_copy)
    for starters in (where / "tests" / "starters").iterdir():
        shutil.copytree(starters, where / "exercises" / starters.name,
                        dirs_exist_ok=True)
    return where


@pytest.fixture
def changed_folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a chapter's folder in which edits have changed the server.

    An edit is a pattern that is found once, and what replaces it (re.sub).
    """
    def make(chapter: Path, *edits: tuple[str, str]) -> Path:
        folder = tmp_path / "chapter"
        source = (chapter / "server.c").read_text()
        for old, new in edits:
            assert len(re.findall(old, source)) == 1, old
            source = re.sub(old, new, source)
        folder.mkdir()
        (tmp_path / "common").symlink_to(program.CHAPTERS / "common")
        (folder / "server.c").write_text(source)
        (folder / "client.c").symlink_to(chapter / "client.c")
        (tmp_path / "files").mkdir()
        return folder
    return make


@pytest.fixture
def make() -> Callable[..., subprocess.CompletedProcess]:
    """Runs make at the top of this kit, or of another one: `at`."""
    def run(*words: str, at: Path = program.ROOT
            ) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["make", "-s", *words], cwd=at, text=True, capture_output=True,
            check=False, timeout=100,
            env={**os.environ, "PY_COLORS": "0"})  # whatever FORCE_COLOR is
    return run


@pytest.fixture
def room():
    """A sandbox of the test's own."""
    with sandbox.Sandbox() as made:
        yield made


@pytest.fixture(autouse=True)
def _drawn_if_it_fails(request, monkeypatch) -> None:
    """Keep all meetings of a test's own thread, however they are made.

    Those of a judge and of the matrix have threads of their own; they are
    drawn in a report, and beside a cell.
    """
    request.node.meetings = made = []
    ours, begin, end = threading.get_ident(), Meeting.__init__, \
        Meeting.__exit__

    def begun(self: Meeting, *words: object, **named: object) -> None:
        begin(self, *words, **named)
        if threading.get_ident() == ours:
            made.append(self)

    def ended(self: Meeting, *why: object) -> None:
        if why[0]:
            _outcomes(self)  # while there is something to ask
        end(self, *why)
    monkeypatch.setattr(Meeting, "__init__", begun)
    monkeypatch.setattr(Meeting, "__exit__", ended)


@pytest.fixture
def meet() -> Iterator[Callable[..., Meeting]]:
    """Makes meetings, which end with the test: meet(kind, ...) is kind(...).
    """
    made: list[Meeting] = []

    def make(kind: Callable[..., Meeting] = Meeting, *words: object,
             **named: object) -> Meeting:
        made.append(kind(*words, **named))
        return made[-1]
    yield make
    for meeting in made:
        meeting.close()


@pytest.fixture
def pair(meet, tmp_path, number) -> PairMeeting:
    """A meeting with the server and client of chapter `number`."""
    return meet(PairMeeting, Pair.of(number), tmp_path)


@pytest.fixture
def listener(room):
    """A socket in `room` that programs can dial."""
    with room.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen()
        yield made


@pytest.fixture
def waiting(room, listener) -> Callable[[str], tuple]:
    """Starts a Python program in `room` that dials us as `s` and goes on so.

    Returns the program and our end of the connection.
    """
    def start(code: str) -> tuple[sandbox.Process, socket.socket]:
        process = room.start([sys.executable, "-I", "-S", "-c", DIAL + code,
                              listener.getsockname()[1]])
        return process, listener.accept()[0]
    return start


@pytest.fixture
def soak(request) -> bool:
    """Whether the long forms are asked for."""
    return request.config.getoption("--soak")


@pytest.fixture
def classroom(tmp_path) -> Path:
    """A folder for the submissions of a class."""
    folder = tmp_path / "the submissions"
    folder.mkdir()
    return folder
