/*
 * Offer a file to one client, then wait for its thanks, through stdio streams.
 *
 *     server HOST PORT FILE one|dup|shutdown
 *
 * New here: the connection has two streams, one to write to and one to read
 * from. The last word says how they are made, and how writing ends:
 *
 *     one        both streams have one descriptor; fclose
 *     dup        each stream has a descriptor of its own; fclose
 *     shutdown   each stream has a descriptor of its own; shutdown, then fclose
 *
 * Over the wire: the bytes of FILE, then FIN. Back come the thanks, then FIN.
 * Exit status: 0 thanked, 1 trouble, 2 wrong command line.
 * See also: fdopen(3), fclose(3), fflush(3), fread(3), dup(2).
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/stat.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
send_file(FILE *out, int file, const char *path)
{
    char chunk[CHUNK];
    ssize_t n;

    while ((n = read_some(file, chunk, sizeof chunk)) > 0) {
        if (fwrite(chunk, 1, (size_t)n, out) < (size_t)n)
            err(1, "write to client");
    }
    if (n == -1)
        err(1, "read %s", path);
    if (fflush(out) == EOF) /* the end of the file may still be in our buffer */
        err(1, "write to client");
}

static void
hear_thanks(FILE *in)
{
    char thanks[THANKS + 1]; /* one more, to see that there is more */
    size_t n = fread(thanks, 1, sizeof thanks, in);

    if (ferror(in)) /* fread only counts: EOF and errors are asked for */
        err(1, "read from client");
    if (n == 0)
        errx(1, "read from client: no thanks");
    if (n > THANKS)
        errx(1, "read from client: thanks of more than %d bytes", THANKS);
    if (thanks[n - 1] == '\0') /* the textbook's client sends its NUL too */
        n--;
    printf("Message from client: ");
    fwrite(thanks, 1, n, stdout);
    printf("\n");
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

/* A stream on a connection; it owns the descriptor from here on. */
static FILE *
stream(int conn, const char *mode)
{
    FILE *made = conn == -1 ? NULL : fdopen(conn, mode);

    if (made == NULL)
        err(1, "open a stream to client");
    return made;
}

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    const char *way = argc == 5 ? argv[4] : "";
    bool one = strcmp(way, "one") == 0, half = strcmp(way, "shutdown") == 0;
    int file, listener, conn;
    FILE *in, *out;

    if (!one && !half && strcmp(way, "dup") != 0) {
        fprintf(stderr, "usage: server HOST PORT FILE one|dup|shutdown\n");
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

    in = stream(conn, "r");
    out = stream(one ? conn : dup(conn), "w");
    send_file(out, file, argv[3]);
    if (half && shutdown(fileno(out), SHUT_WR) == -1 && /* sends FIN */
        errno != ENOTCONN) /* it has gone; our read says how */
        err(1, "shutdown to client");
    if (fclose(out) == EOF) /* one: the connection ends; else a copy is left */
        err(1, "close to client");
    hear_thanks(in);
    if (fclose(in) == EOF)
        err(1, "close to client");
    return 0;
}
