"""A wrong command line is a sentence and 2; trouble is a sentence and 1."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from lab import kernel, program, scenario
from lab.sandbox import Sandbox

NUMBERS = ("01", "02", "03", "04")
each_chapter = pytest.mark.parametrize(
    "number", [pytest.param(n, marks=pytest.mark.chapter(n)) for n in NUMBERS])
each_side = pytest.mark.parametrize("side", ("server", "client"))

BAD_PORTS = ("http5", "65536", "-1", "", "50 00", "9" * 20, "+80", "0x50",
             "80 ", " 80", "1e3")


def words(number: str, side: str, host: object = "127.0.0.1",
          port: object = 0, file: object = "/dev/null") -> list[object]:
    """Return a command line that would do, with some words changed."""
    folder = program.chapter(number)
    extra = scenario.ways(folder)[0].extra if side == "server" else ()
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


@each_chapter
def test_a_full_disk_is_trouble(room, number):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    folder = program.chapter(number)
    server = room.start(words("03", "server", file=program.__file__))
    client = room.start([program.build(folder / "client.c"), "127.0.0.1",
                         kernel.listening(server), "/dev/full"])
    assert str(client.wait()) == "exit 1"
    assert client.stderr == b"client: write /dev/full: " \
                            b"No space left on device\n"


@each_chapter
@each_side
def test_an_output_that_nobody_can_take_is_not_a_success(room, number, side):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    server = words(number, "server", file=program.__file__)
    if side == "server":
        process = room.start(["sh", "-c", 'exec "$@" >/dev/full', "sh",
                              *server])
    else:
        port = kernel.listening(room.start(words(
            "03", "server", file=program.__file__)))
        process = room.start(["sh", "-c", 'exec "$@" >/dev/full', "sh",
                              *words(number, "client", port=port,
                                     file=os.devnull)])
    assert str(process.wait()) == "exit 1"
    assert process.stderr == (f"{side}: standard output: "
                              "No space left on device\n").encode()
