/*
 * The same server with a thread for each client.
 *
 *     server HOST PORT FILE [SECONDS]
 *
 * A thread takes the steps of one conversation, and sleeps between them, in a
 * poll of its own. Of the file, the listener and the program there is one.
 *
 * Over the wire: the length in decimal digits and a newline, the bytes of FILE,
 * then FIN. Back come "Thank you ", the length and a newline, then FIN.
 * Exit status: 0 stopped by a signal, 1 trouble, 2 wrong command line.
 * See also: pthreads(7), ppoll in poll(2), which POSIX has since 2024.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64 /* files beyond 2 GiB where a long has 32 bits */

#include <sys/socket.h>
#include <sys/stat.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../common/deadline.h"
#include "../../common/limit.h"
#include "../../common/net.h"
#include "../../common/offer.h"
#include "../../common/stop.h"

enum { CHUNK = 65536 };

enum state {
    SENDING,     /* the file goes out */
    HALF_CLOSED, /* and our FIN: the receipt and the client's are to come */
    OVER
};

struct client {
    struct deadline limit;
    intmax_t size;         /* bytes of FILE, as announced to it */
    intmax_t sent, heard;  /* bytes of FILE, and of whatever it says */
    char receipt[RECEIPT]; /* the first of these */
    char name[CLIENT_NAME];
    int conn;
    enum state state;
    bool got_fin; /* it has said all it had to say */
};

static _Thread_local char chunk[CHUNK];
static int listener, file;
static const char *path;
static pthread_attr_t detached;
static atomic_int clients; /* conversations, each of them a thread */

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

/* A conversation, step by step, in a thread that ends with it. */
static void *
serve(void *client)
{
    struct client *c = client;
    struct pollfd ready = {.fd = c->conn};

    while (c->state != OVER && !passed(c->limit)) {
        ready.events = (short)((c->got_fin ? 0 : POLLIN) |
                               (c->state == SENDING ? POLLOUT : 0));
        if (poll(&ready, 1, milliseconds_left(c->limit)) == -1)
            err(1, "poll");
        if (ready.revents & ~POLLOUT) /* bytes, FIN, RST: the read says which */
            hear(c);
        if (c->state == SENDING && ready.revents & POLLOUT)
            send_some(c);
        if (c->state == HALF_CLOSED && c->got_fin) {
            judge_receipt(c->name, c->receipt, c->heard, c->size);
            c->state = OVER;
        }
    }
    if (c->state != OVER)
        warnx("%s: gave up after %g seconds: sent %jd of %jd bytes, heard %jd",
              c->name, c->limit.patience, c->sent, c->size, c->heard);
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
    close(c->conn);
    free(c);
    clients--;
    return NULL;
}

/* Take a client; without room for it, it goes on waiting at the listener. */
static void
take_client(double patience)
{
    pthread_t thread;
    struct client *c = calloc(1, sizeof *c);
    struct stat st;
    char line[32];
    size_t length;

    if (c == NULL || (c->conn = accept_named(listener, c->name)) == -1) {
        if (errno != EAGAIN) { /* that would be one who has gone again */
            warn("accept a client");
            poll(NULL, 0, 100); /* somebody may leave meanwhile */
        }
        free(c);
        return;
    }
    nonblocking(c->conn);
    c->limit = deadline_in(patience);
    if (fstat(file, &st) == -1)
        err(1, "fstat %s", path);
    c->size = st.st_size;
    length = (size_t)snprintf(line, sizeof line, "%jd\n", c->size);
    clients++;
    if (write_all(c->conn, line, length) < length) /* there is room, yet */
        warn("%s: write", c->name);
    else if ((errno = pthread_create(&thread, &detached, serve, c)) != 0)
        warn("%s: a new thread", c->name);
    else
        return;
    close(c->conn);
    free(c);
    clients--;
}

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    double patience;
    intmax_t size;
    sigset_t signals;
    struct pollfd ready = {.events = POLLIN};

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
    if (listen(listener, SOMAXCONN) == -1) /* 5 were not many for a crowd */
        err(1, "listen on %s %s", argv[1], argv[2]);
    if ((errno = pthread_attr_init(&detached)) != 0 ||
        (errno = pthread_attr_setdetachstate(&detached,
                                             PTHREAD_CREATE_DETACHED)) != 0)
        err(1, "threads");
    ready.fd = listener;

    while (!stop_asked())
        if (ppoll(&ready, 1, NULL, &signals) == 1)
            take_client(patience);
    if (shutdown(listener, SHUT_RD) == -1) /* no copy listens on (Linux) */
        err(1, "shutdown the listener");
    close(listener);
    while (clients > 0) /* let them end: each has its deadline */
        poll(NULL, 0, 10);
    return 0;
}
