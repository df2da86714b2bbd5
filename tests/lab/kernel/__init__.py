"""What the kernel's tables say about programs and their connections.

    network    the TCP sockets of a process, and where it listens
    processes  its children, and whether it runs
    proofs     proofs that it will never go on

Everything here is read from /proc (proc(5)), of this machine or of a sandbox,
so a fact needs no packet, no sleep and no word from the program itself.
"""

from .network import (STATES, Connection, DidNotListen, backlog, connections,
                      hides, listeners, listening, listens_at, state, unread)
from .processes import children, family, runnable, stopped, waited
from .proofs import (Asleep, HasPid, asleep, stuck, waits_in,
                     why_no_proofs)

__all__ = ["STATES", "Asleep", "Connection", "DidNotListen", "HasPid",
           "asleep", "backlog", "children", "connections", "family", "hides",
           "listeners", "listening", "listens_at", "runnable", "state",
           "stopped", "stuck", "unread", "waited", "waits_in",
           "why_no_proofs"]
