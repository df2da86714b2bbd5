"""The console blocks of a page, typed into real terminals.

A page is Markdown. In a block that is fenced as `console`, a line that begins
with `$ ` is typed, all others are what must come back; `...` stands for what
varies, within a line or for lines; spaces stand for any number of spaces.
` ```console terminal=2` is typed into a second terminal: a command that still
runs when a block ends goes on, and what it prints later stands at the top of
that terminal's next block. A line `^C` interrupts the command. `after=stuck`
on the fence waits until whatever still runs is proved stuck.
"""

from __future__ import annotations

import os
import re
import signal
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Mapping, Optional

from . import kernel
from .book.markdown import everything, read
from .sandbox import Process, Sandbox

DONE = "\x01done\x01\n"  # printed when a command has ended
SOON = 2.0  # seconds after which whoever has typed ^C goes on all the same
LOOK = 0.3  # seconds between two looks whether anything can still come


class Differs(AssertionError):
    """What came back is not what the page shows."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what else the fence said, its text."""

    language: str
    terminal: str
    after: str
    text: str


def blocks(page: str) -> list[Block]:
    """Return all fenced blocks of a page in their order.

    Raises book.markdown.Broken.
    """
    found = []
    for block in everything(read(page, "page")):
        if block.kind == "fence":
            said = dict(word.split("=", 1) for word in block.info[1:])
            found.append(Block(block.info[0], said.get("terminal", ""),
                               said.get("after", ""), block.text))
    return found


@dataclass(frozen=True)
class Child:
    """A command that a terminal runs."""

    pid: int


