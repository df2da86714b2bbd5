/*
 * Offer a file to one client, then wait for its thanks.
 *
 *     server HOST PORT FILE [SECONDS]
 *
 * New here: one deadline for the whole conversation, SECONDS (10 if not given)
 * after accept has returned. A client that never speaks, never reads, or drips
 * a byte now and then for ever can't hold us longer than that. FILE has to be a
 * regular file, because others could keep us waiting. Whoever gives up says
 * what was still owed.
 *
 * Over the wire: the bytes of FILE, then FIN. Back come the thanks, then FIN.
 * Exit status: 0 thanked, 1 trouble, 2 wrong command line.
 * See also: poll(2), clock_gettime(3), O_NONBLOCK in open(2).
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/stat.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../common/deadline.h"
#include "../common/net.h"

enum { CHUNK = 30 }; /* bytes in one read or write, as in the textbook */

enum { THANKS = 1024 }; /* bytes we are ready to hear */

static int
open_file(const char *path)
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
    return file;
}

static void
send_file(struct deadline limit, int conn, int file, const char *path)
{
    char chunk[CHUNK];
    ssize_t n;
    size_t went;
    intmax_t sent = 0;

    while ((n = read_some(file, chunk, sizeof chunk)) > 0) {
        went = write_by(limit, conn, chunk, (size_t)n);
        sent += (intmax_t)went;
        if (went < (size_t)n && errno == TIME_IS_UP)
            errx(1, "gave up after %g seconds: only %jd bytes of %s sent",
                 limit.patience, sent, path);
        if (went < (size_t)n)
            err(1, "write to client");
    }
    if (n == -1)
        err(1, "read %s", path);
}

static void
hear_thanks(struct deadline limit, int conn)
{
    char thanks[THANKS + 1]; /* one more, to see that there is more */
    ssize_t n = read_to_eof_by(limit, conn, thanks, sizeof thanks);

    if (n == -1 && errno == TIME_IS_UP)
        errx(1, "gave up after %g seconds: the end of the thanks had not come",
             limit.patience);
    if (n == -1)
        err(1, "read from client");
    if (n == 0)
        errx(1, "read from client: no thanks");
    if (n > THANKS)
        errx(1, "read from client: thanks of more than %d bytes", THANKS);
    if (thanks[n - 1] == '\0') /* the textbook's client sends its NUL too */
        n--;
    printf("Message from client: ");
    fwrite(thanks, 1, (size_t)n, stdout);
    printf("\n");
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    struct deadline limit;
    double patience;
    int file, listener, conn;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: server HOST PORT FILE [SECONDS]\n");
        return 2;
    }
    patience = seconds(argc == 5 ? argv[4] : "10");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* EPIPE tells us, and we live */
        err(1, "signal");
    where = addresses(argv[1], argv[2]);
    file = open_file(argv[3]);
    listener = listen_on(where, argv[1], argv[2]);
    freeaddrinfo(where);
    conn = accept_client(listener);
    if (conn == -1)
        err(1, "accept a client");
    if (close(listener) == -1 && errno != EINTR) /* a second one is refused */
        err(1, "close the listener");
    limit = deadline_in(patience);
    nonblocking(conn);

    send_file(limit, conn, file, argv[3]);
    if (shutdown(conn, SHUT_WR) == -1 && /* sends FIN; the client reads EOF */
        errno != ENOTCONN)               /* it has gone; our read says how */
        err(1, "shutdown to client");
    hear_thanks(limit, conn);
    if (close(conn) == -1 && errno != EINTR) /* it is gone, EINTR or not */
        err(1, "close to client");
    return 0;
}
