/*
 * With _FORTIFY_SOURCE, as some systems' gcc defines it by itself: where a size
 * is not known before the program runs, glibc is called by other names. The
 * file is read page by page, and the buffer has room for the largest.
 */
#define _POSIX_C_SOURCE 200809L
#undef _FORTIFY_SOURCE
#define _FORTIFY_SOURCE 2

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST = 65536 }; /* bytes of a page, at the most */

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

/* An interrupted connect goes on by itself: wait for it, ask how it ended. */
static int
connect_result(int conn)
{
    struct pollfd ready = {.fd = conn, .events = POLLOUT};
    int why;
    socklen_t size = sizeof why;

    while (poll(&ready, 1, -1) == -1)
        if (errno != EINTR)
            return -1;
    if (getsockopt(conn, SOL_SOCKET, SO_ERROR, &why, &size) == -1)
        return -1;
    errno = why;
    return why == 0 ? 0 : -1;
}

static int
dial(struct sockaddr_in where, const char *host, const char *port)
{
    int result, conn = socket(AF_INET, SOCK_STREAM, 0);

    if (conn == -1)
        err(1, "socket");
    result = connect(conn, (struct sockaddr *)&where, sizeof where);
    if (result == -1 && errno == EINTR)
        result = connect_result(conn);
    if (result == -1)
        err(1, "connect %s %s", host, port);
    return conn;
}

static ssize_t
read_some(int fd, char *bytes, size_t size)
{
    ssize_t n;

    do
        n = read(fd, bytes, size);
    while (n == -1 && errno == EINTR);
    return n;
}

static void
write_all(int fd, const char *bytes, size_t size, const char *whom)
{
    size_t done = 0;
    ssize_t n;

    while (done < size) {
        n = write(fd, bytes + done, size - done);
        if (n == -1 && errno != EINTR)
            err(1, "write to %s", whom);
        if (n == 0)
            errx(1, "write to %s: nothing was taken", whom);
        if (n > 0)
            done += (size_t)n;
    }
}

static void
receive_file(int conn, const char *path)
{
    char page[LARGEST];
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    ssize_t n;
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    if (file == -1)
        err(1, "open %s", path);
    while ((n = read_some(conn, page, size)) > 0)
        write_all(file, page, (size_t)n, path);
    if (n == -1) /* a reset is no end: what came may be half of it */
        err(1, "read from server");
    if (close(file) == -1 && errno != EINTR) /* it is closed, EINTR or not */
        err(1, "close %s", path);
}

int
main(int argc, char *argv[])
{
    const char thanks[] = "Thank you";
    int conn;

    if (argc != 4) {
        fprintf(stderr, "usage: client HOST PORT FILE\n");
        return 2;
    }
    if (fcntl(STDOUT_FILENO, F_GETFD) == -1 || /* else conn may be number 1, */
        fcntl(STDERR_FILENO, F_GETFD) == -1) /* and printf talk to the server */
        err(1, "standard output or error");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* a dead server is EPIPE */
        err(1, "signal");
    conn = dial(address(argv[1], argv[2]), argv[1], argv[2]);

    receive_file(conn, argv[3]);
    printf("Received file data\n");
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
    write_all(conn, thanks, strlen(thanks), "server");
    if (close(conn) == -1 && errno != EINTR)
        err(1, "close to server");
    return 0;
}
