/*
 * Fetch a file from a server, then say "Thank you".
 *
 *     client HOST PORT FILE [SECONDS]
 *
 * New here: one deadline for the whole conversation, SECONDS (10 if not given)
 * from before connect; looking up HOST comes earlier. A server that never
 * answers, never speaks, or drips a byte now and then for ever can't hold us
 * longer than that. Nor can a pipe that FILE stands for, if nobody reads it.
 * Whoever gives up says what was still owed.
 *
 * Over the wire: nothing until EOF, then the nine bytes "Thank you", then FIN.
 * Exit status: 0 the file is stored and the thanks are with the kernel,
 * 1 trouble (a partial FILE stays), 2 wrong command line.
 * See also: poll(2), clock_gettime(3), EINPROGRESS in connect(2).
 */
#define _XOPEN_SOURCE 700 /* POSIX, and SIGXFSZ */

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

enum { CHUNK = 30 }; /* bytes in one read or write, as in the textbook */

static void
receive_file(struct deadline limit, int conn, const char *path)
{
    char chunk[CHUNK];
    ssize_t n;
    size_t went;
    intmax_t came = 0;
    int file;

    do
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0666);
    while (file == -1 && errno == EINTR);
    if (file == -1)
        err(1, "open %s", path);
    while ((n = read_by(limit, conn, chunk, sizeof chunk)) > 0) {
        went = write_by(limit, file, chunk, (size_t)n); /* maybe to a pipe */
        if (went < (size_t)n && errno != TIME_IS_UP)
            err(1, "write %s", path);
        came += (intmax_t)went;
        if (went < (size_t)n) { /* time is up, as if read_by had said so */
            n = -1;
            break;
        }
    }
    if (n == -1 && errno == TIME_IS_UP)
        errx(1, "gave up after %g seconds: no EOF after %jd bytes",
             limit.patience, came);
    if (n == -1)
        err(1, "read from server");
    if (close(file) == -1 && errno != EINTR)
        err(1, "close %s", path);
    printf("Received file data\n");
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

static void
say_thanks(struct deadline limit, int conn)
{
    const char thanks[] = "Thank you";
    size_t length = strlen(thanks);
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
    receive_file(limit, conn, argv[3]);
    say_thanks(limit, conn);
    return 0;
}
