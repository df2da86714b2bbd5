"""The sandboxes' fork server, run as a script: each keeper is its child.

A Python that has to start and to load its modules first costs ten times what
the namespaces do, so this one does it once. Each message that it gets on the
socket whose number is its argument is one sandbox that is asked for, with the
keeper's own socket attached: `private`, `shared`, or a description of walls as
JSON. It answers nothing, and ends when nobody is left who could ask.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # we run with -I

import keeper


def main() -> None:
    """Fork a keeper for each message; with SIGCHLD ignored none is a zombie."""
    asked = socket.socket(fileno=int(sys.argv[1]))
    asked.set_inheritable(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: we go with ours
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        privacy, attached, _, _ = socket.recv_fds(asked, 1 << 16, 1)
        if not privacy:
            return
        if not attached:
            continue  # no descriptor was left for it: it sees EOF
        with socket.socket(fileno=attached[0]) as control:
            control.set_inheritable(False)
            try:
                born = os.fork() == 0
            except OSError:
                continue  # too many processes: it sees EOF, the rest live on
            if born:
                asked.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                keeper.keep(control, privacy.decode())


if __name__ == "__main__":
    main()
