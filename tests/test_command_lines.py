"""A wrong command line is a sentence and 2; trouble is a sentence and 1."""

from __future__ import annotations

import os
import re
import select
from contextlib import closing
from pathlib import Path
from typing import Callable, Optional

import pytest

import parameters
import plain_sockets
from lab import chapters, kernel, program
from lab.meeting import peer
from lab.calls import CallLog, Fault
from lab.sandbox import Process, Sandbox
from parameters import BAD_PORTS, each_side

NUMBERS = ("01", "02", "03", "04")
each_chapter = parameters.chapters(*NUMBERS)
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(),
                                reason="this system has no /dev/full")
NO_SPACE = "No space left on device"


def words(number: str, side: str, host: object = "127.0.0.1",
          port: object = 0, file: object = "/dev/null") -> list[object]:
    """Return a command line that would do, with some words changed."""
    folder = program.chapter(number)
    extra = chapters.ways(folder)[0].extra if side == "server" else ()
    return [program.build(folder / f"{side}.c"), host, port, file, *extra]


def sentence(room: Sandbox, argv: list[object], status: int) -> str:
    """Run a command; it must end with `status` and say one sentence."""
    process = room.start(argv)
    assert str(process.wait()) == f"exit {status}", process.stderr
    said = process.stderr.decode()
    assert said.count("\n") == 1 and said.endswith("\n"), said
    assert b"listening" not in process.stdout
    assert b"Received" not in process.stdout
    return said


@each_chapter
@each_side
def test_too_few_or_too_many_words_are_answered_with_the_usage(
        room, number, side):
    argv = words(number, side)
    for count in (1, 2, 3):
        said = sentence(room, argv[:count], 2)
        assert said.startswith(f"usage: {side} HOST PORT FILE")
    assert sentence(room, [*argv, "one", "more"], 2).startswith("usage: ")
    assert sentence(room, [*argv, "more"], 2).startswith("usage: ")


@each_chapter
@each_side
def test_a_port_that_is_no_number_up_to_65535_is_refused(room, number, side):
    for port in BAD_PORTS:
        said = sentence(room, words(number, side, port=port), 2)
        assert said == f"{side}: port '{port}': " \
                       "not a number from 0 to 65535\n"


@each_chapter
@each_side
def test_a_host_that_is_no_address_is_trouble(room, number, side):
    for host in ("no.such.host", "127.0.0.1.1", "256.0.0.1", "", "::1"):
        said = sentence(room, words(number, side, host=host), 1)
        assert said.startswith(f"{side}: host '{host}': ")


@pytest.mark.chapter("04")
def test_a_direction_that_shutdown_does_not_have_is_refused(room):
    argv = words("04", "server")[:4]
    for word in ("both", "", "WR", "wrrd"):
        said = sentence(room, [*argv, word], 2)
        assert said == f"server: direction '{word}': not rd, wr or rdwr\n"


@each_chapter
def test_a_file_that_cannot_be_read_is_known_before_listening(
        room, number, tmp_path):
    said = sentence(room, words(number, "server", file=tmp_path / "no"), 1)
    assert re.fullmatch(r"server: open \S+/no: No such file or directory\n",
                        said)
    said = sentence(room, words(number, "server", file=tmp_path), 1)
    assert re.fullmatch(r"server: open \S+: Is a directory\n", said)


@each_chapter
def test_an_address_that_cannot_be_bound_is_trouble(room, number):
    with room.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = sentence(room, words(number, "server", port=port), 1)
    assert said == f"server: bind 127.0.0.1 {port}: Address already in use\n"
    said = sentence(room, words(number, "server", host="192.0.2.1"), 1)
    assert said == "server: bind 192.0.2.1 0: Cannot assign requested " \
                   "address\n"


@each_chapter
def test_a_refused_connection_is_trouble_and_leaves_no_file(
        room, number, tmp_path):
    with room.socket() as bound:  # bound, so nobody's; not listening
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        file = tmp_path / "copy"
        said = sentence(room, words(number, "client", port=port, file=file), 1)
    assert said == f"client: connect 127.0.0.1 {port}: Connection refused\n"
    assert not file.exists()


@each_chapter
def test_an_output_that_cannot_be_created_is_trouble(room, number, tmp_path):
    with room.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        for file in (tmp_path / "no" / "copy", tmp_path):
            said = sentence(room, words(number, "client", port=port,
                                        file=file), 1)
            assert said.startswith(f"client: open {file}: ")


@needs_full
@each_chapter
def test_a_full_disk_is_trouble(room, number):
    folder = program.chapter(number)
    server = room.start(words("03", "server", file=program.__file__))
    client = room.start([program.build(folder / "client.c"), "127.0.0.1",
                         kernel.listening(server), "/dev/full"])
    assert str(client.wait()) == "exit 1"
    assert client.stderr == b"client: write /dev/full: " \
                            b"No space left on device\n"


