/*
 * Fetch a file from a server, whole or not at all, then send a receipt.
 *
 *     client HOST PORT FILE [SECONDS]
 *
 * New here: an EOF proves nothing, the announced length does. What comes goes
 * into a file beside FILE. That file takes the name of FILE once it is complete
 * and on the disk, and only then do we send a receipt. Until then an old FILE
 * stays as it is. The new one gets its owner, group and mode, as far as we may
 * give them. Neither an error nor a signal that asks us to end leaves anything
 * behind (common/part.h).
 *
 * Over the wire: in come the length in decimal digits, a newline, that many
 * bytes and EOF. Out go "Thank you ", the length and a newline, then FIN.
 * Exit status: 0 the file is on the disk and the receipt is with the kernel,
 * 1 trouble (FILE is as it was, or whole), 2 wrong command line.
 * See also: rename(2), fsync(2).
 */
#define _XOPEN_SOURCE 700    /* POSIX, and SIGXFSZ */
#define _FILE_OFFSET_BITS 64 /* files beyond 2 GiB where a long has 32 bits */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/deadline.h"
#include "../common/net.h"
#include "../common/part.h"

enum { CHUNK = 65536 }; /* 30 bytes at a time, a large file takes minutes */

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

static void
receive_file(struct deadline limit, int conn, const char *path, intmax_t size)
{
    char chunk[CHUNK];
    ssize_t n;
    intmax_t came = 0;
    struct part part = create_part(path);

    while ((n = read_by(limit, conn, chunk, sizeof chunk)) > 0) {
        if (n > size - came)
            errx(1, "read from server: more than %jd bytes came", size);
        if (write_all(part.file, chunk, (size_t)n) < (size_t)n)
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
