/*
 * Offer a file to one client, then wait for its thanks.
 *
 *     server HOST PORT FILE
 *
 * New here: shutdown(SHUT_WR) ends our half of the conversation, and close ends
 * the rest of it once the thanks have been read.
 *
 * Over the wire: the bytes of FILE, then FIN. Back come the thanks, then FIN.
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

static void
hear_thanks(int conn)
{
    char thanks[30];
    ssize_t n = read(conn, thanks, sizeof thanks);

    if (n == -1)
        err(1, "read from client");
    if (n == 0)
        errx(1, "read from client: no thanks");
    if (thanks[n - 1] == '\0') /* the textbook's client sends its NUL too */
        n--;
    printf("Message from client: %.*s\n", (int)n, thanks);
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in where;
    int file, listener, conn;

    if (argc != 4) {
        fprintf(stderr, "usage: server HOST PORT FILE\n");
        return 2;
    }
    where = address(argv[1], argv[2]);
    file = open_file(argv[3]);
    listener = listen_on(where, argv[1], argv[2]);
    conn = accept(listener, NULL, NULL);
    if (conn == -1)
        err(1, "accept a client");
    if (close(listener) == -1) /* a second client is refused, not kept */
        err(1, "close the listener");

    send_file(conn, file, argv[3]);
    if (shutdown(conn, SHUT_WR) == -1) /* sends FIN; the client reads EOF */
        err(1, "shutdown to client");
    hear_thanks(conn);
    if (close(conn) == -1)
        err(1, "close to client");
    return 0;
}
