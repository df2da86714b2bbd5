/*
 * Offer a file to one client, and believe what close says.
 *
 *     server HOST PORT FILE [SECONDS] off|on|zero
 *
 * New here: nobody waits for thanks. SO_LINGER is to replace them. The word
 * says how it is set before close: off, the default, returns at once and the
 * kernel sends on; on waits until all is acknowledged, or for LINGER seconds;
 * zero throws away what was not sent, and resets the connection. What close
 * returned is printed, and after how long. It is no answer: see the notes.
 *
 * Over the wire: the length in decimal digits and a newline, the bytes of FILE,
 * then FIN, or with zero a RST. What the client says is not read.
 * Exit status: 0 close had no error, 1 trouble, 2 wrong command line.
 * See also: socket(7), SO_LINGER.
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
#include <time.h>
#include <unistd.h>

#include "../common/deadline.h"
#include "../common/net.h"

enum { CHUNK = 65536 }; /* 30 bytes at a time, a large file takes minutes */

enum { LINGER = 2 }; /* seconds */

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

/* Have close do what the word says. */
static void
linger(int conn, const char *word)
{
    const struct linger how = {.l_onoff = strcmp(word, "off") != 0,
                               .l_linger =
                                   strcmp(word, "on") == 0 ? LINGER : 0};

    if (setsockopt(conn, SOL_SOCKET, SO_LINGER, &how, sizeof how) == -1)
        err(1, "setsockopt SO_LINGER");
}

/* Close, and print how that went. No more is ever known of the client. */
static void
trust_close(int conn)
{
    struct timespec began, ended;
    int result;

    if (clock_gettime(CLOCK_MONOTONIC, &began) == -1)
        err(1, "clock_gettime");
    result = close(conn);
    if (result == -1 && errno != EINTR) /* it is gone, EINTR or not */
        err(1, "close to client");
    if (clock_gettime(CLOCK_MONOTONIC, &ended) == -1)
        err(1, "clock_gettime");
    printf("close returned %d after %.3f seconds\n", result,
           (double)(ended.tv_sec - began.tv_sec) +
               (double)(ended.tv_nsec - began.tv_nsec) / 1e9);
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    struct deadline limit;
    const char *word;
    double patience;
    intmax_t size;
    int file, listener, conn;

    word = argv[argc - 1];
    if ((argc != 5 && argc != 6) ||
        (strcmp(word, "off") != 0 && strcmp(word, "on") != 0 &&
         strcmp(word, "zero") != 0)) {
        fprintf(stderr, "usage: server HOST PORT FILE [SECONDS] off|on|zero\n");
        return 2;
    }
    patience = seconds(argc == 6 ? argv[4] : "10");
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
    linger(conn, word);
    trust_close(conn);
    return 0;
}
