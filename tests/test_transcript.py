"""A page that shows what does not come back is found out."""

from __future__ import annotations

import time

import pytest

from lab import program, transcript


def block(*lines: str, fence: str = "console") -> str:
    """Return a fenced block of a page."""
    return "\n".join([f"```{fence}", *lines, "```", ""])


@pytest.fixture
def server(tmp_path) -> str:
    """A command that waits for a client, and says where."""
    (tmp_path / "file").write_text("file")
    built = program.build(program.chapter("03") / "server.c")
    return f"{built} 127.0.0.1 0 file"


def play(page: str, folder) -> None:
    """Type a page; Differs if it is wrong."""
    transcript.play(page, folder)


def test_spaces_stand_for_any_number_of_spaces(tmp_path):
    play(block("$ echo 'a    b '", "a b"), tmp_path)
    with pytest.raises(transcript.Differs):
        play(block("$ echo ab", "a b"), tmp_path)


def test_what_is_shown_as_stuck_may_not_have_ended(tmp_path, server):
    begun = block(f"$ {server}", "listening on 127.0.0.1 ...")
    play(begun + block("$ echo it waits", "it waits",
                       fence="console terminal=2 after=stuck")
         + block("^C"), tmp_path)
    with pytest.raises(transcript.Differs, match="shown as stuck"):
        play(block("$ echo done", "done")
             + block("$ true", fence="console after=stuck"), tmp_path)


def test_what_is_interrupted_may_not_have_ended(tmp_path):
    with pytest.raises(transcript.Differs, match="it had ended"):
        play(block("$ echo done", "done") + block("^C"), tmp_path)


SLOW = """
import os, signal, time
def end(*_):
    began = time.process_time()
    while time.process_time() - began < 0.1:
        pass
    os.remove("there")
    os._exit(0)
signal.signal(signal.SIGINT, end)
open("there", "w").close()
print("there", flush=True)
signal.pause()
"""


def test_what_is_interrupted_may_take_its_time(tmp_path, monkeypatch):
    """Whoever types in another terminal then has seen the prompt in this."""
    monkeypatch.setattr(transcript, "SOON", 60.0)  # on a busy machine too
    (tmp_path / "slow.py").write_text(SLOW)
    play(block("$ python3 slow.py", "there") + block("^C")
         + block("$ cat there", "cat: there: No such file or directory",
                 fence="console terminal=2"), tmp_path)


def test_nothing_more_is_awaited_once_all_that_runs_is_stuck(tmp_path, server):
    began = time.monotonic()
    with pytest.raises(transcript.Differs, match="never said"):
        play(block(f"$ {server}", "listening on 127.0.0.1 ...", "never said"),
             tmp_path)
    assert time.monotonic() - began < 55  # the bound is 60 seconds
