/*
 * Offer a file to one client, then wait for its thanks.
 *
 *     server HOST PORT FILE
 *
 * New here: every call can fail, or do less than it was asked. A short write is
 * continued, the thanks are read until EOF (at most 1,024 bytes of them), an
 * interrupted call is made again, and a client that has gone makes write fail
 * with EPIPE, where SIGPIPE would have killed us. HOST may be a name or an IPv6
 * address. The port of an earlier run is free at once. A second client is
 * refused. Standard output that fails is seen to fail.
 *
 * Over the wire: the bytes of FILE, then FIN. Back come the thanks, then FIN.
 * Exit status: 0 thanked, 1 trouble, 2 wrong command line.
 * See also: signal(7) for EINTR, write(2), SO_REUSEADDR in socket(7).
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/stat.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../common/net.h"

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
hear_thanks(int conn)
{
    char thanks[THANKS + 1]; /* one more, to see that there is more */
    ssize_t n = read_to_eof(conn, thanks, sizeof thanks);

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
    int file, listener, conn;

    if (argc != 4) {
        fprintf(stderr, "usage: server HOST PORT FILE\n");
        return 2;
    }
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

    send_file(conn, file, argv[3]);
    if (shutdown(conn, SHUT_WR) == -1 && /* sends FIN; the client reads EOF */
        errno != ENOTCONN)               /* it has gone; our read says how */
        err(1, "shutdown to client");
    hear_thanks(conn);
    if (close(conn) == -1 && errno != EINTR) /* it is gone, EINTR or not */
        err(1, "close to client");
    return 0;
}
