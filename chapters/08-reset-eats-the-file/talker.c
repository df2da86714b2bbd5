/*
 * Speak out of turn: say BYTES bytes first, then read what the server says.
 *
 *     talker HOST PORT BYTES [SECONDS]
 *
 * A server can have answered, and hung up, while we still speak. Then a write
 * fails with EPIPE or ECONNRESET. That is no reason to stop: what has arrived
 * by then can be read all the same. With SECONDS we go on with a byte now and
 * then for so long, or until a reset comes, and read after that.
 *
 * Over the wire: out go BYTES times the letter x, and FIN once the server has
 * ended. In comes whatever the server says.
 * Exit status: 0 all was said, and EOF came; 1 trouble, 2 wrong command line.
 * See also: RFC 9112 section 9.6.
 */
#define _POSIX_C_SOURCE 200809L

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../common/deadline.h"
#include "../common/net.h"

enum { CHUNK = 65536 };

static const double PAUSE = 0.1; /* seconds */

static intmax_t
number(const char *word)
{
    intmax_t n;

    errno = 0;
    n = strtoimax(word, NULL, 10);
    if (word[0] == '\0' || word[strspn(word, "0123456789")] != '\0' ||
        errno == ERANGE)
        errx(2, "bytes '%s': not a number", word);
    return n;
}

static bool
say(int conn, intmax_t bytes)
{
    char chunk[CHUNK];
    size_t size, went;
    intmax_t said;

    memset(chunk, 'x', sizeof chunk);
    for (said = 0; said < bytes; said += (intmax_t)went) {
        size = bytes - said < CHUNK ? (size_t)(bytes - said) : CHUNK;
        went = write_all(conn, chunk, size);
        if (went < size) {
            warn("said %jd of %jd bytes", said + (intmax_t)went, bytes);
            return false;
        }
    }
    printf("said %jd bytes\n", said);
    fflush(stdout); /* main looks whether that has failed */
    return true;
}

/* Say a byte now and then, until the deadline or a reset. */
static bool
go_on(struct deadline limit, int conn)
{
    while (!passed(limit)) {
        if (ready_by(deadline_in(PAUSE), conn, 0)) /* 0: for a reset alone */
            break;
        if (write_all(conn, "x", 1) < 1) {
            warn("went on");
            return false;
        }
    }
    return true;
}

static bool
hear(int conn)
{
    char chunk[CHUNK];
    ssize_t n;
    intmax_t heard = 0;

    while ((n = read_some(conn, chunk, sizeof chunk)) > 0)
        heard += n;
    if (n == -1) {
        warn("heard %jd bytes", heard);
        return false;
    }
    printf("heard %jd bytes and EOF\n", heard);
    return true;
}

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    intmax_t bytes;
    double more;
    bool said, heard;
    int conn;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: talker HOST PORT BYTES [SECONDS]\n");
        return 2;
    }
    bytes = number(argv[3]);
    more = argc == 5 ? seconds(argv[4]) : 0;
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* write says EPIPE instead */
        err(1, "signal");
    where = addresses(argv[1], argv[2]);
    conn = connect_to(where, argv[1], argv[2]);
    freeaddrinfo(where);
    said = say(conn, bytes);
    if (said)
        said = go_on(deadline_in(more), conn);
    heard = hear(conn); /* said or not: the answer may be here already */
    if (close(conn) == -1 && errno != EINTR)
        err(1, "close to server");
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
    return said && heard ? 0 : 1;
}
