"""The folder of one conversation: FILE, what is beside it, standard input."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Mapping, Optional

from .. import program
from ..meeting import Disk
from ..meeting.stdin_pipe import StdinPipe
from ..sandbox import Sandbox
from .untrusted import read_untrusted

FILE = "copy"     # the name that a client is given
OLD_MODE = 0o640  # of a FILE that was there before
SHOWN = 3         # names of what was left behind


def new_mode() -> int:
    """Return the mode that a program's new file has under our umask, which
    programs inherit.

    From /proc/self/status (proc(5)); NotInstalled where it names no umask.
    """
    text = Path("/proc/self/status").read_text()
    found = re.search(r"^Umask:\s+(\d+)", text, re.M)
    if not found:
        raise program.NotInstalled("/proc/self/status names no umask: "
                                   "Linux 4.7 or later is needed")
    return 0o666 & ~int(found[1], 8)


class Place:
    """Where FILE is; it goes when it is closed.

    A server's FILE holds `inputs["file"]`. A client's holds `inputs["old"]`,
    if that is not None, on a disk of `inputs["disk"]` bytes, if that is not 0.
    Standard input holds `inputs["stdin"]`, or is fed by hand if
    `inputs["fed"]` is true.
    """

    def __init__(self, inputs: Mapping[str, Any], room: Sandbox,
                 serves: bool) -> None:
        self._kept = ExitStack()
        self.folder = Path(self._kept.enter_context(
            program.scratch_folder())) / "here"
        self.folder.mkdir()
        self.disk: Optional[Disk] = None
        self.stdin_pipe: Optional[StdinPipe] = None
        self.stdin_descriptor: Optional[int] = None
        if serves:
            self._write("file", inputs["file"])
        elif inputs.get("old") is not None:
            self._write(FILE, inputs["old"])
            (self.folder / FILE).chmod(OLD_MODE)
        if inputs.get("disk"):
            self.disk = Disk.of(room, self.folder, inputs["disk"])
        self._open_stdin(inputs)
        name = "file" if serves else FILE
        elsewhere = serves or self.disk
        self.file = self.folder / name if elsewhere else name
        self.cwd = self.folder.parent if elsewhere else self.folder
        self._seen = (self.disk.seen if self.disk else self.folder) / name

    def _write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def _open_stdin(self, inputs: Mapping[str, Any]) -> None:
        if inputs.get("fed"):
            self.stdin_pipe = self._kept.enter_context(StdinPipe())
            self.stdin_descriptor = self.stdin_pipe.reader
        elif "stdin" in inputs:
            file = self._kept.enter_context(
                tempfile.TemporaryFile(dir=program.scratch()))
            file.write(inputs["stdin"])
            file.seek(0)
            self.stdin_descriptor = file.fileno()

    def stored(self) -> Optional[bytes]:
        """Return what FILE holds now; None if there is no plain file."""
        return read_untrusted(self._seen)

    def mode(self) -> int:
        """Return the permissions of FILE, 0 if there is none."""
        try:
            return self._seen.lstat().st_mode & 0o777
        except OSError:
            return 0

    def others(self) -> tuple[str, ...]:
        """Return the names of the first few things beside FILE."""
        names = sorted(os.listdir(self._seen.parent))
        return tuple([n for n in names if n != self._seen.name][:SHOWN])

    def put_a_folder(self) -> None:
        """Let a folder take the name of FILE, if nothing has it yet."""
        try:
            self._seen.mkdir()
        except FileExistsError:
            pass  # the client has it already

    def close(self) -> None:
        """Remove all of it."""
        self._kept.close()
