/*
 * Names to addresses, listening, dialling, reading and writing it all.
 *
 * The contracts are in net.h. POSIX throughout. Every call that a signal can
 * interrupt before it has done anything (EINTR) is made again, except two:
 * connect(2) goes on by itself, and on Linux close(2) has given the descriptor
 * back. (POSIX of 2024 lets close keep it; then it stays open until we exit.)
 */
#define _GNU_SOURCE /* program_invocation_short_name, on Linux */
#define _POSIX_C_SOURCE 200809L

#include "net.h"

#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct addrinfo *
addresses(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV};
    struct addrinfo *where;
    size_t digits = strspn(port, "0123456789");
    unsigned long number = strtoul(port, NULL, 10);
    int why;

    if (digits == 0 || port[digits] != '\0' || number > 65535)
        errx(2, "port '%s': not a number from 0 to 65535", port);
    why = getaddrinfo(host, port, &hints, &where);
    if (why == EAI_SYSTEM)
        err(1, "host '%s'", host);
    if (why != 0)
        errx(1, "host '%s': %s", host, gai_strerror(why));
    return where;
}

/* A socket that has one address, or -1 and errno. */
static int
bound_to(const struct addrinfo *where)
{
    int yes = 1, why;
    int fd = socket(where->ai_family, where->ai_socktype, where->ai_protocol);

    if (fd == -1)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(fd, where->ai_addr, where->ai_addrlen) == 0)
        return fd;
    why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* Whether an error says that this machine has no such address. */
static bool
not_here(int why)
{
    return why == EAFNOSUPPORT || why == EADDRNOTAVAIL;
}

int
listen_on(const struct addrinfo *where, const char *host, const char *port)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    char number[sizeof "65535"];
    int why, listener = bound_to(where);

    while (listener == -1 && not_here(errno) &&
           (where = where->ai_next) != NULL)
        listener = bound_to(where);
    if (listener == -1)
        err(1, "bind %s %s", host, port);
    if (listen(listener, 5) == -1)
        err(1, "listen on %s %s", host, port);
    if (getsockname(listener, (struct sockaddr *)&bound, &size) == -1)
        err(1, "getsockname %s %s", host, port);
    why = getnameinfo((struct sockaddr *)&bound, size, NULL, 0, number,
                      sizeof number, NI_NUMERICSERV);
    if (why != 0)
        errx(1, "getnameinfo %s %s: %s", host, port, gai_strerror(why));
    printf("listening on %s %s\n", host, number);
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
    return listener;
}

/* Whether an error befell a client, and leaves the listener as it was. */
static bool
client_was_lost(int why)
{
    switch (why) {
    case ECONNABORTED:
    case EPROTO:
#ifdef __linux__ /* accept also tells what its network had to say */
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
#endif
        return true;
    default:
        return false;
    }
}

int
accept_client(int listener)
{
    char name[CLIENT_NAME];

    return accept_named(listener, name);
}

int
accept_named(int listener, char name[CLIENT_NAME])
{
    struct sockaddr_storage from;
    socklen_t size;
    char host[INET6_ADDRSTRLEN + sizeof "%4294967295"], port[sizeof "65535"];
    int conn;

    do {
        size = sizeof from;
        conn = accept(listener, (struct sockaddr *)&from, &size);
    } while (conn == -1 && (errno == EINTR || client_was_lost(errno)));
    if (conn == -1)
        return -1;
    if (getnameinfo((struct sockaddr *)&from, size, host, sizeof host, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(name, CLIENT_NAME, "%s %s", host, port);
    else
        snprintf(name, CLIENT_NAME, "a client without a name");
    return conn;
}

void
name_in_errors(const char name[CLIENT_NAME])
{
    static char words[64 + CLIENT_NAME];
#ifdef __linux__ /* glibc and musl */
    snprintf(words, sizeof words, "%s: %s", program_invocation_short_name,
             name);
    program_invocation_short_name = words;
#else /* BSD and macOS declare them for programs that ask for more than POSIX  \
       */
    const char *getprogname(void);
    void setprogname(const char *);

    snprintf(words, sizeof words, "%s: %s", getprogname(), name);
    setprogname(words);
#endif
}

void
whole_lines(void)
{
    static char line[BUFSIZ]; /* without one of ours musl writes in pieces */

    if (setvbuf(stderr, line, _IOLBF, sizeof line) != 0)
        errx(1, "setvbuf");
}

/* connect(2) made twice would fail: the first goes on without us. */
static int
connect_once(int conn, const struct addrinfo *where)
{
    struct pollfd ready = {.fd = conn, .events = POLLOUT};

    if (connect(conn, where->ai_addr, where->ai_addrlen) == 0)
        return 0;
    if (errno != EINTR)
        return -1;
    while (poll(&ready, 1, -1) == -1)
        if (errno != EINTR)
            return -1;
    return connect_result(conn);
}

int
connect_to(const struct addrinfo *where, const char *host, const char *port)
{
    int conn, why = 0;

    for (; where != NULL; where = where->ai_next) {
        conn = socket(where->ai_family, where->ai_socktype, where->ai_protocol);
        if (conn != -1 && connect_once(conn, where) == 0)
            return conn;
        why = errno;
        if (conn != -1)
            close(conn); /* it was never connected: nothing ends here */
    }
    errno = why;
    err(1, "connect %s %s", host, port);
}

int
connect_result(int conn)
{
    int why;
    socklen_t size = sizeof why;

    if (getsockopt(conn, SOL_SOCKET, SO_ERROR, &why, &size) == -1)
        return -1;
    errno = why;
    return why == 0 ? 0 : -1;
}

ssize_t
read_some(int fd, void *bytes, size_t size)
{
    ssize_t n;

    do
        n = read(fd, bytes, size);
    while (n == -1 && errno == EINTR);
    return n;
}

ssize_t
read_to_eof(int fd, void *bytes, size_t size)
{
    size_t done = 0;
    ssize_t n = 1;

    while (done < size && n > 0) {
        n = read_some(fd, (char *)bytes + done, size - done);
        if (n == -1)
            return -1;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

size_t
write_all(int fd, const void *bytes, size_t size)
{
    size_t done = 0;
    ssize_t n;

    while (done < size) {
        n = write(fd, (const char *)bytes + done, size - done);
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0) { /* to ask again would be to ask for ever */
            errno = EIO;
            break;
        } else if (errno != EINTR) {
            break;
        }
    }
    return done;
}