def one_only(room: Sandbox, argv: list[object]) -> None:
    """Check that a server that has its one client refuses a second.

    It is still at its file, which has to be larger than any queue.
    """
    server = room.start(argv)
    port = kernel.listening(server)
    with plain_sockets.dial(room, port) as first:
        assert first.recv(1) == b"1"
        with pytest.raises(ConnectionRefusedError):
            plain_sockets.dial(room, port)


@each_chapter
def test_a_second_client_is_refused_at_once(room, number, tmp_path):
    file = tmp_path / "original"
    file.write_bytes(b"1" * (1 << 24))
    one_only(room, words(number, "server", file=file))


FULL = {  # two ways to write to a disk that is full
    "at once": ["sh", "-c", 'exec "$@" >/dev/full', "sh"],
    "line by line": ["sh", "-c", 'exec stdbuf -oL "$@" >/dev/full', "sh"],
}
each_full = pytest.mark.parametrize("full", FULL.values(), ids=FULL.keys())


def without(number: int) -> list[str]:
    """Return the words that start a program without one of its outputs."""
    return ["sh", "-c", f'exec "$@" {number}>&-', "sh"]


def may_go_on(process: Process) -> Callable[[], bool]:
    """Return what tells a peer whether waiting for a program makes sense."""
    return lambda: process.poll(0) is None and not kernel.stuck([process])


def fetched(room: Sandbox, argv: list[object], before: list[str],
            data: bytes = b"file", log: Optional[CallLog] = None
            ) -> tuple[Process, bytes]:
    """Be the server of a client; return it, and what it said to us.

    `argv` is all of its command line, but for the port in its third place.
    """
    listener, port = plain_sockets.listen(room)
    with listener:
        client = room.start([*before, *argv[:2], port, *argv[3:]],
                            name="client", env=log.env if log else None)
        listener.setblocking(False)

        def accepted() -> Optional[peer.Peer]:
            try:
                return peer.Peer(listener.accept()[0], may_go_on(client))
            except OSError:  # nobody is here, or has gone again
                return None
        server = client.until(accepted)
    if not server:
        return client, b""
    with closing(server):
        server.say(data)
        server.half_close()
        heard = server.hear().data
        client.wait()
    return client, heard


def check_lost_words(process: Process, why: str = NO_SPACE) -> None:
    """Check that a program says that its output was lost, and fails."""
    assert str(process.wait()) == "exit 1", process.stderr
    assert process.stderr.decode() == \
        f"{process.name}: standard output: {why}\n"


@needs_full
@each_chapter
@each_full
def test_a_server_whose_words_are_lost_fails(room, number, full):
    check_lost_words(room.start([*full, *words(number, "server")],
                                name="server"))


@parameters.chapters("02", "03")
@pytest.mark.parametrize("line_by_line", ("", "stdbuf -oL "))
def test_a_server_whose_message_is_lost_fails(room, number, line_by_line,
                                              tmp_path):
    """Who reads standard output goes once the server has said the rest."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    server = room.start(["sh", "-c", f'trap "" PIPE; exec {line_by_line}"$@" '
                         f'>"{fifo}"', "sh", *words(number, "server")],
                        name="server")
    port = kernel.listening(server)
    assert server.until(lambda: select.select([reader], [], [], 0)[0])
    os.close(reader)
    with plain_sockets.dial(room, port) as client:
        client.sendall(b"Thank you")
        check_lost_words(server, "Broken pipe")


@needs_full
@each_chapter
@each_full
def test_a_client_whose_words_are_lost_fails_and_does_not_thank(
        room, number, full):
    client, heard = fetched(room, words(number, "client"), full)
    check_lost_words(client)
    assert heard == b""


@each_chapter
@pytest.mark.parametrize("closed", (1, 2))
def test_a_client_without_an_output_does_not_say_its_words_to_the_server(
        room, number, closed, tmp_path):
    """The connection would have that number, and take what is printed."""
    file = tmp_path / "no" / "copy"  # so that there is trouble to be told
    client, heard = fetched(room, words(number, "client", file=file),
                            without(closed))
    assert (str(client.wait()), heard) == ("exit 1", b"")
    assert client.stderr == (b"client: standard output or error: "
                             b"Bad file descriptor\n" if closed == 1 else b"")


# --- the solutions ---------------------------------------------------------

ANSWERS = {  # the program, and the words of its command line
    "01": ("server", ["127.0.0.1", 0, "/dev/null"]),
    "02": ("rsort", ["127.0.0.1", 0]),
    "03": ("client", ["127.0.0.1", 0, "copy"]),
    "04": ("server", ["127.0.0.1", 0, "/dev/null", 60]),
    "05": ("client", ["127.0.0.1", 0, "copy", 60]),
}
each_solution = pytest.mark.parametrize("number", sorted(ANSWERS))


def answer(number: str, source: Path, folder: Path) -> list[object]:
    """Return the command line of an answer; it stores things in `folder`."""
    return [program.build(source), *(folder / "copy" if word == "copy" else
                                     word for word in ANSWERS[number][1])]


def solution(number: str, folder: Path) -> list[object]:
    """Return a solution's command line; what it stores is in `folder`."""
    source, = (program.ROOT / "solutions").glob(
        f"{number}-*/{ANSWERS[number][0]}.c")
    return answer(number, source, folder)


