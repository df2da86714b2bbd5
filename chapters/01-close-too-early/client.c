/*
 * Fetch a file from a server, then say "Thank you".
 *
 *     client HOST PORT FILE
 *
 * The client is right from the start, and stays as it is until chapter 05:
 * it takes EOF for the end of the file, and answers on the same connection.
 *
 * Over the wire: nothing until EOF, then the nine bytes "Thank you", then FIN.
 * Exit status: 0 the file is stored and the thanks are with the kernel,
 * 1 trouble (a partial FILE stays), 2 wrong command line.
 * See also: connect(2), read(2).
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
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
dial(struct sockaddr_in where, const char *host, const char *port)
{
    int conn = socket(AF_INET, SOCK_STREAM, 0);

    if (conn == -1)
        err(1, "socket");
    if (connect(conn, (struct sockaddr *)&where, sizeof where) == -1)
        err(1, "connect %s %s", host, port);
    return conn;
}

static void
receive_file(int conn, const char *path)
{
    char chunk[CHUNK];
    ssize_t n, stored;
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    if (file == -1)
        err(1, "open %s", path);
    while ((n = read(conn, chunk, sizeof chunk)) > 0) {
        stored = write(file, chunk, (size_t)n);
        if (stored == -1)
            err(1, "write %s", path);
        if (stored < n)
            errx(1, "write %s: only %zd of %zd bytes fit", path, stored, n);
    }
    if (n == -1)
        err(1, "read from server");
    if (close(file) == -1)
        err(1, "close %s", path);
    printf("Received file data\n");
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

static void
say_thanks(int conn)
{
    const char thanks[] = "Thank you";
    size_t length = strlen(thanks);
    ssize_t sent = write(conn, thanks, length);

    if (sent == -1)
        err(1, "write to server");
    if ((size_t)sent < length)
        errx(1, "write to server: only %zd of %zu bytes went", sent, length);
    if (close(conn) == -1)
        err(1, "close to server");
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in where;
    int conn;

    if (argc != 4) {
        fprintf(stderr, "usage: client HOST PORT FILE\n");
        return 2;
    }
    if (fcntl(STDOUT_FILENO, F_GETFD) == -1 || /* else conn may be number 1, */
        fcntl(STDERR_FILENO, F_GETFD) == -1) /* and printf talk to the server */
        err(1, "standard output or error");
    where = address(argv[1], argv[2]);
    conn = dial(where, argv[1], argv[2]);
    receive_file(conn, argv[3]);
    say_thanks(conn);
    return 0;
}
