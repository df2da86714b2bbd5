/* caught by: as-it-comes */
/* happens: the next did not come until more was there */
/*
 * It reads all of standard input before it sends the first byte.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <signal.h>
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
write_all(int fd, const char *bytes, size_t size, const char *whom)
{
    size_t done = 0;
    ssize_t n;

    while (done < size) {
        n = write(fd, bytes + done, size - done);
        if (n == -1)
            err(1, "write to %s", whom);
        done += (size_t)n;
    }
}

/* Copy until EOF. The byte at hand is passed on before more is waited for. */
static void
copy(int from, const char *source, int to, const char *sink)
{
    char chunk[CHUNK];
    ssize_t n;

    while ((n = read(from, chunk, sizeof chunk)) > 0)
        write_all(to, chunk, (size_t)n, sink);
    if (n == -1) /* a reset is no end: what came may be half of it */
        err(1, "read from %s", source);
}

static void
send_input(int conn)
{
    char *all = NULL;
    size_t size = 0, length = 0;
    ssize_t n;

    do {
        if (length == size) {
            size = size == 0 ? CHUNK : 2 * size;
            all = realloc(all, size);
            if (all == NULL)
                err(1, "realloc");
        }
        n = read(STDIN_FILENO, all + length, size - length);
        if (n == -1)
            err(1, "read from standard input");
        length += (size_t)n;
    } while (n > 0);
    write_all(conn, all, length, "server");
    free(all);
}

int
main(int argc, char *argv[])
{
    int conn;

    if (argc != 3) {
        fprintf(stderr, "usage: rsort HOST PORT\n");
        return 2;
    }
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* a dead server is EPIPE */
        err(1, "signal");
    conn = dial(address(argv[1], argv[2]), argv[1], argv[2]);

    send_input(conn);
    if (shutdown(conn, SHUT_WR) == -1) /* sends FIN; now the server sorts */
        err(1, "shutdown");
    copy(conn, "server", STDOUT_FILENO, "standard output");

    if (close(conn) == -1)
        err(1, "close");
    if (close(STDOUT_FILENO) == -1) /* some disks are full only now */
        err(1, "standard output");
    return 0;
}
