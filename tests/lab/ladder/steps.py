"""The calls of one program as the steps of a conversation.

Of all calls that were recorded, those on one connection are kept. Calls of a
kind in a row are told in one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, Optional, Sequence

from .. import calls as recorded
from ..calls import Call

ACCEPTS = ("accept", "accept4")
READS = (*recorded.READS, "fread")
WRITES = recorded.WRITES
SPLICES = {"splice_in": "splice(conn, pipe", "splice_out": "splice(pipe, conn"}
CLOSES = ("close", "closesocket", "fclose")
STREAMS = ("fdopen", "fread", "fflush", "fclose")  # of stdio
SHUTDOWN = ("SHUT_RD", "SHUT_WR", "SHUT_RDWR")
WINSOCK_SHUTDOWN = ("SD_RECEIVE", "SD_SEND", "SD_BOTH")
ENDS_WRITING = (1, 2)
ENDS_READING = (0, 2)
NOT_NOW = ("EAGAIN", "WSAEWOULDBLOCK")  # what a socket that never waits says
UNDER_WAY = ("EINPROGRESS", "EALREADY", "WSAEWOULDBLOCK")  # of a connect
INTERRUPTED = ("EINTR", "WSAEINTR")
NAMED = (*ACCEPTS, "connect", "shutdown", "dup", "fdopen", "fflush", *READS,
         *WRITES, *CLOSES)


@dataclass(frozen=True)
class Step:
    """A call on the connection; `before` is how many bytes passed before it.

    `text` is the call as its program would write it. `deaf` says that reading
    had been shut down, `copied` that another process has the connection
    still, `wrong` that the call failed and that this was not expected.
    """

    call: Call
    text: str
    before: int = 0
    deaf: bool = False
    copied: bool = False
    wrong: bool = False

    @property
    def moved(self) -> bool:
        """Whether it moved bytes."""
        return self.call.name in READS + WRITES and (self.call.result or 0) > 0

    @property
    def closes(self) -> bool:
        """Whether it gave the descriptor back."""
        return self.call.name in CLOSES and self.call.error in ("", "EINTR")

    @property
    def ends_writing(self) -> bool:
        """Whether it is a shutdown after which nothing can be sent."""
        return self.call.name == "shutdown" and not self.call.error \
            and self.call.argument in ENDS_WRITING

    @property
    def again(self) -> bool:
        """Whether it was to be tried again: it moved nothing, and no harm."""
        return self.call.name in READS + WRITES and not self.wrong \
            and self.call.error in INTERRUPTED + NOT_NOW


def _accepted(calls: Iterable[Call]) -> Iterator[tuple[int, Call]]:
    """Give each call on an accepted connection the connection's number.

    A process or thread that has used a connection goes on using that one,
    though its number may be given to a new one elsewhere. What waits for a
    next client is not told.
    """
    newest: dict[int, int] = {}  # connection by descriptor
    used: dict[tuple[int, int], int] = {}  # by process and descriptor
    count = 0
    for call in calls:
        if call.name in ACCEPTS:
            if call.result is not None or count == 0:
                yield count, call
            if call.result is not None and call.result >= 0:
                newest[call.result] = count
                used[call.pid, call.result] = count
                count += 1
        elif call.fd in newest:
            number = used.setdefault((call.pid, call.fd), newest[call.fd])
            yield number, call
            if call.name == "dup" and call.result is not None \
                    and call.result >= 0:
                newest[call.result] = used[call.pid, call.result] = number
            if call.name in CLOSES and not call.error:
                used.pop((call.pid, call.fd), None)


def _dialled(calls: Iterable[Call]) -> Iterator[tuple[int, Call]]:
    """Give each call on a connection that was dialled its number.

    What is tried after a connect that failed has the same number.
    """
    numbers: dict[int, int] = {}  # by descriptor
    closed: set[int] = set()
    number, through = 0, False
    for call in calls:
        if call.name == "connect":
            if call.fd in closed or call.fd not in numbers:
                number, through = number + through, False
                numbers[call.fd] = number
                closed.discard(call.fd)
            through = through or call.error in ("", *UNDER_WAY, *INTERRUPTED)
        if call.fd in numbers:
            yield numbers[call.fd], call
            if call.name in CLOSES and not call.error:
                closed.add(call.fd)


def _begun(call: Call) -> str:
    """Write a call's name and what it moves bytes from or to."""
    return SPLICES.get(call.name, f"{call.name}(conn")


