/*
 * In another style: one loop around poll, a socket that never blocks, recv and
 * send, and a flag for each direction.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
fail(const char *what)
{
    fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
    return 1;
}

static bool
parse_port(const char *text, in_port_t *port)
{
    long number = 0;
    const char *c;

    for (c = text; *c >= '0' && *c <= '9' && number <= 65535; c++)
        number = number * 10 + (*c - '0');
    *port = htons((in_port_t)number);
    return c != text && *c == '\0' && number <= 65535;
}

static int
listen_at(struct sockaddr_in *where)
{
    socklen_t size = sizeof *where;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd == -1 || bind(fd, (struct sockaddr *)where, size) == -1 ||
        listen(fd, 1) == -1 ||
        getsockname(fd, (struct sockaddr *)where, &size) == -1)
        return -1;
    return fd;
}

static int
converse(int conn, int file, char *thanks, size_t bound, size_t *heard)
{
    char out[4096];
    size_t begin = 0, end = 0;
    bool sending = true, hearing = true;
    ssize_t n;

    while (sending || hearing) {
        struct pollfd slot = {.fd = conn};

        if (sending)
            slot.events |= POLLOUT;
        if (hearing)
            slot.events |= POLLIN;
        if (poll(&slot, 1, -1) == -1)
            return fail("poll");
        if (sending && (slot.revents & POLLOUT)) {
            if (begin == end) {
                n = read(file, out, sizeof out);
                if (n == -1)
                    return fail("read");
                begin = 0;
                end = (size_t)n;
            }
            if (begin == end) {
                sending = false;
                if (shutdown(conn, SHUT_WR) == -1)
                    return fail("shutdown");
            } else {
                n = send(conn, out + begin, end - begin, MSG_NOSIGNAL);
                if (n == -1 && errno != EAGAIN)
                    return fail("send");
                if (n == 0) {
                    fprintf(stderr, "server: send: nothing was taken\n");
                    return 1;
                }
                if (n > 0)
                    begin += (size_t)n;
            }
        }
        if (hearing && (slot.revents & (POLLIN | POLLHUP | POLLERR))) {
            n = recv(conn, thanks + *heard, bound + 1 - *heard, 0);
            if (n == -1 && errno != EAGAIN)
                return fail("recv");
            if (n == 0)
                hearing = false;
            if (n > 0)
                *heard += (size_t)n;
            if (*heard > bound) {
                fprintf(stderr, "server: recv: too much\n");
                return 1;
            }
        }
    }
    return 0;
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    char thanks[1025], nothing;
    size_t heard = 0;
    int file, listener, conn;

    if (argc != 4 || !parse_port(argv[2], &where.sin_port)) {
        fprintf(stderr, "usage: server HOST PORT FILE\n");
        return 2;
    }
    if (inet_pton(AF_INET, argv[1], &where.sin_addr) != 1) {
        fprintf(stderr, "server: %s: no address\n", argv[1]);
        return 1;
    }
    file = open(argv[3], O_RDONLY | O_CLOEXEC);
    if (file == -1 || read(file, &nothing, 0) == -1)
        return fail(argv[3]);
    listener = listen_at(&where);
    if (listener == -1)
        return fail("listen");
    printf("listening on %s %d\n", argv[1], ntohs(where.sin_port));
    fflush(stdout);
    conn = accept(listener, NULL, NULL);
    if (conn == -1 || fcntl(conn, F_SETFL, O_NONBLOCK) == -1)
        return fail("accept");
    close(listener);

    if (converse(conn, file, thanks, sizeof thanks - 1, &heard) != 0)
        return 1;
    if (heard == 0) {
        fprintf(stderr, "server: no thanks\n");
        return 1;
    }
    heard -= thanks[heard - 1] == '\0';
    printf("Message from client: %.*s\n", (int)heard, thanks);
    return ferror(stdout) || fflush(stdout) == EOF ? fail("stdout") : 0;
}
