/*
 * Fetch a file from a server, then say "Thank you".
 *
 *     client HOST PORT FILE [SECONDS]
 *
 * Not the way to do it: chapter 05's client, with a time limit on each read. It
 * gives up on a server that is silent for SECONDS (10 if not given). One that
 * sends a byte now and then holds it for ever.
 *
 * Over the wire: nothing until EOF, then the nine bytes "Thank you", then FIN.
 * Exit status: 0 the file is stored and the thanks are with the kernel,
 * 1 trouble (a partial FILE stays), 2 wrong command line.
 * See also: SO_RCVTIMEO in socket(7).
 */
#define _XOPEN_SOURCE 700 /* POSIX, and SIGXFSZ */

#include <sys/socket.h>
#include <sys/time.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../common/deadline.h"
#include "../../common/net.h"

enum { CHUNK = 30 }; /* bytes in one read or write, as in the textbook */

static void
receive_file(int conn, const char *path, double patience)
{
    char chunk[CHUNK];
    ssize_t n;
    int file;

    do
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    while (file == -1 && errno == EINTR);
    if (file == -1)
        err(1, "open %s", path);
    while ((n = read_some(conn, chunk, sizeof chunk)) > 0) {
        if (write_all(file, chunk, (size_t)n) < (size_t)n)
            err(1, "write %s", path);
    }
    if (n == -1 && errno == EAGAIN)
        errx(1, "gave up: no byte for %g seconds", patience);
    if (n == -1)
        err(1, "read from server");
    if (close(file) == -1 && errno != EINTR)
        err(1, "close %s", path);
    printf("Received file data\n");
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

static void
say_thanks(int conn)
{
    const char thanks[] = "Thank you";
    size_t length = strlen(thanks);

    if (write_all(conn, thanks, length) < length)
        err(1, "write to server");
    if (close(conn) == -1 && errno != EINTR) /* it is gone, EINTR or not */
        err(1, "close to server");
}

/* From now on a read that waits this long fails with EAGAIN. socket(7). */
static void
limit_each_read(int conn, double patience)
{
    const struct timeval limit = {
        .tv_sec = (time_t)patience,
        .tv_usec = (suseconds_t)((patience - (double)(time_t)patience) * 1e6)};

    if (setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == -1)
        err(1, "setsockopt SO_RCVTIMEO");
}

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    double patience;
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
    conn = connect_to(where, argv[1], argv[2]);
    freeaddrinfo(where);
    limit_each_read(conn, patience);
    receive_file(conn, argv[3], patience);
    say_thanks(conn);
    return 0;
}
