/*
 * In another style: all of it in memory first, then stored, closed and thanked
 * for; the connection is ended with shutdown, and read to its end.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RETRY(result, call)                                                    \
    do                                                                         \
        result = (call);                                                       \
    while (result == -1 && errno == EINTR)

static void
need(int good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

static void
spill(int fd, const char *bytes, size_t left, const char *what)
{
    ssize_t n;

    for (; left > 0; left -= (size_t)n, bytes += n) {
        RETRY(n, write(fd, bytes, left));
        if (n == 0)
            errno = EIO; /* it took nothing */
        need(n > 0, what);
    }
}

int
main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct pollfd slot = {.events = POLLOUT};
    size_t size = 0, room = 1024;
    char *all = malloc(room);
    int conn, file, n, why = 0;
    socklen_t length = sizeof why;
    ssize_t got;

    if (argc != 4 || argv[2][0] == '\0' ||
        argv[2][strspn(argv[2], "0123456789")] != '\0' ||
        strtoul(argv[2], NULL, 10) > 65535) {
        fprintf(stderr, "usage: client HOST PORT FILE\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    to.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    errno = EINVAL;
    need(inet_pton(AF_INET, argv[1], &to.sin_addr) == 1, argv[1]);
    slot.fd = conn = socket(AF_INET, SOCK_STREAM, 0);
    need(conn != -1, "socket");
    if (connect(conn, (struct sockaddr *)&to, sizeof to) == -1) {
        need(errno == EINTR, "connect");
        RETRY(n, poll(&slot, 1, -1));
        need(n == 1, "poll");
        need(getsockopt(conn, SOL_SOCKET, SO_ERROR, &why, &length) == 0, "?");
        errno = why;
        need(why == 0, "connect");
    }
    file = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    need(file != -1, argv[3]);
    do {
        if (size == room)
            all = realloc(all, room *= 2);
        need(all != NULL, "memory");
        RETRY(got, recv(conn, all + size, room - size, 0));
        need(got != -1, "recv");
        size += (size_t)got;
    } while (got > 0);
    spill(file, all, size, argv[3]);
    n = close(file);
    need(n == 0 || errno == EINTR, argv[3]);
    spill(1, "Received file data\n", 19, "standard output");
    spill(conn, "Thank you", 9, "server");
    shutdown(conn, SHUT_WR);
    close(conn);
    return 0;
}
