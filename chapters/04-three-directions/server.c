/*
 * Offer a file to one client, then wait for its thanks.
 *
 *     server HOST PORT FILE rd|wr|rdwr
 *
 * New here: which half is shut is a word on the command line. `wr` is chapter
 * 03; `rd` and `rdwr` are what people try when they mix the constants up.
 *
 * Over the wire: the bytes of FILE, then FIN, with `wr` at once. Back come the
 * thanks.
 * Exit status: 0 thanked, 1 trouble, 2 wrong command line.
 * See also: shutdown(2), RFC 9293 section 3.6.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/stat.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 30 }; /* bytes in one read or write, as in the textbook */

static struct sockaddr_in
address(const char *host, const char *port)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    size_t digits = strspn(port, "0123456789");
    unsigned long number = strtoul(port, NULL, 10);

    if (digits == 0 || port[digits] != '\0' || number > 65535)
        errx(2, "port '%s': not a number from 0 to 65535", port);
    where.sin_port = htons((uint16_t)number);
    if (inet_pton(AF_INET, host, &where.sin_addr) != 1)
        errx(1, "host '%s': not an IPv4 address", host);
    return where;
}

static int
direction(const char *word)
{
    if (strcmp(word, "rd") == 0)
        return SHUT_RD;
    if (strcmp(word, "wr") == 0)
        return SHUT_WR;
    if (strcmp(word, "rdwr") == 0)
        return SHUT_RDWR;
    errx(2, "direction '%s': not rd, wr or rdwr", word);
}

static int
open_file(const char *path)
{
    struct stat st;
    int file = open(path, O_RDONLY);

    if (file == -1 || fstat(file, &st) == -1)
        err(1, "open %s", path);
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        err(1, "open %s", path);
    }
    return file;
}

static int
listen_on(struct sockaddr_in where, const char *host, const char *port)
{
    socklen_t size = sizeof where;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (listener == -1)
        err(1, "socket");
    if (bind(listener, (struct sockaddr *)&where, size) == -1)
        err(1, "bind %s %s", host, port);
    if (listen(listener, 5) == -1)
        err(1, "listen on %s %s", host, port);
    if (getsockname(listener, (struct sockaddr *)&where, &size) == -1)
        err(1, "getsockname %s %s", host, port);
    printf("listening on %s %d\n", host, ntohs(where.sin_port));
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
    return listener;
}

static void
send_file(int conn, int file, const char *path)
{
    char chunk[CHUNK];
    ssize_t n, sent;

    while ((n = read(file, chunk, sizeof chunk)) > 0) {
        sent = write(conn, chunk, (size_t)n);
        if (sent == -1)
            err(1, "write to client");
        if (sent < n)
            errx(1, "write to client: only %zd of %zd bytes went", sent, n);
    }
    if (n == -1)
        err(1, "read %s", path);
}

static bool
hear_thanks(int conn)
{
    char thanks[30];
    ssize_t n = read(conn, thanks, sizeof thanks);

    if (n == -1) {
        warn("read from client");
        return false;
    }
    if (n == 0) {
        warnx("read from client: no thanks");
        return false;
    }
    if (thanks[n - 1] == '\0') /* the textbook's client sends its NUL too */
        n--;
    printf("Message from client: %.*s\n", (int)n, thanks);
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
    return true;
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in where;
    int file, listener, conn, how, status;

    if (argc != 5) {
        fprintf(stderr, "usage: server HOST PORT FILE rd|wr|rdwr\n");
        return 2;
    }
    how = direction(argv[4]);
    where = address(argv[1], argv[2]);
    file = open_file(argv[3]);
    listener = listen_on(where, argv[1], argv[2]);
    conn = accept(listener, NULL, NULL);
    if (conn == -1)
        err(1, "accept a client");
    if (close(listener) == -1) /* a second client is refused, not kept */
        err(1, "close the listener");

    send_file(conn, file, argv[3]);
    if (shutdown(conn, how) == -1)
        err(1, "shutdown to client");
    status = hear_thanks(conn) ? 0 : 1;
    if (close(conn) == -1)
        err(1, "close to client");
    return status;
}
