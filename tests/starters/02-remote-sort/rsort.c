/*
 * Have a server sort standard input, and print its answer.
 *
 *     rsort HOST PORT
 *
 * TODO: it sends its input, and then waits for the answer for ever: the server
 * waits as well. Make the answer come, and print all of it.
 * README.md beside this file says what it must do, and how it is judged.
 *
 * Exit status: 0 all of the answer is printed, 1 trouble, 2 wrong command line.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 4096 }; /* bytes in one read, at the most */

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
send_input(int conn)
{
    char chunk[CHUNK];
    ssize_t n;

    while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) > 0)
        if (write(conn, chunk, (size_t)n) == -1)
            err(1, "write to server");
    if (n == -1)
        err(1, "read from standard input");
}

static void
print_answer(int conn)
{
    char chunk[CHUNK];
    ssize_t n = read(conn, chunk, sizeof chunk);

    if (n == -1)
        err(1, "read from server");
    printf("%.*s", (int)n, chunk);
}

int
main(int argc, char *argv[])
{
    int conn;

    if (argc != 3) {
        fprintf(stderr, "usage: rsort HOST PORT\n");
        return 2;
    }
    conn = dial(address(argv[1], argv[2]), argv[1], argv[2]);

    /* TODO: begin here. How does the server learn that it has all lines? */
    send_input(conn);
    print_answer(conn);
    return 0;
}
