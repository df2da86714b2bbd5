/*
 * Offer a file to a crowd of clients, as fast as the machine can send it.
 *
 *     server HOST PORT FILE [SECONDS]
 *
 * New here: the file's bytes never come to us. sendfile(2) has the kernel send
 * them from where it keeps the file. They go out as they are when they leave,
 * so whoever overwrites FILE changes what clients get, and no length tells.
 * Where sendfile(2) can't be had, pread(2) and write(2) do the same.
 *
 * Over the wire: the length in decimal digits and a newline, the bytes of FILE,
 * then FIN. Back come "Thank you ", the length and a newline, then FIN.
 * Exit status: 0 stopped by a signal, 1 trouble, 2 wrong command line.
 * Linux only: epoll(7), sendfile(2). See also: pread(2).
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64 /* files beyond 2 GiB where a long has 32 bits */

#ifndef __linux__
#error "epoll(7) is Linux's: the notes of this chapter say what others have"
#endif

#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/deadline.h"
#include "../common/limit.h"
#include "../common/net.h"
#include "../common/offer.h"
#include "../common/stop.h"

enum { CHUNK = 65536, TURN = 1 << 24, RECEIPT = 48, EVENTS = 256 };

enum state {
    SENDING,     /* the file goes out */
    HALF_CLOSED, /* and our FIN: the receipt and the client's are to come */
    OVER
};

struct client {
    struct client *older, *newer; /* in the order in which they came */
    struct deadline limit;
    intmax_t size;         /* bytes of FILE, as announced to it */
    intmax_t sent, heard;  /* bytes of FILE, and of whatever it says */
    char receipt[RECEIPT]; /* the first of these */
    char name[CLIENT_NAME];
    int conn;
    uint32_t watched; /* the events that epoll is to tell us of */
    enum state state;
    bool got_fin; /* it has said all it had to say */
};

static struct client all = {.older = &all, .newer = &all}; /* all.newer is the
                              oldest client, whose time is up first */
static char chunk[CHUNK]; /* one for all: no client's bytes wait in it */
static int epoll, listener, file;
static const char *path;
static bool resting; /* the listener: there is no descriptor for a client */

/* Have epoll tell of some events of a descriptor. -1 and errno. */
static int
watch(int operation, int fd, uint32_t events, struct client *c)
{
    struct epoll_event event = {.events = events, .data.ptr = c};

    return epoll_ctl(epoll, operation, fd, &event);
}

/* Let the listener rest: epoll would say again and again that clients wait. */
static void
rest(bool now)
{
    resting = now;
    if (watch(EPOLL_CTL_MOD, listener, now ? 0 : EPOLLIN, NULL) == -1)
        err(1, "epoll_ctl");
}

static void
drop(struct client *c)
{
    c->older->newer = c->newer;
    c->newer->older = c->older;
    watch(EPOLL_CTL_DEL, c->conn, 0, NULL); /* if a child has a copy, close(2)
                                               would not make epoll forget it */
    close(c->conn);
    free(c);
    if (resting)
        rest(false); /* there is a descriptor now */
}

/* End in a RST: after a FIN, what went might pass for the whole. */
static void
end_in_reset(struct client *c)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};

    if (setsockopt(c->conn, SOL_SOCKET, SO_LINGER, &none, sizeof none) == -1)
        warn("%s: setsockopt", c->name);
    c->state = OVER;
}

/* Send some of FILE. Bytes that went, 0 if it ends here, or -1 and errno. */
static ssize_t
send_piece(const struct client *c, size_t most)
{
    static bool plain;  /* sendfile is not there, or not for this file */
    off_t at = c->sent; /* no offset is shared */
    ssize_t n;

    if (!plain) {
        n = sendfile(c->conn, file, &at, most);
        if (n != -1 || (errno != EINVAL && errno != ENOSYS))
            return n;
        plain = true;
    }
    n = pread(file, chunk, most < CHUNK ? most : CHUNK, c->sent);
    if (n > 0 && (n = write(c->conn, chunk, (size_t)n)) == 0) {
        errno = EIO; /* to ask again would be to ask for ever */
        return -1;
    }
    return n;
}

static void
send_some(struct client *c)
{
    intmax_t left = c->size - c->sent;
    size_t most = left < TURN ? (size_t)left : TURN; /* then others' turn */
    ssize_t n = left > 0 ? send_piece(c, most)
                         : pread(file, chunk, 1, c->sent); /* has it grown? */

    if (n > 0 && left > 0) {
        c->sent += n;
    } else if (n == 0 && left == 0) {
        if (shutdown(c->conn, SHUT_WR) == -1 && /* sends FIN; it reads EOF */
            errno != ENOTCONN) /* it has gone; our read says how */
            warn("%s: shutdown", c->name);
        c->state = HALF_CLOSED;
    } else if (n != -1 || (errno != EAGAIN && errno != EINTR)) {
        if (n == -1)
            warn("%s: %s %s", c->name, left > 0 ? "send" : "read", path);
        else
            warnx("%s: read %s: it has %s than %jd bytes now", c->name, path,
                  n == 0 ? "less" : "more", c->size);
        end_in_reset(c);
    }
}

