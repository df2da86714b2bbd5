/*
 * Supervise sandboxes: start programs there, and end with all that was started.
 *
 *     supervisor          its standard input is a socket, SOCK_SEQPACKET
 *
 * Each message there brings a socket of the same kind, and a child is forked,
 * the supervisor of one sandbox, that serves it. Nobody else is to start
 * supervisors: a child has all descriptors of its parent until it executes, and
 * a connection that its owner closes meanwhile stays open.
 *
 * A supervisor answers each message (message.h) with "ERRNO TEXT": ERRNO is 0
 * if what was asked is done. The first message says what kind of a room it is;
 * if the system forbids that, the supervisor ends. enclosure.h says what walls
 * are.
 *
 *     private | crowded | shared | walls WALLS
 *
 * Those that follow, with the descriptors that come with them or go back:
 *
 *     start CWD ARGV ENV PLACES OUTPUT
 *                    + stdin, stdout, stderr, status     TEXT is its pid here
 *     signal PID NUMBER                                  PID as it is here
 *     socket FAMILY TYPE PROTOCOL                        + the socket
 *     link UP                                            1 or 0
 *     sysctl NAME VALUE                                  NAME is of net.ipv4
 *     disk AT SIZE KEEP                                  bytes; 1 or 0
 *     clear
 *
 * An answer bears the credentials of the program that was started, else ours:
 * so its reader learns the pid that it has on his side (unix(7)). How a program
 * ended is written to its status descriptor, an int as waitpid(2) gives it.
 * When the other end hangs up, or goes, the supervisor ends all, then itself.
 *
 * It is a C program because each room needs two of its processes, and a fork
 * copies, page by page, what a process uses: an interpreter would cost ten
 * times as much.
 */
#define _GNU_SOURCE

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "children.h"
#include "disk.h"
#include "enclosure.h"
#include "message.h"
#include "namespaces.h"

#define CONTROL STDIN_FILENO
#define MOST_FDS 4

static bool alone;                /* we are the first of a pid namespace */
static const struct walls *walls; /* or NULL */

struct request {
    struct message fields;
    int fds[MOST_FDS];
    int nfds;
};

/* Wait for a message; return false when nobody can send one any more. */
static bool
receive(struct request *r, char *text, size_t size)
{
    _Alignas(struct cmsghdr) char control[256];
    struct iovec whole = {text, size};
    struct msghdr h = {.msg_iov = &whole,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(CONTROL, &h, MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&h) : NULL;

    if (n <= 0)
        return false;
    if (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
        errx(1, "a message was cut short");
    r->fields = (struct message){text, text + n};
    r->nfds = 0;
    if (c != NULL && c->cmsg_type == SCM_RIGHTS) {
        r->nfds = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        if (r->nfds > MOST_FDS)
            errx(1, "too many descriptors");
        memcpy(r->fds, CMSG_DATA(c), (size_t)r->nfds * sizeof(int));
    }
    return true;
}

/* Answer: with a descriptor if `fd` isn't -1, for a program if `pid` isn't 0.
   Nobody may speak for another without a namespace of his own. */
static void
answer(int error, const char *what, int fd, pid_t pid)
{
    struct ucred program = {pid, getuid(), getgid()};
    bool speaks = pid != 0 && alone;
    const void *data = speaks ? (const void *)&program : &fd;
    unsigned size = speaks ? sizeof(program) : sizeof(fd);
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(program))] = {0};
    struct cmsghdr *c = (struct cmsghdr *)(void *)control;
    char text[1024];
    int n = snprintf(text, sizeof(text), "%d %s", error, what);
    struct iovec whole = {text, (size_t)n};
    struct msghdr h = {.msg_iov = &whole, .msg_iovlen = 1};

    if (speaks || fd != -1) {
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = speaks ? SCM_CREDENTIALS : SCM_RIGHTS;
        c->cmsg_len = (socklen_t)CMSG_LEN(size);
        memcpy(CMSG_DATA(c), data, size);
        h.msg_control = control;
        h.msg_controllen = (socklen_t)CMSG_SPACE(size);
    }
    if (sendmsg(CONTROL, &h, MSG_NOSIGNAL) == -1 && errno != EPIPE &&
        errno != ECONNRESET) /* else there is nobody to tell */
        err(1, "an answer");
}

/* Answer that it is done, or why not. */
static void
say(int result)
{
    if (result == -1)
        answer(errno, trouble(), -1, 0);
    else
        answer(0, "", -1, 0);
}

static void
serve_start(struct request *r)
{
    struct message *m = &r->fields;
    struct program p;
    char text[16];
    pid_t pid;

    if (r->nfds != MOST_FDS)
        errx(1, "start: %d descriptors", r->nfds);
    p.cwd = field(m);
    p.argv = list(m);
    p.env = list(m);
    memcpy(p.stdio, r->fds, sizeof(p.stdio));
    p.status = r->fds[3];
    p.view.places = list(m);
    p.view.output = number(m);
    pid = start(&p, walls);
    if (pid == -1) {
        say(-1);
    } else {
        snprintf(text, sizeof(text), "%d", (int)pid);
        answer(0, text, -1, pid);
    }
    free(p.argv);
    free(p.env);
    free(p.view.places);
}

static void
serve_socket(struct message *m)
{
    int family = (int)number(m), type = (int)number(m);
    int fd = socket(family, type | SOCK_CLOEXEC, (int)number(m));

    if (fd == -1) {
        say(refused());
    } else {
        answer(0, "", fd, 0);
        close(fd);
    }
}