def _written(call: Call) -> str:
    """Write a call as its program would, with the role for the descriptor."""
    if call.name in STREAMS:
        text = f"{call.name}({'out' if call.argument else 'in'})"
        if call.name == "fdopen":
            text = f'fdopen(conn, "{"w" if call.argument else "r"}")'
    elif call.name == "connect":
        text = "connect()"
    elif call.name in ACCEPTS:
        text = f"{call.name}()"
        if call.result is not None and call.result >= 0:
            text += " = conn"
    elif call.name == "shutdown":
        how = WINSOCK_SHUTDOWN if call.winsock else SHUTDOWN
        known = call.argument in range(len(how))
        text = f"shutdown(conn, " \
               f"{how[call.argument] if known else call.argument})"
    elif call.name in WRITES:
        text = f"{_begun(call)}, {call.argument:,})"
    else:
        text = f"{_begun(call)})"
    if call.result is None:
        return text + " ..."
    if call.error:
        return text + f" = -1 {call.error}"
    if call.name in READS + WRITES:
        return text + f" = {call.result:,}"
    return text


def _failed(call: Call, repeated: bool) -> bool:
    """Whether a call went wrong: it failed, and not just for now.

    An interrupted call is all right if it is `repeated`; a connect goes on
    without that, and a close has closed.
    """
    if not call.error or call.error in NOT_NOW:
        return False
    if call.name == "connect" and call.error in UNDER_WAY:
        return False
    if call.error in INTERRUPTED:
        return call.name not in ("connect", *CLOSES) and not repeated
    return True


def _copied(left: Sequence[Call]) -> bool:
    """Whether the first call, a close, leaves a copy to another process.

    Then that is used later, and not in vain as a thread of ours would.
    """
    first = left[0]
    return not first.error and any(
        call.pid != first.pid and call.error != "EBADF" for call in left[1:])


def steps(calls: Iterable[Call], dialled: bool,
          conversation: Optional[int] = None) -> list[Step]:
    """Return the steps on one connection of a program, or on all if None.

    `dialled` says that the program connected, and did not accept.
    """
    numbered = (_dialled if dialled else _accepted)(calls)
    mine = [call for number, call in numbered
            if call.name in NAMED and conversation in (None, number)]
    last = {call.name: index for index, call in enumerate(mine)}
    passed = {True: 0, False: 0}
    deaf = False
    found = []
    for index, call in enumerate(mine):
        writes = call.name in WRITES
        found.append(Step(call, _written(call), passed[writes], deaf,
                          call.name in CLOSES and _copied(mine[index:]),
                          _failed(call, last[call.name] > index)))
        if found[-1].moved:
            passed[writes] += call.result or 0
        deaf = deaf or (call.name == "shutdown" and not call.error
                        and call.argument in ENDS_READING)
    return found


def alike(one: Step, other: Step) -> bool:
    """Whether two steps in a row are told in one line."""
    if (one.moved or one.again) and (other.moved or other.again):
        return one.call.name == other.call.name
    return one.text == other.text and not one.closes


def together(run: Sequence[Step]) -> str:
    """Tell steps that are alike: how much they moved, in how many calls."""
    if len(run) == 1 or run[0].call.result is None:
        return run[0].text
    moved = [step for step in run if step.moved]
    if not moved and len({step.text for step in run}) == 1:
        return f"{run[0].text} {len(run):,} times"
    total = sum(step.call.result or 0 for step in moved)
    text = f"{_begun(run[0].call)}) = {total:,} in {len(run):,} calls"
    for error in sorted({step.call.error for step in run} - {""}):
        count = sum(step.call.error == error for step in run)
        text += f", {count:,} {error}"
    return text


def runs(found: Sequence[Step]) -> list[list[Step]]:
    """Return steps with those that are told in one line together."""
    grouped: list[list[Step]] = []
    for step in found:
        if grouped and alike(grouped[-1][-1], step):
            grouped[-1].append(step)
        else:
            grouped.append([step])
    return grouped
