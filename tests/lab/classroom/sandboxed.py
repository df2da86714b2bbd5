"""Untrusted submissions: compiled and run behind walls.

    score = grade(folder, exercise, seed, lambda: Sandbox(treatment.running),
                  treatment.build)

The compiler has a room of its own, of which only the program comes out. Then
each run of that has a room of its own (Exercise); judges know nothing of it.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ContextManager, Optional

from .. import printable, program
from ..sandbox import namespaces
from ..sandbox import Exit, NoWalls, Sandbox, StillRunning, Walls
from ..sandbox.cgroups import Group
from ..judging import Verdict
from ..judging.untrusted import read_untrusted
from ..judging.submission import Refused, first_error

MIB = 1 << 20
LIMIT = 20.0  # seconds, of a compiler or a trial run, as the clock goes
PROGRAM = 8 * MIB  # bytes of a program at most


@dataclass(frozen=True)
class Treatment:
    """How to treat an untrusted submission: the walls to compile it behind,
    and to run it behind."""

    compiling: Walls
    running: Walls

    def at(self, scratch: Path) -> Treatment:
        """Return the same treatment in another scratch folder."""
        return Treatment(*(
            replace(walls, scratch=scratch, library=walls.scratch)
            for walls in (self.compiling, self.running)))

    def within(self, group: Optional[Group]) -> Treatment:
        """Return the same treatment with a bound on all sandboxes together."""
        return Treatment(*(replace(walls, group=group)
                           for walls in (self.compiling, self.running)))

    def build(self, source: Path) -> Path:
        """Compile one source of ours behind walls.

        Nothing but this one file is looked at: sources.py found it. Raises
        Refused, or NotInstalled if the compiler refuses any source.
        """
        try:
            ended, said, made_it = self._compiled(source)
        except StillRunning:
            raise Refused(f"{source.name} takes more than {LIMIT:g} "
                          "seconds to compile", Verdict.HUNG) from None
        if ended != Exit(status=0):
            self._require_compiler()
            raise why_not(source.name, ended, said)
        if made_it is None:
            raise Refused(f"{source.name} makes a program of more than "
                          f"{PROGRAM // MIB} MiB, or none")
        folder = Path(tempfile.mkdtemp(dir=program.scratch()))
        folder.chmod(0o755)
        finished = folder / source.stem
        finished.write_bytes(made_it)
        finished.chmod(0o755)
        program.keep_words(finished, said)
        return finished

    def _compiled(self, source: Path) -> tuple[Exit, str, Optional[bytes]]:
        """Return how a compiler ended, what it said, and the program that it
        made, if it is no larger than PROGRAM. Raises StillRunning."""
        with program.scratch_folder() as name, \
                Sandbox(self.compiling) as room:
            folder = Path(name)
            folder.chmod(0o755)
            copy, made = folder / source.name, folder / "made"
            copy.write_bytes(source.read_bytes())
            copy.chmod(0o644)  # for the user nobody, whatever our umask is
            made.mkdir()
            made.chmod(0o755)
            if room.private:
                outside = room.disk(made, self.compiling.disk)
            else:
                outside = made
                made.chmod(0o777)
            done = room.start(program.command(
                copy, made / source.stem, ours=False), cwd=folder)
            ended = done.wait(LIMIT)
            said = done.stderr.decode(errors="replace")
            return (ended, plain(said.replace(f"{folder}/", ""), source.stem),
                    read_untrusted(outside / source.stem, PROGRAM))

    def _require_compiler(self) -> None:
        """Raise NotInstalled if a compiler refuses what nothing is wrong with.

        As program.build does, but in a sandbox: what was just refused had one
        of its own, and could take nothing away from this.
        """
        with program.scratch_folder() as folder:
            source = Path(folder) / "right.c"
            source.write_text(program.RIGHT)
            try:
                ended, said, _ = self._compiled(source)
            except StillRunning:
                ended, said = None, f"it did not end in {LIMIT:g} seconds"
        if ended != Exit(status=0):
            raise program.NotInstalled(
                "the compiler makes no program here, not even of a right "
                f"source: {printable.line(first_error(said), 300)}")


def make_treatment(hides: tuple[str, ...] = (), sandboxed: bool = True
                   ) -> Treatment:
    """Return how all submissions of a class are treated.

    `hides` are places that must not be seen even where all of /usr is. Where
    `sandboxed` is false there are only the limits, and the user nobody.
    """
    running = Walls(program.scratch(), hides=(str(program.ROOT), *hides))
    if not sandboxed:  # then the count is of all that nobody has
        running = replace(running, namespaces=(), processes=512)
    return Treatment(replace(running, memory=1024 * MIB, output=32 * MIB,
                            disk=64 * MIB), running)


# What a submission may take while one exercise is judged, in all sandboxes.
MEMORY = 1280 * MIB
PROCESSES = 400


def bounded() -> ContextManager[Optional[Group]]:
    """Return a control group for it; None where none can be made."""
    try:
        return Group(MEMORY, PROCESSES)
    except OSError:
        return nullcontext()


# For all that is temporary while one exercise is judged: some ten runs, each
# with what it may print and up to 32 MiB of recorded calls.
DISK = 512 * MIB


def own_disk() -> None:
    """In a worker, put all that is temporary on a disk of its own.

    So what a submission writes, prints, leaves behind is bounded, and is gone
    with the worker. Raises OSError where that is forbidden.
    """
    folder = tempfile.mkdtemp(dir=program.scratch())
    os.chmod(folder, 0o755)
    namespaces.own_disk(folder, DISK)
    tempfile.tempdir = folder
    program.scratch.cache_clear()


ESCAPE = Path(__file__).with_name("escape.c")


def trouble(treatment: Treatment) -> str:
    """In a worker, return why the walls can't be put up here, "" if they can.

    A program of the kit's own tries to get out, in one way for each wall.
    Raises NotInstalled if no compiler works behind them.
    """
    try:
        if treatment.running.namespaces:
            own_disk()
    except OSError as error:
        return error.strerror or str(error)
    treatment = treatment.at(program.scratch())
    with socket.socket() as outside:
        outside.bind(("127.0.0.1", 0))
        outside.listen()
        try:
            made = treatment.build(ESCAPE)
            with Sandbox(treatment.running) as room:
                tries = room.start([made, outside.getsockname()[1],
                                    2 * make_treatment().running.memory])
                ended = tries.wait(LIMIT)
                through = tries.stdout.decode(errors="replace").splitlines()
        except NoWalls as error:
            return str(error)
        except StillRunning:
            return f"a program there did not end in {LIMIT:g} seconds"
        except (Refused, OSError) as error:
            raise program.NotInstalled(
                f"no compiler works behind the walls ({error}): install gcc, "
                "or name one under /usr in CC") from error
    if ended == Exit(status=0):
        return ""
    return f"a program there: {', '.join(through) or ended}"


def plain(said: str, stem: str) -> str:
    """Name a compiler's own files, which have new names each time."""
    return re.sub(r"/tmp/(cc\w{6}|[\w-]+-[0-9a-f]{6})(?=\.\w)", stem, said)


def why_not(name: str, ended: Exit, said: str) -> Refused:
    """Say why a compiler made nothing of a source."""
    if ended.signal == signal.SIGXFSZ or "File size limit" in said \
            or "No space left" in said:
        return Refused(f"{name} makes a program of more than "
                       f"{PROGRAM // MIB} MiB")
    if ended.signal is not None:
        return Refused(f"{name} does not compile: the compiler was {ended}",
                       Verdict.CRASHED)
    return Refused(f"{name} does not compile: "
                   + printable.line(first_error(said), 300))
