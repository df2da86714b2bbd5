"""Wine, a guest that runs Windows programs in a sandbox.

    with Wine(room) as windows:
        server = windows.start([program, "127.0.0.1", 0, file])
        port = kernel.listening(server)

A prefix is what Wine takes for a computer, and each has a wineserver, which
makes the sockets of all programs on the network that it lives on itself. So
each room gets both, and the user's own prefix is never touched. Ours is made
in no time: its system folder is a link to the DLLs that Wine brings along,
and nothing is installed in it. That is enough for programs of a kind with
the kit's, which need no registry and no services.
"""

from __future__ import annotations

import functools
import glob
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Mapping, Optional, Sequence

from . import program
from .sandbox import Process, Sandbox

LOADERS = ("/usr/lib/wine/wine64", "wine64", "wine")  # the first is Debian's
LIBRARIES = ("/usr/lib*/wine", "/usr/lib/*/wine", "/opt/wine-*/lib*/wine")


def loader() -> Path:
    """Return the program that starts others, or raise program.NotInstalled."""
    found = next(filter(None, map(shutil.which, LOADERS)), None)
    if found is None:
        raise program.NotInstalled("no Wine here: install wine64")
    return Path(found).resolve()


@functools.lru_cache(maxsize=None)
def missing() -> str:
    """Return "" where Windows programs can be built and run, or a remedy."""
    try:
        program.cross_compiler()
        loader()
    except program.NotInstalled as error:
        return str(error)
    return ""


@functools.lru_cache(maxsize=None)
def _without_aslr() -> str:
    """Return the words that switch a program's address randomization off.

    Wine wants one address for itself (0x7ffe0000, KUSER_SHARED_DATA), and once
    in some hundred starts the heap that Linux gives its loader is there already:
    then it ends at once, without a word. "" where it can't be switched off.
    """
    words = ["setarch", "-R"]  # personality(2), ADDR_NO_RANDOMIZE
    try:
        subprocess.run([*words, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return " ".join(words) + " "


def needed(folder: Path) -> bool:
    """Whether a chapter's programs are for Windows."""
    return any(map(program.for_windows, folder.glob("*.c")))


def _make_prefix(folder: Path) -> bool:
    """Make what Wine needs to run a console program; False if we can't."""
    libraries = [dll.parent for place in LIBRARIES for dll in
                 map(Path, glob.glob(f"{place}/x86_64-windows/ntdll.dll"))]
    if not libraries:
        return False
    (folder / "drive_c" / "windows").mkdir(parents=True)
    (folder / "drive_c" / "windows" / "system32").symlink_to(libraries[0])
    (folder / "dosdevices").mkdir()
    (folder / "dosdevices" / "c:").symlink_to("../drive_c")
    (folder / "dosdevices" / "z:").symlink_to("/")
    (folder / ".update-timestamp").write_text("disable")  # no installing
    return True


class Wine:
    """A Windows computer in a room; it goes with the `with` block.

    `env` is for programs that start Wine themselves: `wine` is in its PATH.
    """

    def __init__(self, room: Sandbox) -> None:
        wine = loader()
        self.room = room
        self._folder = Path(tempfile.mkdtemp(dir=program.scratch()))
        prefix, tools = self._folder / "prefix", self._folder / "bin"
        prefix.mkdir()
        tools.mkdir()
        made = _make_prefix(prefix)
        self._wine = tools / "wine"
        self._wine.write_text(f'#!/bin/sh\nexec {_without_aslr()}{wine} "$@"\n')
        self._wine.chmod(0o755)
        self.env = {
            "PATH": f"{tools}:{os.environ.get('PATH', os.defpath)}",
            "HOME": str(self._folder), "TMPDIR": str(self._folder),
            "WINEPREFIX": str(prefix), "WINEDEBUG": "-all,err+module",
            "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe="}
        self._server = self._start_server(wine)
        if not made:  # Wine's own way: seconds, and hundreds of megabytes
            self.start(["wineboot", "--init"]).wait(120)

    def _start_server(self, wine: Path) -> Process:
        beside = wine.with_name("wineserver")
        server = self.room.start(
            [beside if beside.exists() else "wineserver", "-f", "-p"],
            env=self.env)
        ready = Path(f"/proc/{server.pid}/cwd/socket")
        if not server.until(ready.exists):
            raise ChildProcessError(f"wineserver: {server.exit}: "
                                    f"{server.stderr!r}")
        return server

    def start(self, argv: Sequence[object], cwd: Optional[Path] = None,
              env: Optional[Mapping[str, str]] = None) -> Process:
        """Start a Windows program; see Sandbox.start."""
        process = self.room.start([self._wine, *argv], cwd,
                                  {**self.env, **(env or {})},
                                  name=Path(str(argv[0])).name)
        process.holder = self._server.pid
        return process

    def close(self) -> None:
        """Give back the disk; what runs ends with the room."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Wine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
