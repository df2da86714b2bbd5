/*
 * In another style: one loop around select, which sends and hears at the same
 * time, and a file that is read at once.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int
fail(const char *what)
{
    fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
    return 1;
}

static long long
microseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
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

/* Microseconds, or 0 for what is none. */
static long long
parse_seconds(const char *text)
{
    long long whole = 0, part = 0, unit = 100000;

    if (!isdigit((unsigned char)*text))
        return 0;
    for (; isdigit((unsigned char)*text) && whole <= 1000000; text++)
        whole = whole * 10 + (*text - '0');
    if (*text == '.') {
        if (!isdigit((unsigned char)*++text))
            return 0;
        for (; isdigit((unsigned char)*text); text++, unit /= 10)
            part += (*text - '0') * unit;
    }
    whole = whole * 1000000 + part;
    return *text == '\0' && whole <= 1000000000000LL ? whole : 0;
}

static char *
slurp(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    size_t room = 1 << 16, n;
    char *all = malloc(room);

    *size = 0;
    if (file == NULL || all == NULL)
        return NULL;
    while ((n = fread(all + *size, 1, room - *size, file)) > 0) {
        *size += n;
        if (*size == room && (all = realloc(all, room *= 2)) == NULL)
            return NULL;
    }
    if (ferror(file))
        return NULL;
    fclose(file);
    return all;
}

static int
converse(int conn, const char *out, size_t size, long long end, char *thanks,
         size_t bound, size_t *heard)
{
    bool sending = true, hearing = true;
    size_t sent = 0;

    while (sending || hearing) {
        long long left = end - microseconds();
        struct timeval most = {.tv_sec = (time_t)(left / 1000000),
                               .tv_usec = (suseconds_t)(left % 1000000)};
        fd_set readable, writable;
        ssize_t n;

        if (left <= 0) {
            fprintf(stderr, "server: the client is too slow\n");
            return 1;
        }
        FD_ZERO(&readable);
        FD_ZERO(&writable);
        if (hearing)
            FD_SET(conn, &readable);
        if (sending)
            FD_SET(conn, &writable);
        if (select(conn + 1, &readable, &writable, NULL, &most) == -1)
            return fail("select");
        if (FD_ISSET(conn, &writable)) {
            n = send(conn, out + sent, size - sent, MSG_NOSIGNAL);
            if (n == -1 && errno != EAGAIN)
                return fail("send");
            if (n == 0) {
                fprintf(stderr, "server: send: nothing was taken\n");
                return 1;
            }
            sent += n > 0 ? (size_t)n : 0;
            if (sent == size) {
                sending = false;
                if (shutdown(conn, SHUT_WR) == -1)
                    return fail("shutdown");
            }
        }
        if (FD_ISSET(conn, &readable)) {
            n = recv(conn, thanks + *heard, bound + 1 - *heard, 0);
            if (n == -1 && errno != EAGAIN)
                return fail("recv");
            hearing = n != 0;
            *heard += n > 0 ? (size_t)n : 0;
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
    socklen_t length = sizeof where;
    char thanks[1025], *out;
    size_t size, heard = 0;
    long long patience = argc == 5 ? parse_seconds(argv[4]) : 0;
    int listener, conn;

    if (patience == 0 || !parse_port(argv[2], &where.sin_port)) {
        fprintf(stderr, "usage: server HOST PORT FILE SECONDS\n");
        return 2;
    }
    if (inet_pton(AF_INET, argv[1], &where.sin_addr) != 1) {
        fprintf(stderr, "server: %s: no address\n", argv[1]);
        return 1;
    }
    out = slurp(argv[3], &size);
    if (out == NULL)
        return fail(argv[3]);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener == -1 ||
        bind(listener, (struct sockaddr *)&where, length) == -1 ||
        listen(listener, 1) == -1 ||
        getsockname(listener, (struct sockaddr *)&where, &length) == -1)
        return fail("listen");
    printf("listening on %s %d\n", argv[1], ntohs(where.sin_port));
    fflush(stdout);
    conn = accept(listener, NULL, NULL);
    if (conn == -1)
        return fail("accept");
    patience += microseconds();
    if (fcntl(conn, F_SETFL, O_NONBLOCK) == -1)
        return fail("fcntl");

    if (converse(conn, out, size, patience, thanks, 1024, &heard) != 0)
        return 1;
    if (heard == 0) {
        fprintf(stderr, "server: no thanks\n");
        return 1;
    }
    heard -= thanks[heard - 1] == '\0';
    printf("Message from client: %.*s\n", (int)heard, thanks);
    return ferror(stdout) || fflush(stdout) == EOF ? fail("stdout") : 0;
}