static void
serve_sysctl(struct message *m)
{
    char path[256];
    const char *name = field(m);

    snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", name);
    say(set(path, field(m)));
}

static void
serve(struct request *r)
{
    struct message *m = &r->fields;
    const char *what = field(m), *at, *size;
    pid_t pid;

    if (strcmp(what, "start") == 0) {
        serve_start(r);
    } else if (strcmp(what, "signal") == 0) {
        pid = (pid_t)number(m);
        say(notify(pid, (int)number(m)));
    } else if (strcmp(what, "socket") == 0) {
        serve_socket(m);
    } else if (strcmp(what, "link") == 0) {
        say(set_loopback(number(m)));
    } else if (strcmp(what, "sysctl") == 0) {
        serve_sysctl(m);
    } else if (strcmp(what, "disk") == 0) {
        at = field(m);
        size = field(m);
        say(put_disk(at, size, number(m)));
    } else if (strcmp(what, "clear") == 0) {
        kill_all(alone);
        say(0);
    } else {
        errx(1, "no such request: %s", what);
    }
}

/* Serve until the other end is gone. */
static void
serve_all(int ended)
{
    struct pollfd ready[] = {{CONTROL, POLLIN, 0}, {ended, POLLIN, 0}};
    static char text[1 << 18];
    struct signalfd_siginfo told;
    struct request r;

    for (;;) {
        if (poll(ready, 2, -1) == -1)
            err(1, "poll");
        if (ready[1].revents && read(ended, &told, sizeof(told)) > 0)
            reap();
        if (!ready[0].revents)
            continue;
        if (!receive(&r, text, sizeof(text)))
            return;
        serve(&r);
        while (r.nfds > 0)
            close(r.fds[--r.nfds]);
    }
}

/* Outside, wait until the first process has ended, or the other end is gone.
   Who is inside may be able to hold up that process, but not us. */
static void
look_after(pid_t first, int ended)
{
    struct pollfd ready[] = {{CONTROL, POLLRDHUP, 0}, {ended, POLLIN, 0}};

    if (poll(ready, 2, -1) == -1 || ready[0].revents)
        kill(first, SIGKILL); /* and all that are inside with it */
    waitpid(first, NULL, 0);
    exit(0);
}

/* Be the first process of the pid namespace that was made: its child. */
static void
go_inside(int ended)
{
    pid_t first = fork();

    if (first == -1)
        err(1, "fork");
    if (first != 0)
        look_after(first, ended);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    alone = true;
}

static int
make_private(bool crowded)
{
    const int flags = CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS;
    bool root = getuid() == 0;

    if (make_namespaces(CLONE_NEWUSER | flags, crowded) == 0)
        return 0;
    return root ? make_namespaces(flags, crowded) : -1;
}

/* Make the room that is asked for: 0, or -1 with errno and trouble(). */
static int
enter(const char *kind, int ended)
{
    bool shared = strcmp(kind, "shared") == 0;
    bool crowded = strcmp(kind, "crowded") == 0;

    if (!shared && (walls ? enter_walls(walls) : make_private(crowded)) == -1)
        return -1;
    if (walls ? walls->namespaces & CLONE_NEWPID : !shared)
        go_inside(ended);
    else
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    /* A container hides parts of /proc: then the outer one must do. */
    if (walls ? walls->namespaces & CLONE_NEWNS : !shared)
        own_proc();
    return walls ? furnish(walls) : 0;
}

/* Programs may send us what would end us; of a child's end we hear by a
   descriptor, which is returned. */
static int
heed_no_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t ended;
    int i, fd;

    for (i = 1; i < NSIG; i++)
        sigaction(i, i == SIGCHLD ? &usual : &ignore, NULL);
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    sigprocmask(SIG_SETMASK, &ended, NULL);
    fd = signalfd(-1, &ended, SFD_CLOEXEC);
    if (fd == -1)
        err(1, "signalfd");
    return fd;
}

/* However we end, nothing is left of a shared room. */
static void
leave(void)
{
    if (!alone)
        kill_all(alone);
}

/* Be the supervisor of one sandbox. */
static void
supervise(void)
{
    static char text[1 << 16]; /* the walls' words stay in it */
    struct walls described;
    struct request first;
    const char *kind;
    int ended = heed_no_signals(), entered;

    if (!receive(&first, text, sizeof(text)))
        return;
    kind = field(&first.fields);
    if (strcmp(kind, "walls") == 0) {
        described = read_walls(&first.fields);
        walls = &described;
    }
    entered = enter(kind, ended);
    say(entered);
    if (entered == -1)
        return;
    atexit(leave);
    serve_all(ended);
}

/* Be the supervisor of one sandbox if the child of a fork(2), else tell whoever
   wants one why there is none. */
static bool
is_supervisor(int control)
{
    pid_t pid = fork();
    char text[128];

    if (pid == -1) {
        snprintf(text, sizeof(text), "%d fork: %s", errno, strerror(errno));
        send(control, text, strlen(text), MSG_NOSIGNAL);
    }
    return pid == 0;
}

int
main(void)
{
    char text[16];
    struct request r;

    signal(SIGINT, SIG_IGN);  /* Ctrl-C: we go with who started us */
    signal(SIGCHLD, SIG_IGN); /* no supervisor is a zombie */
    while (receive(&r, text, sizeof(text))) {
        if (r.nfds == 1 && is_supervisor(r.fds[0])) {
            dup2(r.fds[0], CONTROL);
            close(r.fds[0]);
            supervise();
            return 0;
        }
        while (r.nfds > 0) /* where there was no fork it sees EOF */
            close(r.fds[--r.nfds]);
    }
    return 0;
}
