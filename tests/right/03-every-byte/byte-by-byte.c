/*
 * In another style: a byte at a time leaves nothing over. Slow, and right.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
put(int fd, char byte)
{
    ssize_t n;

    while ((n = write(fd, &byte, 1)) != 1) {
        if (n == 0)
            errx(1, "write: nothing was taken");
        if (errno != EINTR)
            err(1, "write");
    }
}

static int
get(int fd, char *byte)
{
    for (;;) {
        switch (read(fd, byte, 1)) {
        case 1:
            return 1;
        case 0:
            return 0;
        default:
            if (errno != EINTR)
                err(1, "read");
        }
    }
}

static void
finish(int conn)
{
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    struct pollfd slot = {.fd = conn, .events = POLLOUT};

    while (poll(&slot, 1, -1) != 1)
        continue;
    if (getpeername(conn, (struct sockaddr *)&peer, &size) == -1)
        err(1, "connect");
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in server = {.sin_family = AF_INET};
    char byte, *rest;
    long port;
    int conn, file;

    if (argc != 4 || strspn(argv[2], "0123456789") == 0)
        errx(2, "usage: client HOST PORT FILE");
    port = strtol(argv[2], &rest, 10);
    if (*rest != '\0' || port > 65535)
        errx(2, "port %s", argv[2]);
    signal(SIGPIPE, SIG_IGN);
    server.sin_port = htons((uint16_t)port);
    server.sin_addr.s_addr = inet_addr(argv[1]);
    if (server.sin_addr.s_addr == INADDR_NONE)
        errx(1, "host %s", argv[1]);
    conn = socket(AF_INET, SOCK_STREAM, 0);
    if (conn == -1)
        err(1, "socket");
    if (connect(conn, (struct sockaddr *)&server, sizeof server) == -1) {
        if (errno != EINTR)
            err(1, "connect");
        finish(conn);
    }
    file = creat(argv[3], 0666);
    if (file == -1)
        err(1, "%s", argv[3]);
    while (get(conn, &byte))
        put(file, byte);
    if (close(file) == -1 && errno != EINTR)
        err(1, "%s", argv[3]);
    for (const char *p = "Received file data\n"; *p != '\0'; p++)
        put(1, *p);
    for (const char *p = "Thank you"; *p != '\0'; p++)
        put(conn, *p);
    close(conn);
    return 0;
}
