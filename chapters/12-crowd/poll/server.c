/*
 * The same server on poll(2), which has to be told of all of them each time.
 *
 *     server HOST PORT FILE [SECONDS]
 *
 * A slot for each descriptor, and the kernel looks at each at every turn: that
 * is what makes it slow where most clients say nothing. But every system has
 * it.
 *
 * Over the wire: the length in decimal digits and a newline, the bytes of FILE,
 * then FIN. Back come "Thank you ", the length and a newline, then FIN.
 * Exit status: 0 stopped by a signal, 1 trouble, 2 wrong command line.
 * See also: ppoll in poll(2), which POSIX has since 2024.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64 /* files beyond 2 GiB where a long has 32 bits */

#include <sys/socket.h>
#include <sys/stat.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../common/deadline.h"
#include "../../common/limit.h"
#include "../../common/net.h"
#include "../../common/offer.h"
#include "../../common/queue.h"
#include "../../common/stop.h"

enum { CHUNK = 65536 };

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
    enum state state;
    bool got_fin; /* it has said all it had to say */
};

static struct place all = {.older = &all, .newer = &all}; /* the clients */
static char chunk[CHUNK]; /* one for all: no client's bytes wait in it */
static int listener, file;
static const char *path;
static bool resting; /* the listener: there is no descriptor for a client */

static struct pollfd *slots; /* by descriptor; one that is -1 is passed over */
static struct client **clients; /* by descriptor; NULL for the listener */
static int count;               /* of slots */

/* Have poll tell of some events of a descriptor. */
static void
watch(int fd, short events, struct client *c)
{
    if (fd >= count) {
        struct pollfd *more = realloc(slots, (size_t)(fd + 1) * sizeof *slots);
        struct client **whose =
            realloc(clients, (size_t)(fd + 1) * sizeof *clients);

        if (more == NULL || whose == NULL)
            err(1, "room for clients");
        slots = more;
        clients = whose;
        for (; count <= fd; count++)
            slots[count].fd = -1;
    }
    slots[fd] = (struct pollfd){.fd = events == 0 ? -1 : fd, .events = events};
    clients[fd] = c;
}

/* Let the listener rest: poll would say again and again that clients wait. */
static void
rest(bool now)
{
    if (resting == now)
        return;
    resting = now;
    watch(listener, now ? 0 : POLLIN, NULL);
}

static void
cannot_accept(void)
{
    if (errno == EAGAIN) /* it has gone again */
        return;
    warn("accept a client");
    rest(true);
}

static void
drop(struct client *c)
{
    leave(&c->place);
    watch(c->conn, 0, NULL);
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

/* One step of a conversation, now that poll has told of events. */
static void
proceed(struct client *c, short events)
{
    if (events & ~POLLOUT) /* bytes, FIN, RST: the read says which */
        hear(c);
    if (c->state == SENDING && events & POLLOUT)
        send_some(c);
    if (c->state == HALF_CLOSED && c->got_fin) {
        judge_receipt(c->name, c->receipt, c->heard, c->size);
        c->state = OVER;
    }
    if (c->state == OVER) {
        drop(c);
        return;
    }
    watch(c->conn,
          (c->got_fin ? 0 : POLLIN) | (c->state == SENDING ? POLLOUT : 0), c);
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
    watch(c->conn, POLLIN | POLLOUT, c);
    length = (size_t)snprintf(line, sizeof line, "%jd\n", c->size);
    if (write_all(c->conn, line, length) < length) { /* there is room, yet */
        warn("%s: write", c->name);
        drop(c);
    }
}

/* Wait for events, the next deadline or a signal; go on with what has come. */
static void
turn(double patience, const sigset_t *signals)
{
    struct client *c;
    int n, wait = resting ? 1000 : -1; /* others may have a descriptor then */
    struct timespec time;

    if (oldest(&all) != NULL)
        wait = milliseconds_left(oldest(&all)->limit);
    time = (struct timespec){wait / 1000, wait % 1000 * 1000000L};
    n = ppoll(slots, (nfds_t)count, wait == -1 ? NULL : &time, signals);
    if (n == -1 && errno != EINTR)
        err(1, "ppoll");
    if (n == 0)
        rest(false); /* others may have given back a descriptor */
    for (int fd = 0; n > 0 && fd < count; fd++)
        if (slots[fd].fd != -1 && slots[fd].revents != 0) {
            n--;
            if (clients[fd] == NULL)
                take_client(patience);
            else
                proceed(clients[fd], slots[fd].revents);
        }
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
    raise_limit();
    nonblocking(listener);
    if (listen(listener, SOMAXCONN) == -1) /* 5 were not many for a crowd */
        err(1, "listen on %s %s", argv[1], argv[2]);
    watch(listener, POLLIN, NULL);

    while (!stop_asked())
        turn(patience, &signals);
    watch(listener, 0, NULL);
    if (shutdown(listener, SHUT_RD) == -1) /* no copy listens on (Linux) */
        err(1, "shutdown the listener");
    close(listener);
    resting = false;             /* for good */
    while (oldest(&all) != NULL) /* let them end: each has its deadline */
        turn(patience, &signals);
    return 0;
}
