/*
 * In another style: stdio on the connection as well, and dprintf for the
 * thanks. What libc calls by itself no signal is sent to, and it goes on after
 * a short count.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
dial(const char *host, const char *port)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    unsigned long number = strtoul(port, NULL, 10);
    int conn = socket(AF_INET, SOCK_STREAM, 0), why = 0;
    struct pollfd ready = {.fd = conn, .events = POLLOUT};
    socklen_t size = sizeof why;

    if (port[0] == '\0' || strspn(port, "0123456789") != strlen(port) ||
        number > 65535)
        errx(2, "port '%s': no number from 0 to 65535", port);
    where.sin_port = htons((uint16_t)number);
    if (inet_pton(AF_INET, host, &where.sin_addr) != 1)
        errx(1, "%s: not an address", host);
    if (connect(conn, (void *)&where, sizeof where) == -1) {
        if (errno != EINTR)
            err(1, "connect %s %s", host, port);
        while (poll(&ready, 1, -1) == -1)
            if (errno != EINTR)
                err(1, "poll");
        if (getsockopt(conn, SOL_SOCKET, SO_ERROR, &why, &size) == -1 ||
            why != 0)
            errx(1, "connect %s %s: %s", host, port, strerror(why));
    }
    return conn;
}

int
main(int argc, char *argv[])
{
    FILE *conn, *file;
    int c;

    if (argc != 4)
        errx(2, "usage: client HOST PORT FILE");
    signal(SIGPIPE, SIG_IGN);
    conn = fdopen(dial(argv[1], argv[2]), "rb");
    file = conn == NULL ? NULL : fopen(argv[3], "wb");
    if (file == NULL)
        err(1, "%s", argv[3]);
    while ((c = getc(conn)) != EOF)
        if (putc(c, file) == EOF)
            err(1, "%s", argv[3]);
    if (ferror(conn))
        err(1, "read from server");
    if (fclose(file) == EOF)
        err(1, "%s", argv[3]);
    if (puts("Received file data") == EOF || fflush(stdout) == EOF)
        err(1, "standard output");
    if (dprintf(fileno(conn), "Thank you") == -1)
        err(1, "write to server");
    if (fclose(conn) == EOF)
        err(1, "close");
    return 0;
}
