"""Archives, read as if everybody who packed one meant harm.

    with opened(file) as members:
        for member in members: ...

Nothing is unpacked onto a disk: a member is a name and its bytes. zip (stored
or deflated) and tar (plain, gzip, bzip2, xz) are read, told by their content.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import tempfile
import zipfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, Any, Callable, Iterator

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz",
            ".txz")
OTHERS = (".rar", ".7z", ".gz", ".bz2", ".xz", ".zst", ".arj", ".lzh"
          )  # are not read
KINDS = {b"Rar!": "RAR", b"7z\xbc\xaf": "7z", b"(\xb5/\xfd": "Zstandard"}
MIB = 1 << 20
CHUNK = 1 << 16
DICTIONARY = 64 * MIB  # bytes of memory that unpacking .xz may take

Path = tuple[str, ...]  # the parts of a name, from the top


class Unsafe(Exception):
    """An archive that is not unpacked; the text says why."""


@dataclass(frozen=True)
class Limits:
    """How many members, how many bytes of all, and how many times its size.

    The last is for what is larger than `small` only: a page of blanks is a
    thousand times smaller when it is packed.
    """

    members: int = 5000
    size: int = 64 * MIB
    ratio: int = 100
    small: int = 16 * MIB


@dataclass(frozen=True)
class Member:
    """A file in an archive; `bad` says why it can't be taken, or is "".

    `read(most)` returns its first bytes.
    """

    path: Path
    read: Callable[[int], bytes]
    bad: str = ""


def is_archive(name: str) -> bool:
    """Whether that is what an archive is called that can be read."""
    return name.casefold().endswith(SUFFIXES)


def stem(name: str) -> str:
    """Return an archive's name without its suffix, be it read or not."""
    for suffix in sorted(SUFFIXES + OTHERS, key=len, reverse=True):
        if name.casefold().endswith(suffix):
            return name[:-len(suffix)]
    return name


@contextmanager
def opened(file: IO[bytes], limits: Limits = Limits()
           ) -> Iterator[list[Member]]:
    """Open an archive that can be sought in; yields its members.

    Raises Unsafe, then or while a member is read.
    """
    begin = file.read(6)
    if begin[:4] in KINDS:
        raise Unsafe(f"it is a {KINDS[begin[:4]]} archive, and only zip and "
                     "tar are read")
    packed = file.seek(0, 2)
    file.seek(0)
    most = min(limits.size, max(limits.small, limits.ratio * packed))
    with ExitStack() as stack:
        with _suspicious():
            if begin.startswith(b"PK"):
                members = _zipped(stack.enter_context(zipfile.ZipFile(file)),
                                  limits, most)
            else:
                plain = stack.enter_context(
                    tempfile.SpooledTemporaryFile(64 * MIB))
                _decompress(file, begin, plain, most)
                members = _tarred(stack.enter_context(
                    tarfile.open(fileobj=plain, mode="r:")), limits)
        yield members


@contextmanager
def _suspicious() -> Iterator[None]:
    """Make one trouble of all that Python's modules raise about archives."""
    try:
        yield
    except Unsafe:
        raise
    except Exception as error:  # what a forged one leads to is not foreseen
        raise Unsafe(f"it is damaged, or no archive ({error})") from error


def _decompress(file: IO[bytes], begin: bytes, to: Any, most: int) -> None:
    """Write a tar archive without its compression; raises Unsafe.

    So what tarfile reads, it reads from what has been bounded already.
    """
    stream: Any = file
    if begin.startswith(b"\x1f\x8b"):
        stream = gzip.GzipFile(fileobj=file)
    elif begin.startswith(b"BZh"):
        stream = bz2.BZ2File(file)
    elif begin.startswith(b"\xfd7zXZ"):
        stream = _xz(file)
    total = 0
    while True:
        chunk = stream.read(CHUNK)
        if not chunk:
            break
        total += len(chunk)
        if total > most:
            raise Unsafe(too_large(most))
        to.write(chunk)
    to.seek(0)


class _xz:
    """Reads .xz within a bound of memory, which lzma.LZMAFile has not."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._xz = lzma.LZMADecompressor(lzma.FORMAT_XZ, DICTIONARY)

    def read(self, most: int) -> bytes:
        """Return some bytes, none at the end."""
        while not self._xz.eof:
            chunk = self._file.read(CHUNK) if self._xz.needs_input else b""
            if self._xz.needs_input and not chunk:
                raise EOFError("it ends too early")
            made = self._xz.decompress(chunk, most)
            if made:
                return made
        return b""


def too_large(most: int) -> str:
    """Say that an archive unpacks to more than is allowed."""
    return f"it unpacks to more than {most // MIB} MiB"


def _path(name: str) -> tuple[Path, str]:
    """Return the parts of a member's name, and what is wrong with it."""
    name = name.replace("\\", "/")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/") or name[1:3] == ":/":
        return parts, "its name is absolute"
    if ".." in parts:
        return parts, "its name has .. in it"
    if not parts or "\0" in name or len(name) > 4096 or len(parts) > 64:
        return parts or ("?",), "its name is none"
    return parts, ""


def _text(info: zipfile.ZipInfo) -> str:
    """Return a zip member's name; who doesn't say so mostly means UTF-8."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _zipped(archive: zipfile.ZipFile, limits: Limits, most: int
            ) -> list[Member]:
    """Return the files in a zip archive."""
    infos = archive.infolist()
    if len(infos) > limits.members:
        raise Unsafe(f"it has more than {limits.members:,} members")
    if sum(info.file_size for info in infos) > most:
        raise Unsafe(too_large(most))
    found = []
    for info in infos:
        path, bad = _path(_text(info))
        kind = stat.S_IFMT(info.external_attr >> 16)
        # Windows may end a folder's name with its own separator. What has
        # content is a file, whatever its name ends in.
        folder = info.is_dir() or (info.filename.endswith("\\")
                                   and not info.file_size)
        if folder and not bad:
            continue
        if stat.S_ISLNK(kind):
            bad = bad or "it is a link"
        elif kind not in (0, stat.S_IFREG) and not folder:
            bad = bad or "it is no plain file"
        elif info.flag_bits & 1:
            bad = bad or "it is encrypted"
        elif info.compress_type not in (zipfile.ZIP_STORED,
                                        zipfile.ZIP_DEFLATED):
            bad = bad or "it is packed in an unusual way"

        def read(count: int, info: zipfile.ZipInfo = info) -> bytes:
            with _suspicious(), archive.open(info) as content:
                return content.read(count)
        found.append(Member(path, read, bad))
    return found


def _tarred(archive: tarfile.TarFile, limits: Limits) -> list[Member]:
    """Return the files in a tar archive."""
    found: list[Member] = []
    for count, info in enumerate(archive, 1):
        if count > limits.members:
            raise Unsafe(f"it has more than {limits.members:,} members")
        path, bad = _path(info.name)
        if info.isdir() and not bad:
            continue
        if info.issym() or info.islnk():
            bad = bad or "it is a link"
        elif not info.isreg() or info.issparse():
            bad = bad or "it is no plain file"

        def read(count: int, info: tarfile.TarInfo = info) -> bytes:
            with _suspicious():
                content = archive.extractfile(info)
                return content.read(count) if content else b""
        found.append(Member(path, read, bad))
    return found
