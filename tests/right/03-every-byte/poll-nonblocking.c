/*
 * In another style: a socket that never blocks, and poll before every call.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
wait_for(int fd, short event)
{
    struct pollfd slot = {.fd = fd, .events = event};

    while (poll(&slot, 1, -1) != 1)
        if (errno != EINTR)
            err(1, "poll");
}

static int
again(void)
{
    return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
}

static void
put(int fd, const char *bytes, size_t count, const char *where)
{
    while (count > 0) {
        ssize_t n = write(fd, bytes, count);

        if (n == -1 && !again())
            err(1, "%s", where);
        if (n == 0)
            errx(1, "%s: nothing was taken", where);
        if (n > 0) {
            bytes += n;
            count -= (size_t)n;
        }
    }
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in there = {.sin_family = AF_INET};
    char bytes[3000], *end;
    const char *thanks = "Thank you";
    unsigned long port;
    size_t said = 0;
    ssize_t n;
    int conn, file, error;
    socklen_t size = sizeof error;

    if (argc != 4 || strchr("0123456789", argv[2][0]) == NULL ||
        argv[2][0] == '\0')
        errx(2, "usage: client HOST PORT FILE");
    port = strtoul(argv[2], &end, 10);
    if (*end != '\0' || port > 65535)
        errx(2, "%s is no port", argv[2]);
    there.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, argv[1], &there.sin_addr) != 1)
        errx(1, "%s is no address", argv[1]);

    conn = socket(AF_INET, SOCK_STREAM, 0);
    if (conn == -1 || fcntl(conn, F_SETFL, O_NONBLOCK) == -1)
        err(1, "socket");
    if (connect(conn, (struct sockaddr *)&there, sizeof there) == -1) {
        if (errno != EINPROGRESS && errno != EINTR)
            err(1, "connect");
        wait_for(conn, POLLOUT);
        if (getsockopt(conn, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
            err(1, "getsockopt");
        if (error != 0)
            errx(1, "connect: %s", strerror(error));
    }

    file = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file == -1)
        err(1, "%s", argv[3]);
    for (;;) {
        wait_for(conn, POLLIN);
        n = read(conn, bytes, sizeof bytes);
        if (n == 0)
            break;
        if (n > 0)
            put(file, bytes, (size_t)n, argv[3]);
        else if (!again())
            err(1, "server");
    }
    if (close(file) == -1 && errno != EINTR)
        err(1, "%s", argv[3]);
    put(STDOUT_FILENO, "Received file data\n", 19, "standard output");
    while (said < strlen(thanks)) {
        wait_for(conn, POLLOUT);
        n = send(conn, thanks + said, strlen(thanks) - said, MSG_NOSIGNAL);
        if (n == -1 && !again())
            err(1, "thanks");
        if (n == 0)
            errx(1, "thanks: nothing was taken");
        if (n > 0)
            said += (size_t)n;
    }
    exit(0);
}
