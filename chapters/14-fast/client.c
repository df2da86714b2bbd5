/*
 * Fetch a file from a server, as fast as the disk can take it, or not at all.
 *
 *     client HOST PORT FILE [SECONDS]
 *
 * New here: the bytes of the file never come to us. splice(2) moves them from
 * the connection into a pipe, and from there into the part, within the kernel.
 * Where splice(2) can't be had, read(2) and write(2) do the same.
 *
 * Over the wire: in come the length in decimal digits, a newline, that many
 * bytes and EOF. Out go "Thank you ", the length and a newline, then FIN.
 * Exit status: 0 the file is on the disk and the receipt is with the kernel,
 * 1 trouble (FILE is as it was, or whole), 2 wrong command line.
 * Linux only: splice(2). See also: pipe(7), common/part.h.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64 /* files beyond 2 GiB where a long has 32 bits */

#ifndef __linux__
#error "splice(2) is Linux's: chapter 07's client does the same without it"
#endif

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/deadline.h"
#include "../common/net.h"
#include "../common/part.h"

enum { SMALL = 65536, CHUNK = 1 << 20 }; /* bytes that a pipe is to hold */

static char chunk[CHUNK];
static int hose[2]; /* the pipe: to read from, and to write to */
static bool plain;  /* there is no pipe, or no splice: what comes is in chunk */

static intmax_t
hear_length(struct deadline limit, int conn)
{
    char line[sizeof "9223372036854775807\n"] = "";
    size_t digits, length = 0;
    intmax_t size;
    ssize_t n;

    do { /* byte by byte: what comes after the newline is the file */
        n = read_by(limit, conn, line + length, 1);
        length += n == 1;
    } while (n == 1 && line[length - 1] != '\n' && length < sizeof line - 1);
    if (n == -1 && errno == TIME_IS_UP)
        errx(1, "gave up after %g seconds: the length had not come",
             limit.patience);
    if (n == -1)
        err(1, "read from server");
    if (n == 0)
        errx(1, "length from server: %s", length ? "cut short" : "missing");
    digits = strspn(line, "0123456789");
    if (line[0] == '\n')
        errx(1, "length from server: empty");
    if (line[0] == '-')
        errx(1, "length from server: negative");
    if (digits < length && line[digits] != '\n')
        errx(1, "length from server: not digits");
    errno = 0;
    size = strtoimax(line, NULL, 10);
    if (digits == length || errno == ERANGE)
        errx(1, "length from server: too long");
    return size;
}

static void
keep(struct deadline limit, struct part part, const char *path)
{
    copy_permissions(part);
    while (fsync(part.file) == -1) /* first the bytes, then the name */
        if (errno != EINTR)
            err(1, "fsync %s", path);
    if (close(part.file) == -1 && errno != EINTR)
        err(1, "close %s", path);
    if (passed(limit)) /* late is late, though nothing is missing */
        errx(1, "gave up after %g seconds: the file is not on the disk yet",
             limit.patience);
    rename_part(part); /* past this point there is nothing to remove */
    while (fsync(part.folder) == -1 && errno != EINVAL &&
           errno != EBADF) /* not every disk can, nor every folder */
        if (errno != EINTR)
            err(1, "fsync folder of %s", path);
    if (close(part.folder) == -1 && errno != EINTR)
        err(1, "close folder of %s", path);
}

/* Open a pipe of CHUNK bytes, or of fewer if we may have no more. */
static void
open_pipe(void)
{
    plain = pipe2(hose, O_CLOEXEC) == -1 ||
            (fcntl(hose[1], F_SETPIPE_SZ, CHUNK) == -1 &&
             fcntl(hose[1], F_GETPIPE_SZ) < SMALL);
}

/* As read_by, but into the pipe, unless there is none: then into `chunk`. */
static ssize_t
take_in(struct deadline limit, int conn)
{
    ssize_t n;

    while (!plain && ready_by(limit, conn, POLLIN)) {
        n = splice(conn, NULL, hose[1], NULL, CHUNK, SPLICE_F_NONBLOCK);
        if (n != -1)
            return n;
        if (errno == EINVAL || errno == ENOSYS)
            plain = true;
        else if (errno != EAGAIN && errno != EINTR)
            return -1;
    }
    return plain ? read_by(limit, conn, chunk, CHUNK) : -1;
}

/* Put what take_in has taken in into a file. False and errno. */
static bool
put(int file, size_t left)
{
    ssize_t n;

    while (!plain && left > 0) {
        n = splice(hose[0], NULL, file, NULL, left, 0);
        if (n > 0) {
            left -= (size_t)n;
        } else if (n == 0 || errno == EINVAL) { /* not into such a file */
            plain = true;
            if (read_to_eof(hose[0], chunk, left) != (ssize_t)left)
                return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return write_all(file, chunk, left) == left;
}

static void
receive_file(struct deadline limit, int conn, const char *path, intmax_t size)
{
    ssize_t n;
    intmax_t came = 0;
    struct part part = create_part(path);

    open_pipe();
    while ((n = take_in(limit, conn)) > 0) {
        if (n > size - came)
            errx(1, "read from server: more than %jd bytes came", size);
        if (!put(part.file, (size_t)n))
            err(1, "write %s", path);
        came += n;
    }
    if (n == -1 && errno == TIME_IS_UP)
        errx(1, "gave up after %g seconds: no EOF after %jd of %jd bytes",
             limit.patience, came, size);
    if (n == -1)
        err(1, "read from server");
    if (came < size)
        errx(1, "read from server: EOF after %jd of %jd bytes", came, size);
    keep(limit, part, path);
    printf("Received file data\n");
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

static void
say_thanks(struct deadline limit, int conn, intmax_t size)
{
    char thanks[48];
    size_t length =
        (size_t)snprintf(thanks, sizeof thanks, "Thank you %jd\n", size);
    size_t went = write_by(limit, conn, thanks, length);

    if (went < length && errno == TIME_IS_UP)
        errx(1, "gave up after %g seconds: the thanks were not sent",
             limit.patience);
    if (went < length)
        err(1, "write to server");
    if (close(conn) == -1 && errno != EINTR) /* it is gone, EINTR or not */
        err(1, "close to server");
}

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    struct deadline limit;
    double patience;
    intmax_t size;
    int conn;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: client HOST PORT FILE [SECONDS]\n");
        return 2;
    }
    patience = seconds(argc == 5 ? argv[4] : "10");
    if (fcntl(STDOUT_FILENO, F_GETFD) == -1 || /* else conn may be number 1, */
        fcntl(STDERR_FILENO, F_GETFD) == -1) /* and printf talk to the server */
        err(1, "standard output or error");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || /* write says EPIPE instead, */
        signal(SIGXFSZ, SIG_IGN) == SIG_ERR)   /* and EFBIG */
        err(1, "signal");
    where = addresses(argv[1], argv[2]);
    limit = deadline_in(patience);
    conn = connect_by(limit, where, argv[1], argv[2]);
    if (conn == -1)
        errx(1, "gave up after %g seconds: no answer from %s %s", patience,
             argv[1], argv[2]);
    freeaddrinfo(where);
    size = hear_length(limit, conn);
    receive_file(limit, conn, argv[3], size);
    say_thanks(limit, conn, size);
    return 0;
}