@needs_full
@pytest.mark.answers
@each_solution
@each_full
def test_a_solution_whose_words_are_lost_fails_and_does_not_thank(
        room, number, full, tmp_path):
    argv = solution(number, tmp_path)
    name = argv[0].name
    if number in ("01", "04"):
        process = room.start([*full, *argv], name=name)
    else:
        process, heard = fetched(room, argv, full,
                                 b"4\nfile" if number == "05" else b"file")
        assert heard == b""
    assert str(process.wait()) == "exit 1"
    assert process.stderr.decode().endswith(f"standard output: {NO_SPACE}\n")


@pytest.mark.answers
@pytest.mark.parametrize("number", ("01", "04"))
def test_a_second_client_of_a_solution_is_refused_at_once(
        room, number, tmp_path):
    file = tmp_path / "original"
    file.write_bytes(b"1" * (1 << 24))
    argv = solution(number, tmp_path)
    one_only(room, [*argv[:3], file, *argv[4:]])


def taking_nothing(room: Sandbox, number: str, argv: list[object], at: int,
                   calls: tuple[str, ...] = ("write", "send")
                   ) -> tuple[Process, list[str]]:
    """Run an answer of whose `calls` number `at` takes nothing.

    Return it, and the calls that took nothing: none, if it made fewer.
    """
    log = CallLog(Fault("nothing", at=at, calls=calls))
    if ANSWERS[number][0] == "server":
        process = room.start([*argv[:3], program.__file__, *argv[4:]],
                             env=log.env)
        with closing(peer.Peer.dial(room, "127.0.0.1",
                                    kernel.listening(process),
                                    may_go_on(process))) as client:
            client.say(b"Thank you")
            client.half_close()
            client.hear()
    else:
        process, _ = fetched(room, argv, [], b"4\nfile" if number == "05"
                             else b"file", log)
    process.wait()
    return process, log.struck()


@pytest.mark.answers
@pytest.mark.parametrize("number, at", (  # its file or answer, its thanks
    ("01", 1), ("02", 1), ("03", 1), ("03", 2), ("04", 1), ("05", 1),
    ("05", 2)))
def test_a_solution_does_not_spin_where_a_write_takes_nothing(
        room, number, at, tmp_path):
    process, struck = taking_nothing(room, number, solution(number, tmp_path),
                                     at)
    assert str(process.exit) == "exit 1" and struck == ["write"]
    assert process.stderr.decode().endswith(
        "only 0 of 30 bytes went\n" if number == "01" else
        ": nothing was taken\n")


# They call neither write nor send by that name.
UNSTRUCK = ("stdio", "streams", "all-in-memory", "asynchronous", "splice",
            "vectors")


@pytest.mark.answers
@pytest.mark.parametrize("source", [
    pytest.param(source, id=f"{source.parent.name[:2]}-{source.stem}")
    for source in sorted((program.ROOT / "tests" / "right").glob("*/*.c"))
    if source.stem not in UNSTRUCK])
def test_a_right_answer_does_not_spin_where_a_write_takes_nothing(
        room, source, tmp_path):
    number = source.parent.name[:2]
    argv = answer(number, source, tmp_path)
    calls = ("sendfile",) if source.stem == "sendfile" else ("write", "send")
    for at in (1, 2, 3):
        process, struck = taking_nothing(room, number, argv, at, calls)
        assert str(process.exit) == ("exit 1" if struck else "exit 0"), \
            (at, process.stderr)
        if not struck:
            assert at > 1
            return


@pytest.mark.answers
@pytest.mark.parametrize("number", ("02", "03", "05"))
@pytest.mark.parametrize("closed", (0, 1, 2))
def test_a_solution_without_an_output_does_not_speak_to_the_server(
        room, number, closed, tmp_path):
    argv = solution(number, tmp_path / "no")  # trouble, for a client
    process, heard = fetched(room, argv, without(closed),
                             b"4\nfile" if number == "05" else b"file")
    assert (str(process.wait()), heard) == ("exit 1", b"")
