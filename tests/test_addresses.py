"""Chapter 05, and what stands on it: addresses, names and command lines."""

from __future__ import annotations

import errno
import socket
from contextlib import closing, suppress

import pytest

from expectations import both_done, sentence
import plain_sockets
from lab import kernel, program
from lab.meeting import peer
from lab.calls import CallLog, Fault
from lab.chapters import serving_one
from lab.meeting import EOF
from lab.meeting.pair import PairMeeting
from lab.sandbox import Sandbox
from parameters import BAD_PORTS, chapters, each_side

NUMBERS = serving_one("05")
FILE = b"To be sent.\n"

each_chapter = chapters(*NUMBERS)


# --- names and addresses ---------------------------------------------------

@each_chapter
@pytest.mark.parametrize("host", ("::1", "localhost"))
def test_the_pair_meets_by_ipv6_and_by_name(pair, host):
    server = pair.serve(FILE, host=host)
    line = server.until(lambda: server.stdout)
    assert line == f"listening on {host} {pair.port}\n"
    both_done(pair, server, pair.fetch(pair.port, host=host), FILE)


@each_chapter
def test_a_server_on_one_address_listens_on_that_alone(pair):
    server = pair.serve(FILE, host="::1")
    with pair.room.socket() as someone:
        with pytest.raises(ConnectionRefusedError):
            someone.connect(("127.0.0.1", pair.port))
    with pair.room.socket(socket.AF_INET6) as client:
        client.settimeout(peer.BOUND)
        client.connect(("::1", pair.port))
        assert plain_sockets.hear(client).end == EOF
        client.sendall(pair.pair.thanks(len(FILE)))
    assert str(server.ends()) == "exit 0", server.stderr


TWO = "::1 two.example\n127.0.0.1 two.example\n"
WITH_HOSTS = ["unshare", "-Urm", "sh", "-c",
              'mount --bind hosts /etc/hosts && exec "$@"', "sh"]


@pytest.mark.namespaces
@each_chapter
def test_every_address_of_a_name_is_tried(pair):
    (pair.files / "hosts").write_text(TWO)
    for host in ("127.0.0.1", "::1"):
        pair.copy.unlink(missing_ok=True)
        server = pair.serve(FILE, host=host)
        client = pair.fetch(pair.port, host="two.example", before=WITH_HOSTS)
        both_done(pair, server, client, FILE)


