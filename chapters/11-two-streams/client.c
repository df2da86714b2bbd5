/*
 * Fetch a file from a server, then say "Thank you".
 *
 *     client HOST PORT FILE
 *
 * New here: every call can fail, or do less than it was asked. A short write is
 * continued, an interrupted call is made again, a refused connection is not
 * read from, and HOST may be a name or an IPv6 address: each of its addresses
 * is tried. A server that has gone, or a file that may not grow, makes write
 * fail, where SIGPIPE or SIGXFSZ would have killed us. Standard output that
 * fails is seen to fail, and one that is closed is not taken for a socket.
 *
 * Over the wire: nothing until EOF, then the nine bytes "Thank you", then FIN.
 * Exit status: 0 the file is stored and the thanks are with the kernel,
 * 1 trouble (a partial FILE stays), 2 wrong command line.
 * See also: signal(7) for EINTR, connect(2), getaddrinfo(3).
 */
#define _XOPEN_SOURCE 700 /* POSIX, and SIGXFSZ */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/net.h"

enum { CHUNK = 30 }; /* bytes in one read or write, as in the textbook */

static void
receive_file(int conn, const char *path)
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

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    int conn;

    if (argc != 4) {
        fprintf(stderr, "usage: client HOST PORT FILE\n");
        return 2;
    }
    if (fcntl(STDOUT_FILENO, F_GETFD) == -1 || /* else conn may be number 1, */
        fcntl(STDERR_FILENO, F_GETFD) == -1) /* and printf talk to the server */
        err(1, "standard output or error");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || /* write says EPIPE instead, */
        signal(SIGXFSZ, SIG_IGN) == SIG_ERR)   /* and EFBIG */
        err(1, "signal");
    where = addresses(argv[1], argv[2]);
    conn = connect_to(where, argv[1], argv[2]);
    freeaddrinfo(where);
    receive_file(conn, argv[3]);
    say_thanks(conn);
    return 0;
}
