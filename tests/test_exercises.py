"""The judges are just: right answers lose nothing, wrong ones are caught.

An exercise is picked up by being there: exercises/NN-name, its judge, its
solution, and what stands in tests/wrong/NN-name (see wrong_answers.py) and
tests/right/NN-name.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterable, Optional

import pytest

import wrong_answers
from lab import program
from lab.__main__ import main
from lab.commands import check, progress, watch
from lab import judges
from lab.judging import MAXIMUM, Score, TimeIsOver, Verdict, report
from lab.judges import STARTERS, grade
from lab.judging import exercise
from lab.judging.exercise import (RETRIES, Conversation, Exercise,
                                  Submission, may_have_given_up, retry)
from lab.judging.expect import Seen
from lab.judging.players import Client
from lab.ladder import text
from lab.meeting import Limits, Meeting
from lab.outcome import Outcome, Part
from lab.sandbox import Exit, Sandbox

TESTS = program.ROOT / "tests"
FIRST = "01-return-the-thanks"
PATIENCE = "04-patience"

each_exercise = pytest.mark.parametrize(
    "folder", [pytest.param(folder, id=folder.name)
               for folder in judges.exercises()])


def each(name: str, sources: Iterable[Path]):
    """Parametrize by the files of answers: tests/KIND/NN-name/answer."""
    return pytest.mark.parametrize(name, [
        pytest.param(source, id=f"{source.parent.name[:2]}-{source.stem}")
        for source in sources])


each_wrong_answer = each("mistake", wrong_answers.paths())
each_right_answer = each("source", sorted((TESTS / "right").glob("*/*.c")))


def told(score: Score) -> str:
    """Return what a student would read, ladder and seed and all."""
    return "\n" + report.report(score, text.Style())


def failed(score: Score) -> list[str]:
    """Return the slugs of the checks that did not pass."""
    return [r.check.slug for r in score.results if not r.passed]


def happened(score: Score, slug: str) -> str:
    """Return what is said to have happened in a check, and how it ended."""
    return next(f"{r.happened} {r.ending}".strip() for r in score.results
                if r.check.slug == slug)


@functools.lru_cache(maxsize=None)
def handed_in(answer: Path) -> Path:
    """Return a folder with the sources of a right or a wrong answer.

    A right one is a source in the place of the first that is asked for.
    """
    folder = Path(tempfile.mkdtemp(dir=program.scratch()))
    exercise = answer.parent.name
    if answer.parent.parent == wrong_answers.WRONG:
        wrong_answers.read(answer).write_to(folder)
        return folder
    sources = judges.judge_of(exercise).sources
    for other in sources[1:]:
        shutil.copy(program.ROOT / "solutions" / exercise / other, folder)
    shutil.copy(answer, folder / sources[0])
    return folder


def shared() -> Sandbox:
    """Return a room as it is where namespaces are forbidden."""
    return Sandbox(private=False)


def hand_in(answer: Path, sandbox: Callable[[], Sandbox] = Sandbox) -> Score:
    """Judge an answer from tests/right or tests/wrong, compiled once."""
    return grade(handed_in(answer), answer.parent.name, sandbox=sandbox,
                 build=program.build)


# --- what is asked ---------------------------------------------------------

@each_exercise
def test_the_points_are_whole_and_make_a_hundred(folder):
    judge = judges.judge_of(folder.name)
    points = [check.points for check in judge.checks]
    assert sum(points) == MAXIMUM
    assert all(isinstance(n, int) and n > 0 for n in points)
    assert len({check.slug for check in judge.checks}) == len(points)
    assert judge.about in {check.slug for check in judge.checks}
    for one in judge.checks:
        program.chapter(one.reread)


@each_exercise
def test_the_task_lists_the_checks_that_are_made(folder):
    listed = re.findall(r"^\| ([a-z-]+) \| (\d+) \|",
                        (folder / "README.md").read_text(), re.M)
    assert listed == [(check.slug, str(check.points))
                      for check in judges.judge_of(folder.name).checks]


@pytest.mark.answers
@each_exercise
def test_there_are_enough_answers_to_try_a_judge_on(folder):
    assert len(wrong_answers.paths(folder.name)) >= 8
    assert len(list((TESTS / "right" / folder.name).glob("*.c"))) >= 3


@pytest.mark.answers
@each_exercise
def test_every_check_has_a_mistake_that_it_is_there_to_catch(folder):
    caught = {wrong_answers.read(path).caught_by
              for path in wrong_answers.paths(folder.name)}
    assert caught == {check.slug
                      for check in judges.judge_of(folder.name).checks}


def code(source: Path) -> str:
    """Return a source without comments and blank lines."""
    bare = re.sub(r"/\*.*?\*/", "", source.read_text(), flags=re.S)
    return "\n".join(line.rstrip() for line in bare.splitlines()
                     if line.strip())


def test_the_starter_of_01_is_chapter_01_to_the_letter():
    ours = STARTERS / FIRST / "server.c"
    assert code(ours) == code(program.chapter("01") / "server.c")
    assert "TODO" in ours.read_text()


def git(*words: str) -> str:
    """Return what git says of this kit, "" for nothing."""
    if not shutil.which("git"):
        return ""
    return subprocess.run(["git", *words], cwd=program.ROOT, text=True,
                          capture_output=True, check=False).stdout.strip()


def committed(commit: str, folder: str) -> dict[str, str]:
    """Return the mode and hash of each source that git has below a folder."""
    listed = git("ls-tree", "-r", commit, f"{folder}/")
    entries = [line.split("\t", 1) for line in listed.splitlines()]
    return {name[len(folder) + 1:]: what for what, name in entries
            if not name.endswith(".md")}


@pytest.mark.answers
def test_an_exercise_was_as_it_is_begun_when_that_last_changed():
    """Since then somebody may have worked on it, and committed that."""
    changed_in = git("log", "-1", "--format=%H", "--", "tests/starters")
    if not changed_in:
        pytest.skip("this kit is not kept in git")
    begun = committed(changed_in, "tests/starters")
    assert begun and committed(changed_in, "exercises") == begun


@pytest.mark.answers
@pytest.mark.timed
@each_exercise
@pytest.mark.parametrize("sandbox", (Sandbox, shared),
                         ids=("private", "shared"))
def test_the_solution_scores_in_full(folder, sandbox):
    score = grade(program.ROOT / "solutions" / folder.name, folder.name,
                  sandbox=sandbox)
    assert score.points == score.maximum == MAXIMUM and score.full, \
        told(score)


@pytest.mark.timed
@each_exercise
def test_the_starter_compiles_and_fails_for_its_reason(folder):
    score = grade(STARTERS / folder.name, folder.name)
    assert not score.trouble, told(score)
    assert judges.judge_of(folder.name).about in failed(score), told(score)
    assert 0 <= score.points < MAXIMUM / 4


def is_caught(mistake: Path, sandbox: Callable[[], Sandbox] = Sandbox
              ) -> None:
    """Check that a wrong answer fails what is meant for it, and no more."""
    wrong = wrong_answers.read(mistake)
    score = hand_in(mistake, sandbox)
    assert set(failed(score)) == {wrong.caught_by, *wrong.costs_also}, \
        told(score)
    said = happened(score, wrong.caught_by)
    assert any(words in said for words in wrong.happens), told(score)


@pytest.mark.timed
@each_wrong_answer
def test_a_wrong_answer_fails_the_check_meant_for_it(mistake):
    is_caught(mistake)


@pytest.mark.soak(only=True)
@each("mistake", (path for path in wrong_answers.paths()
                  if wrong_answers.read(path).needs != "namespaces"))
def test_it_does_so_where_namespaces_are_forbidden(mistake):
    is_caught(mistake, shared)


@pytest.mark.timed
@each_right_answer
def test_a_right_answer_in_another_style_loses_nothing(source):
    score = hand_in(source)
    assert score.full, told(score)


@each_right_answer
def test_nor_does_it_where_namespaces_are_forbidden(source):
    score = hand_in(source, shared)
    assert score.full, told(score)


# --- what can't be judged, and what goes on for ever -----------------------

def changed(old: str = "", new: str = "") -> str:
    """Return the solution of 01 with something else in one place."""
    solved = (program.ROOT / "solutions" / FIRST / "server.c").read_text()
    assert old in solved
    return solved.replace(old, new, 1)


BEFORE_SENDING = "    send_file(conn, file, argv[3]);\n    if"


def judged(tmp_path: Path, source: Optional[str]) -> Score:
    """Judge a source of 01, or none."""
    if source is not None:
        (tmp_path / "server.c").write_text(source, encoding="latin-1")
    return grade(tmp_path, FIRST)


def test_a_missing_source_is_told_and_scores_nothing(tmp_path):
    score = judged(tmp_path, None)
    assert score.points == 0 and len(score.results) == 13
    assert score.trouble == f"there is no server.c in {tmp_path}"
    assert "Nothing could be judged: there is no" in told(score)
    # A name is not cut at its hyphens.
    assert not any(line.endswith("-") for line in told(score).splitlines())


def test_a_folder_or_a_fifo_in_its_place_is_no_source(tmp_path):
    (tmp_path / "server.c").mkdir()
    assert "is no source" in judged(tmp_path, None).trouble
    (tmp_path / "server.c").rmdir()
    subprocess.run(["mkfifo", str(tmp_path / "server.c")], check=True)
    assert "is no source" in judged(tmp_path, None).trouble


def test_the_compilers_first_error_is_told_with_its_line(tmp_path):
    score = judged(tmp_path, "int x;\nint main(void) { return y; }\nzzz\n")
    assert score.points == 0 and not score.full
    assert re.search(r"does not compile: server\.c:2:\d+: error: .*y",
                     score.trouble), score.trouble
    assert told(score).count("error:") == 1


def test_a_missing_function_is_told_by_its_name(tmp_path):
    score = judged(tmp_path, "int serve(void);\n"
                   "int main(void) { return serve(); }\n")
    assert "undefined reference to `serve'" in score.trouble, score.trouble


@pytest.mark.answers
def test_a_comment_in_latin_1_is_no_trouble(tmp_path):
    score = judged(tmp_path, changed("The file goes out", "Garçon! It goes"))
    assert score.full, told(score)


@pytest.mark.answers
@pytest.mark.parametrize("words", ("<winsock2.h>", '"../common/net.h"'))
def test_what_a_comment_names_is_not_compiled(tmp_path, words):
    score = judged(tmp_path, changed() + f"/* unlike {words} */\n")
    assert score.full, told(score)


@pytest.mark.answers
def test_a_shutdown_of_no_direction_is_drawn_as_it_is(tmp_path):
    score = judged(tmp_path, changed("shutdown(conn, SHUT_WR)",
                                     "shutdown(conn, 3)"))
    assert "shutdown(conn, 3) = -1 EINVAL" in " ".join(told(score).split())


@pytest.mark.answers
def test_a_crash_is_told_in_words_and_costs_what_it_spoils(tmp_path):
    score = judged(tmp_path, changed(
        'errx(1, "read from client: no thanks");', "raise(SIGSEGV);").replace(
        "#include <stdint.h>", "#include <signal.h>\n#include <stdint.h>"))
    assert failed(score) == ["no-thanks"], told(score)
    crashed = next(r for r in score.results if not r.passed)
    assert crashed.verdict is Verdict.CRASHED
    assert "killed by SIGSEGV: it used memory that is not its own" \
        in crashed.ending


@pytest.mark.answers
def test_endless_printing_is_stopped_and_told(tmp_path):
    forever = '    for (;;)\n        puts("Message from client: Thank you");\n'
    score = judged(tmp_path, changed(BEFORE_SENDING,
                                     forever + BEFORE_SENDING))
    assert score.points == 10, told(score)
    assert "killed by SIGXFSZ: it printed without end" \
        in happened(score, "half-close"), told(score)
    assert len(told(score)) < 20_000


def test_a_server_that_never_listens_is_told_how_it_ended(tmp_path):
    score = judged(tmp_path, "int main(void) { return 7; }\n")
    assert score.points == 0, told(score)
    assert happened(score, "half-close") == \
        "It did not come to listen. It ended with status 7."


def test_a_server_that_computes_for_ever_is_given_up(tmp_path):
    score = judged(tmp_path, "int main(void) { for (;;) ; }\n")
    assert score.points == 0, told(score)
    assert "It hangs: it went round and round" \
        in happened(score, "half-close"), told(score)
    assert {r.verdict for r in score.results} == {Verdict.HUNG}


WAIT = "#include <poll.h>\n#include <stdint.h>"


@pytest.mark.answers
def test_a_server_that_wakes_and_sleeps_by_turns_is_given_up(tmp_path):
    score = judged(tmp_path, changed(
        BEFORE_SENDING, "    for (;;)\n        poll(NULL, 0, 100);\n"
        + BEFORE_SENDING).replace("#include <stdint.h>", WAIT))
    assert "It hangs: it slept and woke by turns" \
        in happened(score, "half-close"), told(score)


@pytest.mark.answers
def test_a_server_that_is_merely_slow_is_waited_for(tmp_path):
    slow = "    poll(NULL, 0, 300);\n"
    score = judged(tmp_path, changed(
        BEFORE_SENDING, slow + BEFORE_SENDING).replace(
        "    hear_thanks(conn);", slow + "    hear_thanks(conn);").replace(
        "#include <stdint.h>", WAIT))
    assert score.full, told(score)


SLOW = r"""
#include <arpa/inet.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    int conn = socket(AF_INET, SOCK_STREAM, 0);
    char byte = 'x';

    (void)argc;
    where.sin_port = htons((unsigned short)atoi(argv[2]));
    inet_pton(AF_INET, argv[1], &where.sin_addr);
    if (connect(conn, (struct sockaddr *)&where, sizeof where) == -1)
        return 1;
    for (int i = 0; i < 5; i++) {
        clock_t began = clock();
        while (clock() - began < CLOCKS_PER_SEC / 5)
            ;
        if (%s != 1)
            return 1;
    }
    return 0;
}
"""


@pytest.mark.timed
@pytest.mark.parametrize("call", ("send(conn, &byte, 1, 0)",
                                  "recv(conn, &byte, 1, 0)",
                                  "write(STDOUT_FILENO, &byte, 1)"),
                         ids=lambda call: call.split("(")[0])
def test_a_slow_program_is_waited_for_while_something_comes_of_it(
        tmp_path, call):
    """A second of processor time, and never so much without a byte."""
    (tmp_path / "slow.c").write_text(SLOW % call)
    with Meeting(limits=Limits()) as meeting:
        slow = meeting.start([program.build(tmp_path / "slow.c"), "127.0.0.1",
                              meeting.listen()])
        meeting.accept(slow).say(b"12345")
        assert slow.ends() == Exit(0) and slow.hang == ""


def seen(too_slow: bool) -> Seen:
    """Return a conversation of which only that is known."""
    nothing = Part(None, "", "")
    return Seen("", "client", "", {}, Outcome(nothing, nothing, 0, b"", None),
                too_slow=too_slow)


@pytest.mark.parametrize("slow, times", ((0, 0), (2, 2), (99, RETRIES)))
def test_a_conversation_is_had_again_while_the_judge_is_too_slow(slow, times):
    had: list[str] = []

    def have(name: str) -> Seen:
        had.append(name)
        return seen(len(had) < slow)
    found = {"one": seen(slow > 0), "other": seen(False)}
    retry(found, have)
    assert had == ["one"] * times
    assert found["one"].too_slow == (times == RETRIES)


@pytest.mark.parametrize("ended, stderr, may", (
    (None, b"", False), (Exit(0), b"", False), (Exit(1), b"gave up\n", True),
    (Exit(0), b"gave up\n", True)))  # its status is another fault
def test_who_complains_may_have_been_met_too_late(ended, stderr, may):
    assert may_have_given_up(ended, stderr) is may


def test_it_is_not_had_again_for_ever(monkeypatch):
    monkeypatch.setattr(exercise, "RETRY_FOR", 0.0)
    found = {"one": seen(True)}
    retry(found, lambda _: seen(False))
    assert found["one"].too_slow


def test_what_was_had_again_before_time_was_over_counts(monkeypatch):
    """And what was too slow, and was not had again in time, does not."""
    tried = Exercise("server.c", "HOST PORT FILE", judge_is=Client)
    for name in "quick", "again", "broken_off", "never_again":
        tried.also(name, lambda _: None, name)

    @tried.check(1, "passes, as first seen", "01")
    def first(quick: Seen) -> None:
        assert not quick.too_slow

    @tried.check(1, "passes, as seen again", "01")
    def second(again: Seen) -> None:
        assert not again.too_slow

    @tried.check(1, "is not judged", "01")
    def third(broken_off: Seen) -> None:
        raise AssertionError("judged by what was too slow")

    @tried.check(1, "is not judged either", "01")
    def fourth(never_again: Seen) -> None:
        raise AssertionError("judged by what was too slow")

    had: list[str] = []

    def observe(_: Exercise, conversation: Conversation, __: Submission
                ) -> Seen:
        had.append(conversation.name)
        if had.count("broken_off") == 2:
            raise TimeIsOver("It took too long.")
        return seen(conversation.name != "quick" and had.count("again") < 2)
    monkeypatch.setattr(Exercise, "observe", observe)
    results = tried.judge({"server.c": Path("none")}, 7, Sandbox)
    assert [result.verdict for result in results] == [
        Verdict.PASSED, Verdict.PASSED, Verdict.HUNG, Verdict.HUNG]
    assert {result.happened for result in results[2:]} == {
        "It took too long."}


@pytest.mark.answers
@pytest.mark.timed
def test_a_server_that_never_sleeps_is_judged_by_the_clock(tmp_path):
    """All of them at once keep the machine busy: that is no excuse."""
    source = (program.ROOT / "solutions" / PATIENCE / "server.c").read_text()
    begins = "limit.end = now() + limit.patience;"
    sleeps = "n = poll(&slot, 1, (int)(left * 1e3) + 1);"
    assert begins in source and sleeps in source
    (tmp_path / "server.c").write_text(source.replace(
        begins, f"{begins[:-1]} + 0.8;").replace(
        sleeps, "n = poll(&slot, 1, 0);"))
    score = grade(tmp_path, PATIENCE)
    assert {"silent", "dripping", "never-reads", "sips", "one-clock",
            "late-comer", "fractions"} <= set(failed(score)), told(score)


# --- what is printed -------------------------------------------------------

def test_the_same_seed_asks_the_same(tmp_path):
    def asked(seed: int) -> list[str]:
        score = grade(STARTERS / FIRST, FIRST, seed)
        return [result.expected for result in score.results]
    assert asked(7) == asked(7) != asked(8)


@pytest.fixture(scope="module")
def starter() -> Score:
    """What the starter of 01 scores."""
    return grade(STARTERS / FIRST, FIRST, 7)


def test_a_report_says_all_that_helps(starter):
    said = told(starter)
    assert re.search(r"^FAIL   0/25  half-close ", said, re.M)
    assert re.search(r"^ ok     3/3  listens ", said, re.M)
    assert "\n      expected  When the client says its thanks" in said
    assert "\n      happened  EOF came, but the thanks were answered" in said
    assert "\n      reread    chapters/03-half-close/README.md\n" in said
    assert re.search(r"read\(conn\)\s+= -1 EBADF", said)
    in_a_line = " ".join(said.split())
    assert in_a_line.count("client: Bad file descriptor'") == 1
    assert in_a_line.count("It ended as above.") == 7
    assert said.endswith("\n15 of 100 points\n"
                         "this very run again: make check-01 SEED=7\n")
    assert max(map(len, said.splitlines())) <= 80


def test_a_ladder_in_which_the_program_did_the_same_is_drawn_once(starter):
    assert told(starter).count("close(conn)\n") == 1
    assert sum(r.ladder is not None for r in starter.results) > 5


@pytest.mark.answers
@pytest.mark.namespaces
def test_a_ladder_shows_who_waits_for_what():
    score = hand_in(wrong_answers.WRONG / FIRST / "read-before-shutdown.diff")
    drawn = next(r.ladder for r in score.results if r.ladder)
    cells = [row.left.text for row in drawn.rows if row.left]
    assert cells[0] == "connect()" and cells[-1] == "recv(conn) ..."
    cells = [row.right.text for row in drawn.rows if row.right]
    assert cells[-2:] == ["read(conn) ...", "asleep for ever"]


def test_without_packets_a_ladder_still_has_the_calls():
    score = grade(STARTERS / FIRST, FIRST, sandbox=shared)
    assert "SYN" not in told(score)
    assert re.search(r"  send\(conn, \d+\) = \d+\n", told(score))
    assert re.search(r"  read\(conn\) = -1 EBADF\n", told(score))


def test_a_report_suits_the_terminal(starter):
    plain = report.report(starter, text.Style(utf8=False))
    assert plain.isascii() and "\033" not in plain
    assert "\033[1;31mFAIL" in report.report(starter,
                                             text.Style(colour=True))


def test_make_check_judges_and_fails_below_full_points(kit, make):
    done = make("check-01", "SEED=7", at=kit)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert done.stdout.endswith("make check-01 SEED=7\n")
    assert "of 100 points" in done.stdout


@pytest.mark.answers
def test_full_points_are_a_success(tmp_path, monkeypatch, capsys):
    shutil.copytree(program.ROOT / "solutions" / FIRST, tmp_path / FIRST)
    monkeypatch.setattr(judges, "EXERCISES", tmp_path)
    monkeypatch.setattr(progress, "KEPT", tmp_path / ".progress.json")
    assert check.main(["01"]) == 0
    assert capsys.readouterr().out.endswith("\n100 of 100 points\n")


@pytest.mark.parametrize("term", ("dumb", "xterm"))
def test_watch_clears_only_a_screen_that_can_be_cleared(
        starter, term, monkeypatch, capsys):
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(watch, "judged",
                        lambda _: replace(starter, results=()))
    assert watch.main(["01"]) == 0
    assert (watch.CLEAR in capsys.readouterr().out) == (term == "xterm")


@pytest.mark.parametrize("words", [
    pytest.param(("check-77",), id="no such exercise"),
    pytest.param(("check-01", "SEED=seven"), id="a seed that is no number"),
    pytest.param(("check-01", "SEED=" + 5000 * "7"), id="a seed without end"),
])
def test_a_wrong_command_line_is_one_sentence(make, words):
    done = make(*words)
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines()
            if not line.startswith("make")]
    first, *more = said
    assert first.startswith("check: "), done.stderr
    assert all(line.startswith("  ") for line in more), done.stderr


def test_an_exercise_without_a_judge_is_one_sentence(tmp_path, monkeypatch,
                                                     capsys):
    (tmp_path / "42-no-such-thing").mkdir()
    monkeypatch.setattr(judges, "EXERCISES", tmp_path)
    assert main(["check", "42"]) == 2
    assert "nobody judges 42-no-such-thing" in capsys.readouterr().err
