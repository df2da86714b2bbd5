"""Compile a source in a scratch place, never beside the source.

What was made of the kit's own sources is kept in tests/.built: they are many,
and seldom change.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import itertools
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator, Optional, Sequence

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = ROOT / "chapters"
BUILT = ROOT / "tests" / ".built"

WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion")
# What a program may need besides libc: with glibc before 2.34 threads, dlsym,
# and timers and asynchronous input and output are libraries of their own, and
# everywhere mathematics is. What it doesn't need is not linked. (-pthread
# would also define _REENTRANT, and so declare a part of POSIX to a source that
# never asked for it.)
LIBRARIES = ("-Wl,--as-needed", "-lpthread", "-lm", "-ldl", "-lrt")
WINDOWS_LIBRARIES = ("-lws2_32",)
MINGW = "x86_64-w64-mingw32-gcc"

RIGHT = "int main(void) { return 0; }\n"  # nothing is wrong with this source


class NoSuchChapter(Exception):
    """There is no folder for the number that was asked for."""


class DoesNotCompile(Exception):
    """The compiler refused; the text is all that it said."""


class NotInstalled(Exception):
    """This machine lacks something; the text says what to install."""


def chapters() -> list[Path]:
    """Return the folders of the chapters, in the order of their numbers."""
    return sorted(CHAPTERS.glob("[0-9][0-9]-*"))


def chapter(number: str) -> Path:
    """Return the folder of a chapter; `number` is two digits, "03"."""
    for folder in chapters():
        if folder.name.split("-")[0] == number:
            return folder
    known = ", ".join(folder.name.split("-")[0] for folder in chapters())
    raise NoSuchChapter(f"there is no chapter {number!r}: there are {known}")


def compiler() -> list[str]:
    """Return the command that compiles C: $CC, or cc; or NotInstalled."""
    asked = os.environ.get("CC") or "cc"
    try:
        words = shlex.split(asked)
    except ValueError:  # a quote without its other half
        words = [asked]
    if not words or not shutil.which(words[0]):
        raise NotInstalled(f"no C compiler {asked!r} here: install gcc, or "
                           "name another one in CC")
    return words


def for_windows(source: Path) -> bool:
    """Whether a source is written for Winsock: it becomes an .exe."""
    return "<winsock2.h>" in source.read_text(errors="replace")


def cross_compiler() -> list[str]:
    """Return the command that compiles C for Windows; or NotInstalled."""
    if not shutil.which(MINGW):
        raise NotInstalled(f"no {MINGW} here: install gcc-mingw-w64-x86-64")
    return [MINGW]


@functools.lru_cache(maxsize=None)
def scratch() -> Path:
    """Return this run's own folder; it goes when the run ends.

    It has a path that can stand in LD_PRELOAD, whatever TMPDIR is (ld.so(8)).
    """
    usual = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(
        prefix="half-close-", dir="/tmp" if set(" :") & set(usual) else usual))
    folder.chmod(0o755)
    atexit.register(remove_tree, folder)
    return folder


@contextlib.contextmanager
def scratch_folder() -> Iterator[str]:
    """Give the name of a new folder in scratch(); it goes with the block."""
    folder = tempfile.mkdtemp(dir=scratch())
    try:
        yield folder
    finally:
        remove_tree(Path(folder))


def remove_tree(top: Path) -> None:
    """Remove a folder and all in it; what can't be removed is left.

    However deep: shutil.rmtree calls itself for each level, and a path has
    4,096 bytes at most (path_resolution(7)). So folders are moved to the top,
    one level at a time, before they are looked into.
    """
    with contextlib.suppress(OSError):
        os.chmod(top, 0o700)
        at = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _empty(at)
        finally:
            os.close(at)
        os.rmdir(top)


def _empty(top: int) -> None:
    """Remove all that is in a folder, given as a descriptor."""
    names = itertools.count()
    folders = _without_files(top)
    while folders:
        name = folders.pop()
        with contextlib.suppress(OSError):
            os.chmod(name, 0o700, dir_fd=top)
            inside = os.open(name, os.O_RDONLY | os.O_DIRECTORY
                             | os.O_NOFOLLOW, dir_fd=top)
            try:
                for found in _without_files(inside):
                    os.chmod(found, 0o700, dir_fd=inside)
                    moved = f".removed-{os.getpid()}-{next(names)}"
                    os.rename(found, moved, src_dir_fd=inside, dst_dir_fd=top)
                    folders.append(moved)
            finally:
                os.close(inside)
            os.rmdir(name, dir_fd=top)


def _without_files(folder: int) -> list[str]:
    """Remove the files of a folder; return the names of those that stay."""
    stay = []
    for name in os.listdir(folder):
        try:
            os.unlink(name, dir_fd=folder)
        except OSError:
            stay.append(name)
    return stay


def command(source: Path, made: Path, flags: Sequence[str] = (),
            ours: bool = True) -> list[str]:
    """Return the command that makes a program of one source.

    What it needs besides is seen in the source if it is `ours`; anybody else's
    is one file for this system. Unfortified: else the recorder's own vdprintf
    would call itself, and fread and open would have names that it does not
    know. Raises NotInstalled where there is no compiler for it.
    """
    windows = ours and for_windows(source)
    shared = sorted((CHAPTERS / "common").glob("*.c")) \
        if ours and '../common/' in source.read_text(errors="replace") else []
    return [*(cross_compiler() if windows else compiler()), "-std=c17",
            *WARNINGS, "-O2", "-U_FORTIFY_SOURCE", *flags, str(source),
            *map(str, shared),
            "-o", str(made), *(WINDOWS_LIBRARIES if windows else LIBRARIES)]


@functools.lru_cache(maxsize=None)
def _version(compiled_by: tuple[str, ...]) -> str:
    """Return what a compiler says of itself."""
    return subprocess.run([*compiled_by, "--version"], capture_output=True,
                          text=True, errors="replace", check=False).stdout


def _kept(source: Path, words: Sequence[str]) -> Optional[Path]:
    """Return where the program of a command is kept, if it is to be kept.

    The name is that of the source, and digests of the command and of what it
    reads: the compiler's version, the sources, all headers beside them. Where
    the kit lies is no part of it: no program here knows its own place.
    """
    if ROOT not in source.parents:
        return None
    made = words[words.index("-o") + 1]
    asked = [word.replace(f"{ROOT}/", "") for word in words if word != made]
    sources = [ROOT / word for word in asked if word.endswith(".c")]
    headers = [header for folder in {place.parent for place in sources}
               for header in folder.glob("[!.]*.h")]
    read = [_version(tuple(asked[:asked.index("-std=c17")])), *(
        (place.name, place.read_bytes())
        for place in sorted({*sources, *headers}))]
    name = "-".join(source.relative_to(ROOT).with_suffix("").parts)
    return BUILT / f"{name}-{_digest(asked)}-{_digest(read)}"


def _digest(what: object) -> str:
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]


def _copied(one: Path, other: Path) -> bool:
    """Copy a program. Not by a hand of ours: while it has a file open that is
    written, nobody can execute that, and whom we start meanwhile has it too.
    """
    return subprocess.run(["cp", "--", str(one), str(other)], check=False,
                          stderr=subprocess.DEVNULL).returncode == 0


def _taken(kept: Path, made: Path) -> bool:
    """Take a copy of what was kept; False if there is none of ours."""
    try:
        ours = kept.lstat().st_uid in (0, os.getuid())
    except OSError:
        return False
    return ours and not kept.is_symlink() and _copied(kept, made)


def _keep(made: Path, kept: Path) -> None:
    """Keep a program, and forget what was made of an older source."""
    try:
        BUILT.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(
                prefix="new-", dir=BUILT) as folder:
            copy = Path(folder) / made.name
            if _copied(made, copy):
                copy.chmod(0o755)
                copy.rename(kept)
        for other in BUILT.glob(f"{kept.name.rsplit('-', 1)[0]}-*"):
            if other != kept:
                other.unlink()
    except OSError:
        pass  # the kit can't be written, or somebody else keeps it as well


# Warnings of which a program may die that ends like a riddle: a pointer that is
# cut to an int because its function was not declared, and their like.
GRAVE = ("implicit-function-declaration", "int-conversion", "return-type",
         "incompatible-pointer-types", "uninitialized", "maybe-uninitialized",
         "format=", "format")


def keep_words(made: Path, said: str) -> None:
    """Keep what the compiler said of a program that it made."""
    if said:
        made.with_name("compiler.txt").write_text(said)


def grave_warnings(made: Path) -> list[str]:
    """Return the lines of the compiler that warn of a program's death.

    To be shown when a program that build() returned crashes, or does nothing.
    """
    try:
        said = made.with_name("compiler.txt").read_text()
    except FileNotFoundError:
        return []
    return [line for line in said.splitlines() if " warning: " in line
            and any(line.endswith(f"[-W{flag}]") for flag in GRAVE)]


def _run(words: Sequence[str]) -> subprocess.CompletedProcess:
    """Run a compiler; what it says is kept."""
    return subprocess.run(words, capture_output=True, text=True,
                          errors="replace", check=False)


def _require_compiler(folder: Path, compiled_by: Sequence[str]) -> None:
    """Raise NotInstalled if a compiler refuses what nothing is wrong with.

    It is short of processes then, or of memory, or of room on a disk, and a
    source that it has refused need not be wrong either.
    """
    source = folder / "right.c"
    source.write_text(RIGHT)
    done = _run([*compiled_by, str(source), "-o", str(folder / "right")])
    if done.returncode != 0:
        raise NotInstalled(
            f"{compiled_by[0]} makes no program here, not even of a right "
            f"source: {done.stderr.strip()}")


@functools.lru_cache(maxsize=None)
def build(source: Path, flags: tuple[str, ...] = (), ours: bool = True
          ) -> Path:
    """Compile one source file and return the program, built once a run.

    For `ours` see command. Raises DoesNotCompile with the compiler's own
    words, and NotInstalled where there is no compiler for it, or it makes
    nothing at all.
    """
    folder = Path(tempfile.mkdtemp(dir=scratch()))
    folder.chmod(0o755)
    windows = ours and for_windows(source)
    made = folder / (source.stem + (".exe" if windows else ""))
    words = command(source, made, flags, ours)
    kept = _kept(source, words) if ours else None
    if kept and _taken(kept, made):
        return made
    done = _run(words)
    if done.returncode != 0:
        _require_compiler(folder, words[:words.index("-std=c17")])
        raise DoesNotCompile(done.stderr)
    keep_words(made, done.stderr.replace(f"{source.parent}/", ""))
    if kept:
        _keep(made, kept)
    return made
