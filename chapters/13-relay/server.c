/*
 * Offer a file to a crowd of clients, all at the same time, in one process.
 *
 *     server HOST PORT FILE [SECONDS]
 *
 * New here: nothing waits for one client. Each is a record with a state; epoll
 * says whose connection can go on, and that conversation goes one step further.
 * What a client says is read while the file still goes out, so that two who
 * talk before they listen do not lock up.
 *
 * Over the wire: the length in decimal digits and a newline, the bytes of FILE,
 * then FIN. Back come "Thank you ", the length and a newline, then FIN.
 * Exit status: 0 stopped by a signal, 1 trouble, 2 wrong command line.
 * Linux only: epoll(7). See also: pread(2), getrlimit(2), listen(2).
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64 /* files beyond 2 GiB where a long has 32 bits */

#ifndef __linux__
#error "epoll(7) is Linux's: the notes of this chapter say what others have"
#endif

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../common/deadline.h"
#include "../common/net.h"
#include "../common/offer.h"
#include "../common/stop.h"
#include "../common/watch.h"

enum { CHUNK = 65536, EVENTS = 256 };

enum state {
    SENDING,     /* the file goes out */
    HALF_CLOSED, /* and our FIN: the receipt and the client's are to come */
    OVER
};

struct client {
    struct place place;    /* first: the queue knows it by this alone */
    intmax_t size;         /* bytes of FILE, as announced to it */
    intmax_t sent, heard;  /* bytes of FILE, and of whatever it says */
    char receipt[RECEIPT]; /* the first of these */
    char name[CLIENT_NAME];
    int conn;
    uint32_t watched; /* the events that epoll is to tell us of */
    enum state state;
    bool got_fin; /* it has said all it had to say */
};

static struct place all = {.older = &all, .newer = &all}; /* the clients */
static char chunk[CHUNK]; /* one for all: no client's bytes wait in it */
static int epoll, listener, file;
static const char *path;

static void
drop(struct client *c)
{
    leave(&c->place);
    watch(EPOLL_CTL_DEL, c->conn, 0, NULL); /* if a child has a copy, close(2)
                                               would not make epoll forget it */
    close(c->conn);
    free(c);
    rest(false); /* the listener: there is a descriptor now */
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

static void
send_some(struct client *c)
{
    intmax_t left = c->size - c->sent;
    size_t most = left < CHUNK ? (size_t)left + 1 : CHUNK; /* has it grown? */
    ssize_t n = pread(file, chunk, most, c->sent); /* no offset is shared */

    if (n > 0 && n <= left) {
        n = write(c->conn, chunk, (size_t)n);
        if (n == 0) /* to ask again would be to ask for ever */
            errno = EIO;
        if (n > 0) {
            c->sent += n;
        } else if (errno != EAGAIN && errno != EINTR) {
            warn("%s: write", c->name);
            c->state = OVER;
        }
    } else if (n == 0 && left == 0) {
        if (shutdown(c->conn, SHUT_WR) == -1 && /* sends FIN; it reads EOF */
            errno != ENOTCONN) /* it has gone; our read says how */
            warn("%s: shutdown", c->name);
        c->state = HALF_CLOSED;
    } else {
        if (n == -1)
            warn("%s: read %s", c->name, path);
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

/* One step of a conversation, now that epoll has told of events. */
static void
proceed(struct client *c, uint32_t events)
{
    uint32_t wanted;

    if (events & ~(uint32_t)EPOLLOUT) /* bytes, FIN, RST: the read says which */
        hear(c);
    if (c->state == SENDING && events & EPOLLOUT)
        send_some(c);
    if (c->state == HALF_CLOSED && c->got_fin) {
        judge_receipt(c->name, c->receipt, c->heard, c->size);
        c->state = OVER;
    }
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
        cannot_accept();
        free(c);
        return;
    }
    nonblocking(c->conn);
    c->place.limit = deadline_in(patience);
    join(&all, &c->place);
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
    struct client *c;
    int n = epoll_pwait(epoll, events, EVENTS, longest_sleep(&all), signals);

    if (n == -1 && errno != EINTR)
        err(1, "epoll_pwait");
    if (n == 0)
        rest(false); /* others may have given back a descriptor */
    for (int i = 0; i < n; i++)
        if (events[i].data.ptr == NULL)
            take_client(patience);
        else
            proceed(events[i].data.ptr, events[i].events);
    while ((c = (struct client *)oldest(&all)) && passed(c->place.limit)) {
        warnx("%s: gave up after %g seconds: sent %jd of %jd bytes, heard %jd",
              c->name, patience, c->sent, c->size, c->heard);
        drop(c);
    }
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
    epoll = watch_listener(listener);

    while (!stop_asked())
        turn(patience, &signals);
    stop_listening();
    while (oldest(&all) != NULL) /* let them end: each has its deadline */
        turn(patience, &signals);
    return 0;
}
