/*
 * Offer a file to one client, then wait for its receipt.
 *
 *     server HOST PORT FILE [SECONDS]
 *
 * New here: if a client says more than we are ready to hear, we go on reading
 * after our FIN, to the end or to the deadline, and only then close. To close
 * with input unread, or still on its way, resets the connection, and the client
 * loses what it has not received yet: the file.
 *
 * Over the wire: the length in decimal digits and a newline, the bytes of FILE,
 * then FIN. Back come "Thank you ", the length and a newline, then FIN.
 * Exit status: 0 thanked for the whole file, 1 trouble, 2 wrong command line.
 * See also: RFC 9112 section 9.6, RFC 9293 section 3.6.
 */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64 /* files beyond 2 GiB where a long has 32 bits */

#include <sys/socket.h>
#include <sys/stat.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/deadline.h"
#include "../common/net.h"

enum { CHUNK = 65536 }; /* 30 bytes at a time, a large file takes minutes */

enum { THANKS = 1024 }; /* bytes we are ready to hear */

static int
open_file(const char *path, intmax_t *size)
{
    struct stat st;
    int file;

    do
        file = open(path, O_RDONLY | O_NONBLOCK); /* not to wait for a FIFO */
    while (file == -1 && errno == EINTR);
    if (file == -1 || fstat(file, &st) == -1)
        err(1, "open %s", path);
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        err(1, "open %s", path);
    }
    if (!S_ISREG(st.st_mode)) /* it could keep us waiting, and no poll helps */
        errx(1, "open %s: not a regular file", path);
    *size = st.st_size;
    return file;
}

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

/*
 * Read and discard whatever comes, until the client has ended as well. A close
 * with input unread makes our kernel send a RST, and so does input that comes
 * after it: that destroys what is still on its way to the client.
 */
static void
drain(struct deadline limit, int conn)
{
    char chunk[CHUNK];

    while (read_by(limit, conn, chunk, sizeof chunk) > 0)
        continue; /* 0: EOF; -1: a reset, or the time is up: all end it */
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

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    struct deadline limit;
    double patience;
    intmax_t size;
    int file, listener, conn;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: server HOST PORT FILE [SECONDS]\n");
        return 2;
    }
    patience = seconds(argc == 5 ? argv[4] : "10");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* EPIPE tells us, and we live */
        err(1, "signal");
    where = addresses(argv[1], argv[2]);
    file = open_file(argv[3], &size);
    listener = listen_on(where, argv[1], argv[2]);
    freeaddrinfo(where);
    conn = accept_client(listener);
    if (conn == -1)
        err(1, "accept a client");
    if (close(listener) == -1 && errno != EINTR) /* a second one is refused */
        err(1, "close the listener");
    limit = deadline_in(patience);
    nonblocking(conn);

    announce(limit, conn, size);
    send_file(limit, conn, file, argv[3], size);
    if (shutdown(conn, SHUT_WR) == -1 && /* sends FIN; the client reads EOF */
        errno != ENOTCONN)               /* it has gone; our read says how */
        err(1, "shutdown to client");
    hear_thanks(limit, conn, size);
    if (close(conn) == -1 && errno != EINTR) /* it is gone, EINTR or not */
        err(1, "close to client");
    return 0;
}
