"""Reading files that an untrusted program wrote."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Optional

MOST = 1 << 26  # bytes


def read_untrusted(place: Path, most: int = MOST) -> Optional[bytes]:
    """Return the content of a plain file; None if there is none.

    A link is not followed, a FIFO or a device not waited for, a folder is no
    file, and more than `most` bytes are not read.
    """
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW
                             | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > most:
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most)
