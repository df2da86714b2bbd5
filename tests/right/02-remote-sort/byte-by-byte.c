/*
 * In another style: a byte at a time. Slow, and right.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
each_byte(int from, int to)
{
    char byte;
    ssize_t n;

    while ((n = read(from, &byte, 1)) == 1)
        if (write(to, &byte, 1) != 1)
            err(1, "write");
    if (n != 0)
        err(1, "read");
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in server = {.sin_family = AF_INET};
    char *rest;
    long port;
    int conn;

    if (argc != 3 || strspn(argv[2], "0123456789") == 0)
        errx(2, "usage: rsort HOST PORT");
    port = strtol(argv[2], &rest, 10);
    if (*rest != '\0' || port > 65535)
        errx(2, "port %s", argv[2]);
    signal(SIGPIPE, SIG_IGN);
    server.sin_port = htons((uint16_t)port);
    server.sin_addr.s_addr = inet_addr(argv[1]);
    if (server.sin_addr.s_addr == INADDR_NONE)
        errx(1, "host %s", argv[1]);
    if ((conn = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
        connect(conn, (struct sockaddr *)&server, sizeof server) == -1)
        err(1, "server");
    each_byte(0, conn);
    if (shutdown(conn, SHUT_WR) == -1)
        err(1, "shutdown");
    each_byte(conn, 1);
    return 0;
}
