/*
 * Reading, writing and connecting, until a deadline.
 *
 * The contracts are in deadline.h. POSIX throughout. Time is a double, which
 * holds any patience, and tells microseconds apart however long a machine runs.
 */
#define _POSIX_C_SOURCE 200809L

#include "deadline.h"
#include "net.h"

#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double
seconds(const char *word)
{
    char *end;
    double number = strtod(word, &end);

    if (word[strspn(word, "0123456789.eE+-")] != '\0' || *end != '\0' ||
        !(number > 0 && number <= DBL_MAX)) /* an empty word is 0 */
        errx(2, "seconds '%s': not a finite number above 0", word);
    return number;
}

static double
now(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t) == -1)
        err(1, "clock_gettime");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct deadline
deadline_in(double patience)
{
    struct deadline limit = {patience, now() + patience};

    return limit;
}

bool
passed(struct deadline limit)
{
    return now() >= limit.end;
}

int
milliseconds_left(struct deadline limit)
{
    double left = limit.end - now();

    if (left <= 0)
        return 0;
    if (left > 1e6)
        left = 1e6;
    return (int)(left * 1e3) + 1; /* never too early */
}

void
nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
        err(1, "fcntl");
}

bool
ready_by(struct deadline limit, int fd, short events)
{
    struct pollfd ready = {.fd = fd, .events = events};
    int n, left;

    while ((left = milliseconds_left(limit)) > 0) {
        n = poll(&ready, 1, left);
        if (n > 0)
            return true;
        if (n == -1 && errno != EINTR)
            err(1, "poll");
    }
    errno = TIME_IS_UP;
    return false;
}

ssize_t
read_by(struct deadline limit, int fd, void *bytes, size_t size)
{
    ssize_t n;

    while (ready_by(limit, fd, POLLIN)) {
        n = read_some(fd, bytes, size);
        if (n != -1 || errno != EAGAIN) /* poll can be wrong: look again */
            return n;
    }
    return -1;
}

ssize_t
read_to_eof_by(struct deadline limit, int fd, void *bytes, size_t size)
{
    size_t done = 0;
    ssize_t n = 1;

    while (done < size && n > 0) {
        n = read_by(limit, fd, (char *)bytes + done, size - done);
        if (n == -1)
            return -1;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

size_t
write_by(struct deadline limit, int fd, const void *bytes, size_t size)
{
    size_t done = 0;

    while (done < size && ready_by(limit, fd, POLLOUT)) {
        done += write_all(fd, (const char *)bytes + done, size - done);
        if (done < size && errno != EAGAIN)
            break;
    }
    return done;
}

/* 0, or -1 and errno: TIME_IS_UP if the deadline came first. */
static int
connect_once(struct deadline limit, int conn, const struct addrinfo *where)
{
    if (connect(conn, where->ai_addr, where->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS && errno != EINTR)
        return -1;
    if (!ready_by(limit, conn, POLLOUT))
        return -1;
    return connect_result(conn);
}

int
connect_by(struct deadline limit, const struct addrinfo *where,
           const char *host, const char *port)
{
    int conn, why = EADDRNOTAVAIL; /* there is at least one address */

    for (; where != NULL && why != TIME_IS_UP; where = where->ai_next) {
        conn = socket(where->ai_family, where->ai_socktype, where->ai_protocol);
        if (conn != -1)
            nonblocking(conn);
        if (conn != -1 && connect_once(limit, conn, where) == 0)
            return conn;
        why = errno;
        if (conn != -1)
            close(conn); /* it was never connected: nothing ends here */
    }
    errno = why;
    if (why != TIME_IS_UP)
        err(1, "connect %s %s", host, port);
    return -1;
}