/* Read what it says; after our FIN that is all that is left to do. */
static void
hear(struct client *c)
{
    ssize_t n = read_some(c->conn, chunk, sizeof chunk);

    if (n == -1 && errno == EAGAIN)
        return;
    if (n == -1) {
        warn("%s: read", c->name);
        c->state = OVER;
        return;
    }
    for (ssize_t i = 0; i < n && c->heard + i < RECEIPT; i++)
        c->receipt[c->heard + i] = chunk[i];
    c->heard += n;
    c->got_fin = n == 0;
}

/* Both sides have ended: was it the right receipt? */
static void
judge(struct client *c)
{
    char receipt[RECEIPT];
    int length = snprintf(receipt, sizeof receipt, "Thank you %jd\n", c->size);

    if (c->heard == 0)
        warnx("%s: no thanks", c->name);
    else if (c->heard != length || memcmp(c->receipt, receipt, (size_t)length))
        warnx("%s: no receipt for %jd bytes", c->name, c->size);
    else
        printf("Message from client: %s", receipt);
    c->state = OVER;
}

/* One step of a conversation, now that epoll has told of events. */
static void
proceed(struct client *c, uint32_t events)
{
    uint32_t wanted;

    if (events & ~(uint32_t)EPOLLOUT) /* bytes, FIN, RST: the read says which */
        hear(c);
    if (c->state == SENDING && events & EPOLLOUT)
        send_some(c);
    if (c->state == HALF_CLOSED && c->got_fin)
        judge(c);
    if (c->state == OVER) {
        drop(c);
        return;
    }
    wanted = (c->got_fin ? 0 : EPOLLIN) | (c->state == SENDING ? EPOLLOUT : 0);
    if (wanted != c->watched && watch(EPOLL_CTL_MOD, c->conn, wanted, c) == -1)
        err(1, "epoll_ctl");
    c->watched = wanted;
}

/* Take a client; without room for it, it goes on waiting at the listener. */
static void
take_client(double patience)
{
    struct client *c = calloc(1, sizeof *c);
    struct stat st;
    char line[32];
    size_t length;

    if (c == NULL || (c->conn = accept_named(listener, c->name)) == -1) {
        if (errno != EAGAIN) { /* that would be one who has gone again */
            warn("accept a client");
            rest(true);
        }
        free(c);
        return;
    }
    nonblocking(c->conn);
    c->limit = deadline_in(patience);
    c->older = all.older; /* behind the newest, who came before it */
    c->newer = &all;
    c->older->newer = c->newer->older = c;
    if (fstat(file, &st) == -1)
        err(1, "fstat %s", path);
    c->size = st.st_size;
    c->watched = EPOLLIN | EPOLLOUT;
    length = (size_t)snprintf(line, sizeof line, "%jd\n", c->size);
    if (watch(EPOLL_CTL_ADD, c->conn, c->watched, c) == -1)
        warn("%s: epoll_ctl", c->name);
    else if (write_all(c->conn, line, length) < length) /* there is room, yet */
        warn("%s: write", c->name);
    else
        return;
    drop(c);
}

/* Wait for events, the next deadline or a signal; go on with what has come. */
static void
turn(double patience, const sigset_t *signals)
{
    struct epoll_event events[EVENTS];
    int n, wait = resting ? 1000 : -1; /* others may have a descriptor then */

    if (all.newer != &all)
        wait = milliseconds_left(all.newer->limit);
    n = epoll_pwait(epoll, events, EVENTS, wait, signals);
    if (n == -1 && errno != EINTR)
        err(1, "epoll_pwait");
    if (resting && all.newer == &all)
        rest(false);
    for (int i = 0; i < n; i++)
        if (events[i].data.ptr == NULL)
            take_client(patience);
        else
            proceed(events[i].data.ptr, events[i].events);
    for (struct client *c; (c = all.newer) != &all && passed(c->limit); drop(c))
        warnx("%s: gave up after %g seconds: sent %jd of %jd bytes, heard %jd",
              c->name, patience, c->sent, c->size, c->heard);
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    double patience;
    intmax_t size;
    sigset_t signals;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: server HOST PORT FILE [SECONDS]\n");
        return 2;
    }
    patience = seconds(argc == 5 ? argv[4] : "10");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* EPIPE tells us, and we live */
        err(1, "signal");
    whole_lines();
    where = addresses(argv[1], argv[2]);
    path = argv[3];
    file = open_file(path, &size);
    signals = hold_signals();
    listener = listen_on(where, argv[1], argv[2]);
    freeaddrinfo(where);
    raise_limit();
    nonblocking(listener);
    epoll = epoll_create1(0);
    if (listen(listener, SOMAXCONN) == -1) /* 5 were not many for a crowd */
        err(1, "listen on %s %s", argv[1], argv[2]);
    if (epoll == -1 || watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL) == -1)
        err(1, "epoll");

    while (!stop_asked())
        turn(patience, &signals);
    watch(EPOLL_CTL_DEL, listener, 0, NULL);
    if (shutdown(listener, SHUT_RD) == -1) /* no copy listens on (Linux) */
        err(1, "shutdown the listener");
    close(listener);
    resting = false;          /* for good */
    while (all.newer != &all) /* let them end: each has its deadline */
        turn(patience, &signals);
    return 0;
}
