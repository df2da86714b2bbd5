"""Run a command to which some system calls are refused, as in a container.

    python3 tests/without.py unshare,mount,pidfd_getfd make demo

Each of them fails with EPERM, as under Docker's default seccomp profile. See
also: seccomp(2), linux/filter.h, asm/unistd.h.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

NUMBERS = {
    "x86_64": {"prctl": 157, "mount": 165, "unshare": 272, "setns": 308},
    "aarch64": {"prctl": 167, "mount": 40, "unshare": 97, "setns": 268},
}
EVERYWHERE = {"pidfd_getfd": 438}

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|BPF_W|BPF_ABS, ...
ALLOW, REFUSE = 0x7fff0000, 0x00050000 | 1  # SECCOMP_RET_..., EPERM


def step(code: int, value: int, past: int = 0) -> bytes:
    """Return a struct sock_filter; a jump skips `past` steps if not equal."""
    return struct.pack("=HBBI", code, 0, past, value)


def forbid(numbers: list[int]) -> None:
    """Refuse system calls to this process, and to all that it becomes."""
    text = step(LOAD, 0) + b"".join(  # offsetof(struct seccomp_data, nr)
        step(JUMP_IF_EQUAL, number, past=1) + step(RETURN, REFUSE)
        for number in numbers) + step(RETURN, ALLOW)
    steps = ctypes.create_string_buffer(text)
    program = ctypes.create_string_buffer(
        struct.pack("HP", len(text) // 8, ctypes.addressof(steps)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 or \
            libc.prctl(PR_SET_SECCOMP, MODE_FILTER, program, 0, 0) == -1:
        sys.exit(f"without: {os.strerror(ctypes.get_errno())}")


def main(names: str, *command: str) -> None:
    """Become the command; a name that is not known here is a KeyError."""
    known = {**NUMBERS[platform.machine()], **EVERYWHERE}
    forbid([known[name] for name in names.split(",")])
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
