/*
 * Offer a file to one client, then wait for its thanks.
 *
 *     server HOST PORT FILE [SECONDS]
 *
 * Not the way to do it: chapter 05's server, with a time limit on each read. It
 * gives up on a client that is silent for SECONDS (10 if not given). One that
 * says a byte now and then holds it until it has said 1,025 of them.
 *
 * Over the wire: the bytes of FILE, then FIN. Back come the thanks, then FIN.
 * Exit status: 0 thanked, 1 trouble, 2 wrong command line.
 * See also: SO_RCVTIMEO in socket(7).
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../common/deadline.h"
#include "../../common/net.h"

enum { CHUNK = 30 }; /* bytes in one read or write, as in the textbook */

enum { THANKS = 1024 }; /* bytes we are ready to hear */

static int
open_file(const char *path)
{
    struct stat st;
    int file;

    do
        file = open(path, O_RDONLY);
    while (file == -1 && errno == EINTR);
    if (file == -1 || fstat(file, &st) == -1)
        err(1, "open %s", path);
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        err(1, "open %s", path);
    }
    return file;
}

static void
send_file(int conn, int file, const char *path)
{
    char chunk[CHUNK];
    ssize_t n;

    while ((n = read_some(file, chunk, sizeof chunk)) > 0) {
        if (write_all(conn, chunk, (size_t)n) < (size_t)n)
            err(1, "write to client");
    }
    if (n == -1)
        err(1, "read %s", path);
}

static void
hear_thanks(int conn, double patience)
{
    char thanks[THANKS + 1]; /* one more, to see that there is more */
    ssize_t n = read_to_eof(conn, thanks, sizeof thanks);

    if (n == -1 && errno == EAGAIN)
        errx(1, "gave up: no byte for %g seconds", patience);
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
    limit_each_read(conn, patience);

    send_file(conn, file, argv[3]);
    if (shutdown(conn, SHUT_WR) == -1 && /* sends FIN; the client reads EOF */
        errno != ENOTCONN)               /* it has gone; our read says how */
        err(1, "shutdown to client");
    hear_thanks(conn, patience);
    if (close(conn) == -1 && errno != EINTR) /* it is gone, EINTR or not */
        err(1, "close to client");
    return 0;
}