def _heeded(child: Child) -> bool:
    """Whether its first thread has dealt with SIGINT: it has ended, or it
    sleeps and none is pending (proc(5))."""
    try:
        status = Path(f"/proc/{child.pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    found = dict(re.findall(r"^(\w+):\s+(\w+)", status, re.M))
    pending = int(found["SigPnd"], 16) | int(found["ShdPnd"], 16)
    return found["State"] in "ZX" or found["State"] == "S" \
        and not pending & 1 << signal.SIGINT - 1


def _pattern(expected: list[str]) -> re.Pattern[str]:
    """Turn expected lines into a pattern; `...` alone is any lines."""
    parts = []
    for line in expected:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            fixed = re.split(r" *\.\.\. *", line)
            words = ".*".join(map(re.escape, fixed))
            parts.append(re.sub(r"(\\ )+", " +", words) + " *\n")
    return re.compile("".join(parts))


@dataclass
class Terminal:
    """A shell, what it still has to show, and how much of it was read."""

    shell: Process
    keyboard: int
    read: int = 0
    busy: bool = False
    expected: list[str] = field(default_factory=list)

    def output(self) -> str:
        """Return what has come since the last command was compared."""
        return self.shell.stdout.decode(errors="replace")[self.read:]

    def runs(self) -> bool:
        """Whether the command that was typed last has not ended yet."""
        return self.busy and DONE not in self.output()

    def type(self, line: str) -> None:
        """Type a command, and have its end announced, $? kept."""
        words = f"{line}\nstatus=$?; printf '\\001done\\001\\n'; " \
                "(exit $status)\n"
        os.write(self.keyboard, words.encode())
        self.busy = True

    def children(self) -> list[Child]:
        """Return the commands that run now."""
        return [Child(pid) for pid in kernel.children(self.shell.pid)]

    def compare(self, to_the_end: bool, bound: float,
                stuck: Callable[[], bool]) -> None:
        """Wait until the expected lines have come; raise Differs if not.

        With `to_the_end` the command must have ended too, with no more to say.
        Nothing more will come once all that runs is `stuck`.
        """
        pattern = _pattern(self.expected)
        deadline = time.monotonic() + bound
        look = time.monotonic() + LOOK
        while True:
            seen = self.output()
            if DONE in seen:
                said = seen[:seen.index(DONE)]
                if not pattern.fullmatch(said):
                    break
                self.read += len(said) + len(DONE)
                self.busy, self.expected = False, []
                return
            if not to_the_end and pattern.fullmatch(seen):
                return
            if self.shell.poll(0.005) or time.monotonic() > deadline:
                break
            if time.monotonic() > look:
                if stuck() and self.output() == seen:
                    break
                look = time.monotonic() + LOOK
        raise Differs("expected:\n" + "\n".join(self.expected)
                      + "\n\ncame:\n" + self.output().replace(DONE, ""))


class Desk:
    """The terminals of one page, all in one sandbox."""

    def __init__(self, room: Sandbox, folder: Path, bound: float = 60.0,
                 env: Optional[Mapping[str, str]] = None) -> None:
        self.room = room
        self.folder = folder
        self.bound = bound
        self.env = {"LC_ALL": "C.UTF-8", "HOME": tempfile.gettempdir(),
                    **(env or {})}
        self.terminals: dict[str, Terminal] = {}

    def terminal(self, name: str) -> Terminal:
        """Return a terminal by its name, opened when first asked for."""
        if name not in self.terminals:
            theirs, ours = os.pipe()
            shell = self.room.start(
                ["sh", "-c", "exec 2>&1 sh"], cwd=self.folder, stdin=theirs,
                env=self.env)
            os.close(theirs)
            self.terminals[name] = Terminal(shell, ours)
        return self.terminals[name]

    def stuck(self) -> bool:
        """Prove that whatever runs in the terminals will never go on."""
        found = [t.children() for t in self.terminals.values() if t.runs()]
        # One that has only just begun has no children yet.
        return bool(found) and all(found) and \
            bool(kernel.stuck(sum(found, [])))

    def wait_until_stuck(self) -> None:
        """Wait for that proof; raise Differs if everything has ended."""
        def over() -> bool:
            return self.stuck() or not any(
                t.runs() for t in self.terminals.values())

        next(iter(self.terminals.values())).shell.until(over, self.bound)
        if not any(t.runs() for t in self.terminals.values()):
            raise Differs("shown as stuck, but it ended")

    def interrupt(self, terminal: Terminal) -> None:
        """End what runs in a terminal, once it has said what it must."""
        terminal.compare(False, self.bound, self.stuck)
        terminal.shell.until(  # it may only just begin, or be about to end
            lambda: not terminal.runs() or terminal.children(), self.bound)
        if not terminal.runs():
            raise Differs("shown as interrupted, but it had ended")
        interrupted = terminal.children()
        for child in interrupted:
            os.kill(child.pid, signal.SIGINT)
        soon = time.monotonic() + SOON
        terminal.shell.until(
            lambda: time.monotonic() > soon or all(map(_heeded, interrupted)),
            self.bound)

    def play(self, block: Block) -> None:
        """Type one block's commands and compare what comes."""
        if block.after == "stuck":
            self.wait_until_stuck()
        terminal = self.terminal(block.terminal)
        for line in block.text.splitlines():
            if line.startswith("$ "):
                if terminal.busy:
                    terminal.compare(True, self.bound, self.stuck)
                terminal.type(line[2:])
            elif line == "^C":
                self.interrupt(terminal)
            else:
                terminal.expected.append(line)
        if terminal.busy:
            terminal.compare(False, self.bound, self.stuck)

    def finish(self) -> None:
        """Nothing may be left running, or unsaid."""
        for terminal in self.terminals.values():
            if terminal.busy:
                terminal.compare(True, self.bound, self.stuck)
            os.close(terminal.keyboard)


def play(page: str, folder: Path, room: Optional[Sandbox] = None,
         env: Optional[Mapping[str, str]] = None) -> int:
    """Type all console blocks of a page; return how many there were.

    Commands start in `folder`, with `env` added to a terminal's own. Raises
    Differs.
    """
    found = [b for b in blocks(page) if b.language == "console"]
    with room or Sandbox() as where:
        desk = Desk(where, folder, env=env)
        for block in found:
            desk.play(block)
        desk.finish()
    return len(found)
