/*
 * Offer a file to many clients, each served by a process of its own.
 *
 *     server HOST PORT FILE [SECONDS]
 *
 * New here: a client that keeps us waiting holds up its own process alone. A
 * connection has as many copies of its descriptor as processes hold it, and
 * close ends it when the last has gone, so everybody closes what is not theirs.
 * SIGTERM or SIGINT end the listening; conversations that have begun may end.
 *
 * Over the wire: the length in decimal digits and a newline, the bytes of FILE,
 * then FIN. Back come "Thank you ", the length and a newline, then FIN.
 * Exit status: 0 told to stop, 1 trouble, 2 wrong command line.
 * See also: fork(2), waitpid(2), pselect(2).
 */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64 /* files beyond 2 GiB where a long has 32 bits */

#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/children.h"
#include "../common/deadline.h"
#include "../common/net.h"
#include "../common/offer.h"
#include "../common/stop.h"

enum { CHUNK = 65536 }; /* 30 bytes at a time, a large file takes minutes */

enum { THANKS = 1024 }; /* bytes we are ready to hear */

static void
announce(struct deadline limit, int conn, intmax_t size)
{
    char line[32];
    size_t length = (size_t)snprintf(line, sizeof line, "%jd\n", size);
    size_t went = write_by(limit, conn, line, length);

    if (went < length && errno == TIME_IS_UP)
        errx(1, "gave up after %g seconds: the length was not sent",
             limit.patience);
    if (went < length)
        err(1, "write to client");
}

/* Let our exit send a RST: a FIN would make what was sent look complete. */
static void
end_in_reset(int conn)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    int why = errno;

    if (setsockopt(conn, SOL_SOCKET, SO_LINGER, &none, sizeof none) == -1)
        warn("setsockopt");
    errno = why;
}

static void
send_file(struct deadline limit, int conn, int file, const char *path,
          intmax_t size)
{
    char chunk[CHUNK];
    ssize_t n;
    size_t went;
    intmax_t sent = 0;

    while ((n = read_some(file, chunk, sizeof chunk)) > 0) {
        if (n > size - sent) { /* not a byte more than we promised */
            end_in_reset(conn);
            errx(1, "read %s: it grew beyond %jd bytes", path, size);
        }
        went = write_by(limit, conn, chunk, (size_t)n);
        sent += (intmax_t)went;
        if (went < (size_t)n && errno == TIME_IS_UP)
            errx(1, "gave up after %g seconds: only %jd bytes of %s sent",
                 limit.patience, sent, path);
        if (went < (size_t)n)
            err(1, "write to client");
    }
    if (n == -1) {
        end_in_reset(conn);
        err(1, "read %s", path);
    }
    if (sent < size) /* our FIN comes too early; the client sees that it does */
        errx(1, "read %s: it shrank to %jd of %jd bytes", path, sent, size);
}

static void
hear_thanks(struct deadline limit, int conn, intmax_t size)
{
    char thanks[THANKS + 1]; /* one more, to see that there is more */
    char receipt[48];
    ssize_t n = read_to_eof_by(limit, conn, thanks, sizeof thanks);

    if (n == -1 && errno == TIME_IS_UP)
        errx(1, "gave up after %g seconds: the end of the thanks had not come",
             limit.patience);
    if (n == -1)
        err(1, "read from client");
    if (n == 0)
        errx(1, "read from client: no thanks");
    if (n > THANKS) {
        drain(limit, conn); /* it may not have read the file yet */
        errx(1, "read from client: thanks of more than %d bytes", THANKS);
    }
    snprintf(receipt, sizeof receipt, "Thank you %jd\n", size);
    if ((size_t)n != strlen(receipt) || memcmp(thanks, receipt, (size_t)n) != 0)
        errx(1, "read from client: no receipt for %jd bytes", size);
    printf("Message from client: ");
    fwrite(thanks, 1, (size_t)n, stdout);
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

/* The whole conversation with one client, as 08 has it. */
static void
serve(int conn, const char *path, double patience)
{
    struct deadline limit = deadline_in(patience);
    intmax_t size;
    int file = open_file(path, &size); /* copies would share one offset */

    nonblocking(conn);
    announce(limit, conn, size);
    send_file(limit, conn, file, path, size);
    if (shutdown(conn, SHUT_WR) == -1 && /* sends FIN; the client reads EOF */
        errno != ENOTCONN)               /* it has gone; our read says how */
        err(1, "shutdown to client");
    hear_thanks(limit, conn, size);
    if (close(conn) == -1 && errno != EINTR) /* it is gone, EINTR or not */
        err(1, "close to client");
}

/* Serve a client in a process of its own. */
static void
start(struct child *child, int listener, int conn, const char *path,
      double patience)
{
    child->pid = fork();
    if (child->pid == 0) {
        close(listener); /* or it would listen for as long as we live */
        name_in_errors(child->client);
        serve(conn, path, patience);
        exit(0);
    }
    if (child->pid == -1)
        warn("%s: fork", child->client);
    close(conn); /* or no close of the child's would end the connection */
}

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    struct child *child;
    double patience;
    intmax_t size;
    sigset_t signals;
    int listener, conn;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: server HOST PORT FILE [SECONDS]\n");
        return 2;
    }
    patience = seconds(argc == 5 ? argv[4] : "10");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* EPIPE tells us, and we live */
        err(1, "signal");
    whole_lines();
    where = addresses(argv[1], argv[2]);
    close(open_file(argv[3], &size)); /* every child opens it; can we at all? */
    signals = hold_signals();
    listener = listen_on(where, argv[1], argv[2]);
    freeaddrinfo(where);
    nonblocking(listener); /* who waited may have gone before we accept */

    while (!stop_asked()) {
        child = room_for_child();
        conn = next_client(listener, child, &signals);
        if (conn != -1)
            start(child, listener, conn, argv[3], patience);
    }
    if (shutdown(listener, SHUT_RD) == -1 && /* Linux: all copies are deaf */
        errno != ENOTCONN)                   /* elsewhere close has to do */
        err(1, "shutdown the listener");
    close(listener);
    while (children_left()) /* they end by their deadlines, at the latest */
        next_client(-1, NULL, &signals);
    return 0;
}
