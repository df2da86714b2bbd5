/*
 * In another style: aio(7) reads, writes and thanks, one request at a time.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <aio.h>
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

/* Wait for a request to end; return what it moved. */
static size_t
moved(struct aiocb *request, int begun, const char *what)
{
    const struct aiocb *const all[] = {request};
    ssize_t n;

    if (begun == -1)
        err(1, "%s", what);
    while (aio_error(request) == EINPROGRESS)
        if (aio_suspend(all, 1, NULL) == -1 && errno != EINTR)
            err(1, "%s", what);
    errno = aio_error(request);
    n = aio_return(request);
    if (n == -1)
        err(1, "%s", what);
    return (size_t)n;
}

static void
write_all(int fd, char *bytes, size_t size, off_t at, const char *what)
{
    for (size_t done = 0; done < size;) {
        struct aiocb request = {.aio_fildes = fd,
                                .aio_buf = bytes + done,
                                .aio_nbytes = size - done,
                                .aio_offset = at + (off_t)done};

        size_t n = moved(&request, aio_write(&request), what);

        if (n == 0)
            errx(1, "%s: nothing was taken", what);
        done += n;
    }
}

int
main(int argc, char *argv[])
{
    char bytes[5000], thanks[] = "Thank you";
    off_t at = 0;
    size_t n;
    int conn, file;

    if (argc != 4)
        errx(2, "usage: client HOST PORT FILE");
    signal(SIGPIPE, SIG_IGN);
    conn = dial(argv[1], argv[2]);
    file = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file == -1)
        err(1, "%s", argv[3]);
    do {
        struct aiocb request = {
            .aio_fildes = conn, .aio_buf = bytes, .aio_nbytes = sizeof bytes};

        n = moved(&request, aio_read(&request), "read from server");
        write_all(file, bytes, n, at, argv[3]);
        at += (off_t)n;
    } while (n > 0);
    if (close(file) == -1 && errno != EINTR)
        err(1, "%s", argv[3]);
    if (puts("Received file data") == EOF || fflush(stdout) == EOF)
        err(1, "standard output");
    write_all(conn, thanks, strlen(thanks), 0, "write to server");
    return 0;
}