@pytest.mark.namespaces
@each_chapter
def test_a_server_does_not_settle_beside_another_one(pair):
    """Its clients would be given the other one's file."""
    (pair.files / "hosts").write_text(TWO)
    with pair.room.socket(socket.AF_INET6) as taken:
        taken.bind(("::1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with suppress(kernel.DidNotListen):
            pair.serve(FILE, host="two.example", port=port,
                        before=WITH_HOSTS)
        assert sentence(pair.programs[-1]) == \
            f"server: bind two.example {port}: Address already in use\n"


@pytest.mark.namespaces
@each_chapter
@pytest.mark.parametrize("fault", (
    Fault("EADDRNOTAVAIL", at=1, calls=("bind",)),
    Fault("EAFNOSUPPORT", at=1, calls=("socket",))), ids=lambda f: f.kind)
def test_a_server_goes_on_where_its_machine_has_no_such_address(pair, fault):
    (pair.files / "hosts").write_text(TWO)
    shell = WITH_HOSTS[:-2] + [
        'mount --bind hosts /etc/hosts && LD_PRELOAD=$PRELOAD exec "$@"', "sh"]
    log = CallLog(fault)
    env = {**log.env, "PRELOAD": log.env["LD_PRELOAD"]}
    del env["LD_PRELOAD"]  # not into the shell
    server = pair.room.start(
        [*shell, *words(pair, "server", "two.example",
                        file=program.__file__)], cwd=pair.files, env=env)
    port = kernel.listening(server)
    assert log.struck() == list(fault.calls)
    with plain_sockets.dial(pair.room, port):  # at 127.0.0.1, the second
        pass


@each_chapter
@pytest.mark.parametrize("why", ("EPROTO", "EHOSTUNREACH"))
def test_a_client_that_was_lost_before_it_was_accepted_is_passed_over(
        pair, why):
    server = pair.serve(FILE, fault=Fault(why, at=1, calls=("accept",)))
    both_done(pair, server, pair.fetch(pair.port), FILE)
    assert server.log.struck() == ["accept"]


@each_chapter
def test_a_second_client_is_refused_at_once(pair):
    pair.serve(FILE)
    with closing(pair.dial_server()) as first:
        assert first.hear().end == EOF
        with pytest.raises(ConnectionRefusedError):
            pair.dial_server()


@pytest.mark.namespaces
@each_chapter
def test_when_no_address_of_a_name_answers_the_last_error_is_told(pair):
    (pair.files / "hosts").write_text(TWO)
    with pair.room.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        client = pair.fetch(port, host="two.example", before=WITH_HOSTS)
        assert sentence(client) == \
            f"client: connect two.example {port}: Connection refused\n"
    assert not pair.copy.exists()


def time_wait(room: Sandbox, port: int) -> bool:
    """Whether the server's end of a connection is in TIME_WAIT."""
    table = room.start(["cat", "/proc/net/tcp"])
    table.wait()
    return any(row.split()[3] == "06" and row.split()[1].endswith(
        f":{port:04X}") for row in table.stdout.decode().splitlines()[1:])


@each_chapter
def test_the_server_can_start_again_at_once_on_the_same_port(pair):
    both_done(pair, pair.serve(FILE), pair.fetch(pair.port), FILE)
    assert time_wait(pair.room, pair.port)
    with pair.room.socket() as plain:
        with pytest.raises(OSError) as caught:
            plain.bind(("127.0.0.1", pair.port))
        assert caught.value.errno == errno.EADDRINUSE
    port = pair.port
    pair.copy.unlink()
    server = pair.serve(FILE, port=port)
    assert pair.port == port
    both_done(pair, server, pair.fetch(port), FILE)


# --- the command line ------------------------------------------------------

def words(pair: PairMeeting, side: str, host: object = "127.0.0.1",
          port: object = 0, file: object = "/dev/null") -> list[object]:
    """Return a command line that would do, with some words changed."""
    return [program.build(pair.pair.folder / f"{side}.c"), host, port, file]


@each_chapter
@each_side
def test_a_wrong_command_line_is_a_sentence_and_2(pair, side):
    argv = words(pair, side)
    usage = f"usage: {side} HOST PORT FILE" + (
        " [SECONDS]\n" if pair.pair.patient else "\n")
    for count in (1, 2, 3, 6):
        process = pair.start([*argv, 5, "more"][:count])
        assert str(process.ends()) == "exit 2"
        assert process.stderr == usage
    for port in BAD_PORTS:
        process = pair.start(words(pair, side, port=port))
        assert sentence(process, 2) == \
            f"{side}: port '{port}': not a number from 0 to 65535\n"
        assert process.stdout == ""


@each_chapter
@each_side
def test_a_host_without_an_address_is_trouble(pair, side):
    for host in ("127.0.0.1.1", "256.0.0.1", "", "::1::", "[::1]"):
        process = pair.start(words(pair, side, host=host))
        assert sentence(process).startswith(f"{side}: host '{host}': ")
        assert process.stdout == ""


@each_chapter
def test_trouble_with_a_servers_file_or_address_is_told(pair):
    for file, why in ((pair.files / "no", "No such file or directory"),
                      (pair.files, "Is a directory")):
        process = pair.start(words(pair, "server", file=file))
        assert sentence(process) == f"server: open {file}: {why}\n"
    pair.original.write_bytes(FILE)
    with pair.room.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = pair.start(words(pair, "server", port=port,
                                   file=pair.original))
        assert sentence(process) == \
            f"server: bind 127.0.0.1 {port}: Address already in use\n"
    process = pair.start(words(pair, "server", host="192.0.2.1",
                               file=pair.original))
    assert sentence(process) == \
        "server: bind 192.0.2.1 0: Cannot assign requested address\n"
