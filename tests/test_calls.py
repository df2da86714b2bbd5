"""The recorder: which calls a fault strikes, and what it lets be."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from lab import calls, kernel, program
from lab.calls import CallLog, Fault
from lab.ladder.steps import steps
from lab.sandbox import Process

HEAD = """
#define _GNU_SOURCE
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <aio.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
"""
DIAL = """
static int dial(const char *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(port)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    return connect(s, (struct sockaddr *)&to, sizeof to) == 0 ? s : -1;
}
"""


def built(folder: Path, body: str, before: str = "",
          flags: tuple[str, ...] = ()) -> Path:
    """Compile a main() of this body."""
    source = Path(tempfile.mkdtemp(dir=folder)) / "client.c"
    source.write_text(f"{HEAD}{DIAL}{before}\nint main(int argc, char **argv)"
                      f"\n{{ (void)argc; (void)argv; {body} return 0; }}\n")
    return program.build(source, flags, ours=False)


@pytest.fixture
def run(room, listener, tmp_path):
    """Runs a main() whose calls may suffer a fault; argv[1] is our port."""
    def start(body: str, fault: Fault | None = None, before: str = "",
              flags: tuple[str, ...] = ()) -> tuple[Process, CallLog]:
        log = CallLog(fault)
        return room.start([built(tmp_path, body, before, flags),
                           listener.getsockname()[1]], cwd=tmp_path,
                          env=log.env), log
    return start


def test_an_unnamed_file_has_the_mode_that_was_asked_for(run):
    process, _ = run("""
        struct stat st;
        umask(022);
        int fd = open(".", O_TMPFILE | O_WRONLY, 0640);
        if (fd == -1 || fstat(fd, &st) == -1) return 1;
        printf("%o", st.st_mode & 0777);""")
    assert str(process.wait()) == "exit 0"
    assert process.stdout == b"640"


def test_what_can_not_be_short_is_not(run):
    """An eventfd takes its eight bytes or none (eventfd(2))."""
    process, log = run("""
        uint64_t n = 1; int fd = eventfd(0, 0);
        if (write(fd, &n, sizeof n) != sizeof n) return 1;
        if (read(fd, &n, sizeof n) != sizeof n) return 2;
        fd = open("file", O_CREAT | O_RDWR, 0600);
        if (write(fd, "two", 3) != 1) return 3;""",
                       Fault("short", percent=100))
    assert str(process.wait()) == "exit 0"
    assert log.struck() == ["write"]


PATIENT = 'char c; int s = dial(argv[1]); '
NEVER_WAITS = {
    "a non-blocking read": """
        fcntl(s, F_SETFL, O_NONBLOCK);
        while (read(s, &c, 1) == -1) if (errno != EAGAIN) return 1;""",
    "a recv with MSG_DONTWAIT": """
        while (recv(s, &c, 1, MSG_DONTWAIT) == -1)
            if (errno != EAGAIN) return 1;""",
    "a poll with no patience": """
        struct pollfd p = {s, POLLIN, 0};
        for (int n; (n = poll(&p, 1, 0)) != 1;) if (n == -1) return 1;"""}


@pytest.mark.parametrize("body", NEVER_WAITS.values(), ids=NEVER_WAITS)
def test_no_signal_comes_in_a_call_that_never_waits(run, listener, body):
    process, log = run(PATIENT + body, Fault(
        "EINTR", percent=100, calls=("read", "recv", "write", "poll")))
    ours = listener.accept()[0]
    ours.send(b"x")
    assert str(process.wait()) == "exit 0"
    assert log.struck() == []
    assert set(log.spared()) <= {"read", "recv"}
    ours.close()


@pytest.mark.parametrize("body,struck", (
    ("read(s, &c, 1)", "read"), ("recv(s, &c, 1, 0)", "recv"),
    ("recvfrom(s, &c, 1, 0, NULL, NULL)", "recv"),
    ("readv(s, &(struct iovec){&c, 1}, 1)", "read"),
    ("sendto(s, &c, 1, 0, NULL, 0)", "send"),
    ("sendmsg(s, &(struct msghdr){.msg_iov = &(struct iovec){&c, 1}, "
     ".msg_iovlen = 1}, 0)", "send"),
    ("poll(&(struct pollfd){s, POLLIN, 0}, 1, -1)", "poll")))
def test_a_signal_comes_in_a_call_that_may_wait(run, listener, body, struck):
    process, log = run(f"""{PATIENT} c = 'x';
        if ({body} != -1 || errno != EINTR) return 1;""", Fault(
            "EINTR", at=1, calls=("read", "recv", "send", "poll")))
    ours = listener.accept()[0]
    assert str(process.wait()) == "exit 0"
    assert log.struck() == [struck] and log.spared() == []
    ours.close()


def test_the_first_calls_of_each_sort_are_struck_with_every_seed(
        run, listener):
    """Even where the chance alone would strike none of them."""
    process, log = run("""
        char c; int s = dial(argv[1]), f = open("f", O_CREAT | O_RDWR, 0600);
        for (int i = 0; i < 4; i++) {
            if ((write(f, "x", 1) == -1) != (i < 3)) return 1;
            if ((write(s, "x", 1) == -1) != (i < 3)) return 2;
            if ((read(s, &c, 1) == -1) != (i < 3)) return 3;
        }""", Fault("EINTR", percent=0, first=3, calls=("read", "write")))
    ours = listener.accept()[0]
    ours.send(b"x")
    assert str(process.wait()) == "exit 0"
    assert log.struck() == 3 * ["write", "write", "read"]
    ours.close()


@pytest.mark.parametrize("why", ("ENOSYS", "EINVAL"))
@pytest.mark.parametrize("call, struck", (
    ("sendfile(s, f, NULL, 4)", "sendfile"),
    ("splice(p[0], NULL, s, NULL, 4, 0)", "splice"),
    ("splice(s, NULL, p[1], NULL, 4, 0)", "splice"),
    ("splice(p[0], NULL, f, NULL, 4, 0)", "splice")))
def test_what_moves_bytes_in_the_kernel_may_not_be_there(
        run, listener, call, struck, why):
    process, log = run(f"""int p[2], s = dial(argv[1]);
        int f = open("four", O_CREAT | O_RDWR | O_TRUNC, 0600);
        if (pipe(p) != 0 || write(f, "four", 4) != 4 ||
            write(p[1], "four", 4) != 4 || lseek(f, 0, SEEK_SET) != 0 ||
            recv(s, &(char){{0}}, 1, MSG_PEEK) != 1)
            return 2;
        return {call} != -1 || errno != {why};""", Fault(
            why, at=1, calls=("sendfile", "splice")))
    with listener.accept()[0] as ours:
        ours.send(b"four")
        assert str(process.wait()) == "exit 0"
    assert log.struck() == [struck]


@pytest.mark.parametrize("call, struck", (
    ("sendfile(s, f, NULL, 4)", ["sendfile"]),
    ("splice(p[0], NULL, s, NULL, 4, SPLICE_F_NONBLOCK)", ["splice"]),
    ("splice(p[0], NULL, f, NULL, 4, SPLICE_F_NONBLOCK)", ["splice"]),
    ("splice(s, NULL, p[1], NULL, 4, SPLICE_F_NONBLOCK)", [])))
def test_a_signal_comes_before_the_kernel_moves_bytes_out(
        run, listener, call, struck):
    """Though nothing waits. Into a pipe it does not come (Linux 6.18)."""
    process, log = run(f"""int p[2], s = dial(argv[1]);
        int f = open("four", O_CREAT | O_RDWR | O_TRUNC, 0600);
        if (pipe(p) != 0 || write(f, "four", 4) != 4 ||
            write(p[1], "four", 4) != 4 || lseek(f, 0, SEEK_SET) != 0 ||
            recv(s, &(char){{0}}, 1, MSG_PEEK) != 1 ||
            fcntl(s, F_SETFL, O_NONBLOCK) == -1)
            return 2;
        return {call} != -1 ? {len(struck)} : errno != EINTR;""", Fault(
            "EINTR", at=1, calls=("sendfile", "splice")))
    with listener.accept()[0] as ours:
        ours.send(b"four")
        assert str(process.wait()) == "exit 0"
    assert (log.struck(), log.spared()) == (
        struck, [] if struck else ["splice"])


def test_a_disk_can_be_full_for_a_splice_into_a_file(run):
    process, log = run("""int p[2];
        int f = open("four", O_CREAT | O_RDWR, 0600);
        if (pipe(p) != 0 || write(p[1], "four", 4) != 4)
            return 2;
        return splice(p[0], NULL, f, NULL, 4, 0) != -1 || errno != ENOSPC;""",
                       Fault("ENOSPC", at=1, calls=("splice",)))
    assert str(process.wait()) == "exit 0"
    assert log.struck() == ["splice"]


def test_a_writev_too_may_find_the_disk_full(run):
    process, log = run("""
        int f = open("f", O_CREAT | O_RDWR, 0600);
        return writev(f, &(struct iovec){"x", 1}, 1) != -1 ||
               errno != ENOSPC;""", Fault("ENOSPC", at=1, calls=("write",)))
    assert str(process.wait()) == "exit 0"
    assert log.struck() == ["write"]


@pytest.mark.parametrize("calls,struck", (
    (("pread",), ["pread"]), (("fsync", "sync"), []),
    (("pread", "read"), ["read"]), (("readahead", "read"), ["read"])))
def test_only_the_calls_that_a_fault_names_are_struck(run, calls, struck):
    """Not one whose name ends as a given one does, or begins so."""
    process, log = run("""
        char c; int f = open("f", O_CREAT | O_RDWR, 0600);
        return read(f, &c, 1) - pread(f, &c, 1, 0) > 1;""",
                       Fault("EIO", at=1, calls=calls))
    assert str(process.wait()) == "exit 0"
    assert log.struck() == struck


# --- what is seen ----------------------------------------------------------

ECHOES = {
    "write": 'read(s, b, 4); write(s, "four", 4);',
    "writev": 'readv(s, &(struct iovec){b, 4}, 1); '
              'writev(s, &(struct iovec){"four", 4}, 1);',
    "sendto": 'recvfrom(s, b, 4, 0, NULL, NULL); '
              'sendto(s, "four", 4, 0, NULL, 0);',
    "sendfile": 'int f = open("four", O_CREAT | O_RDWR, 0600); '
                'recv(s, b, 4, 0); write(f, "four", 4); lseek(f, 0, SEEK_SET);'
                ' sendfile(s, f, NULL, 4);',
    "splice": 'int p[2]; if (pipe(p) == -1) return 1; '
              'splice(s, NULL, p[1], NULL, 4, 0); read(p[0], b, 4); '
              'write(p[1], "four", 4); splice(p[0], NULL, s, NULL, 4, 0);',
    "syscall": 'syscall(SYS_read, s, b, 4); syscall(SYS_write, s, "four", 4);',
    "dprintf": 'read(s, b, 4); dprintf(s, "%s", "four");',
    "stdio": 'FILE *f = fdopen(s, "r"), *g = fdopen(dup(s), "w"); '
             'if (fgets(b, 5, f) == NULL || fileno(f) != s) return 1;'
             ' fputs("four", g); fclose(g); fclose(f);',
    "aio": 'struct aiocb r = {.aio_fildes = s, .aio_buf = b, .aio_nbytes = 4};'
           ' aio_read(&r); while (aio_error(&r) == EINPROGRESS) ; '
           'aio_return(&r); r.aio_buf = "four"; aio_write(&r); '
           'while (aio_error(&r) == EINPROGRESS) ; aio_return(&r);'}
UNSEEN = {
    "libc's own": 'ssize_t (*own)(int, const void *, size_t); '
                  '*(void **)&own = dlsym(dlopen("libc.so.6", RTLD_LAZY), '
                  '"write"); read(s, b, 4); own(s, "four", 4);'}


SERVES_ONE = """
        int l = socket(AF_INET, SOCK_STREAM, 0), s;
        char b[5];
        listen(l, 1);
        s = accept4(l, NULL, NULL, SOCK_CLOEXEC);
        recvmsg(s, &(struct msghdr){.msg_iov = &(struct iovec){b, 4},
                                    .msg_iovlen = 1}, 0);
        sendto(s, "four", 4, 0, NULL, 0);
        close(s);"""


def test_each_call_that_is_written_down_can_be_drawn(run, room):
    process, log = run(SERVES_ONE)
    with room.socket() as ours:
        ours.connect(("127.0.0.1", kernel.listening(process, 10)))
        ours.send(b"four")
        assert str(process.wait()) == "exit 0"
    assert [step.text for step in steps(log.read(), dialled=False)] == [
        "accept4() = conn", "recvmsg(conn) = 4", "sendto(conn, 4) = 4",
        "close(conn)"]


def echoed(run, listener, body: str) -> str:
    """Send four bytes, have four; return what account() has to say."""
    process, log = run(f"char b[5]; int s = dial(argv[1]); {body}", Fault(
        "EINTR", at=99, calls=("read", "write", "send")))
    ours = listener.accept()[0]
    ours.send(b"four")
    came = ours.recv(4, socket.MSG_WAITALL)
    process.wait()
    ours.close()
    return calls.account(log.read(), len(came), 4)


@pytest.mark.parametrize("body", ECHOES.values(), ids=ECHOES)
def test_calls_account_for_what_crossed(run, listener, body):
    assert echoed(run, listener, body) == ""


@pytest.mark.parametrize("body", UNSEEN.values(), ids=UNSEEN)
def test_what_goes_round_the_recorder_is_missed(run, listener, body):
    said = echoed(run, listener, body)
    assert said.startswith("your program's calls can't be seen: it sent 4 "
                           "bytes, and 0 of them through write, send")


TWINS = "note before after strikes failing fails cut spare sort_of".split()


def test_a_program_may_have_functions_of_the_recorders_names(run, listener):
    """Also where others may call them, as in a program that has plugins."""
    process, log = run(f"""{PATIENT}
        return read(s, &c, 1) == -1 && errno == EINTR ? 0 : 1;""",
                       Fault("EINTR", at=1, calls=("read",)),
                       "".join(f"void {name}(void); void {name}(void) "
                               "{ abort(); }\n" for name in TWINS),
                       ("-rdynamic",))
    ours = listener.accept()[0]
    assert str(process.wait()) == "exit 0"
    assert log.struck() == ["read"]
    ours.close()


PREINIT = """
static void first(int argc, char **argv, char **env)
{
    (void)argc; (void)argv;
    for (; *env != NULL; env++)
        if (strncmp(*env, "LAB_FAULT=", 10) == 0)
            (*env)[0] = 'X';
}
__attribute__((section(".preinit_array"), used))
static void (*const begin)(int, char **, char **) = first;
"""


def test_a_fault_that_was_evaded_has_not_struck(run, listener):
    """What runs before the recorder can take the fault away, and is told."""
    for before, struck in (("", ["read"]), (PREINIT, [])):
        process, log = run(f"{PATIENT} read(s, &c, 1);",
                           Fault("EINTR", at=1, calls=("read",)), before)
        ours = listener.accept()[0]
        ours.send(b"x")
        process.wait()
        ours.close()
        assert log.struck() == struck


SHORT = Fault("short", percent=100, calls=("write", "send", "sendfile",
                                           "splice"))
SHORTENED = {
    "writev": "writev(s, (struct iovec[]){{NULL, 0}, {b, 3}}, 2) == 1",
    "sendmsg": "sendmsg(s, &(struct msghdr){.msg_iov = &(struct iovec){b, 3},"
               " .msg_iovlen = 1}, 0) == 1",
    "syscall": "syscall(SYS_write, s, b, 3) == 1",
    "sendfile": "sendfile(s, f, &(off_t){0}, 3) == 1",
    "splice": "splice(p[0], NULL, s, NULL, 3, 0) == 1"}
STDIO = {
    "stdio": 'fputs("two", fdopen(s, "w")) != EOF && fflush(NULL) == 0',
    "dprintf": 'dprintf(s, "two") == 3'}


def tried(run, listener, condition: str, fault: Fault) -> CallLog:
    """Expect that a condition holds in a program that suffers a fault."""
    process, log = run(
        "char b[] = {'t', 'w', 'o'}; int s = dial(argv[1]), p[2]; "
        "int f = open(\"two\", O_CREAT | O_RDWR, 0600); "
        "if (pipe(p) == -1 || pwrite(f, b, 3, 0) != 3 || "
        "syscall(SYS_vmsplice, p[1], &(struct iovec){b, 3}, 1, 0) != 3) "
        f"return 2; return {condition} ? 0 : 1;", fault)
    ours = listener.accept()[0]
    while ours.recv(99):
        pass
    assert str(process.wait()) == "exit 0"
    ours.close()
    return log


@pytest.mark.parametrize("body", SHORTENED.values(), ids=SHORTENED)
def test_all_that_may_be_short_is(run, listener, body):
    assert len(tried(run, listener, body, SHORT).struck()) == 1


def test_a_single_byte_is_spared(run, listener):
    log = tried(run, listener, "write(s, b, 1) == 1", SHORT)
    assert (log.struck(), log.spared()) == ([], ["write"])


@pytest.mark.parametrize("body", STDIO.values(), ids=STDIO)
def test_stdio_goes_on_after_a_short_count_and_meets_no_signal(
        run, listener, body):
    log = tried(run, listener, body, SHORT)
    assert (log.struck(), log.spared()) == (2 * ["write"], ["write"])
    log = tried(run, listener, body, Fault("EINTR", percent=100,
                                           calls=("write",)))
    assert (log.struck(), log.spared()) == ([], ["write"])


# --- what is hidden --------------------------------------------------------

def test_a_program_hands_on_nothing_of_the_recorder(run):
    """Neither its variables nor what is left of their text."""
    process, _ = run("for (char **e = environ; *e != NULL; e++) "
                     "if (strchr(*e, '=') == NULL || "
                     "strncmp(*e, \"LAB\", 3) == 0) printf(\"<%s>\", *e);",
                     Fault("short", percent=100, calls=("write",)))
    assert str(process.wait()) == "exit 0" and process.stdout == b""


def test_a_program_can_not_hide_from_an_ordinary_users_judge(run, listener):
    """In /proc the files of who is undumpable belong to root (proc(5))."""
    process, _ = run("""
        prctl(PR_SET_DUMPABLE, 0);
        printf("%ld", syscall(SYS_prctl, PR_GET_DUMPABLE));
        fflush(stdout);
        char c; int s = dial(argv[1]);
        return read(s, &c, 1) == 1 && prctl(PR_GET_DUMPABLE) == 0 ? 0 : 1;""")
    ours = listener.accept()[0]
    assert process.until(lambda: process.stdout) == b"1"
    assert os.stat(f"/proc/{process.pid}/environ").st_uid == os.getuid()
    assert kernel.connections(process.pid)
    ours.send(b"x")
    assert str(process.wait()) == "exit 0"
    ours.close()


SERVES = """
static void *serve(void *p)
{
    int s = socket(AF_INET, SOCK_STREAM, 0), conn;
    char c;
    listen(s, 1);
    conn = accept(s, NULL, NULL);
    exit(read(conn, &c, 1) == 1 ? 0 : 1);
    return p;
}
"""


def test_a_program_whose_first_thread_ends_is_seen_by_another(run, room):
    process, _ = run("""
        pthread_t thread;
        pthread_create(&thread, NULL, serve, NULL);
        pthread_exit(NULL);""", before=SERVES)
    first = Path(f"/proc/{process.pid}/task/{process.pid}/stat")
    assert process.until(lambda: ") Z " in first.read_text(), 10)
    with room.socket() as ours:
        ours.connect(("127.0.0.1", kernel.listening(process, 10)))
        ours.send(b"x")
        assert str(process.wait()) == "exit 0"
