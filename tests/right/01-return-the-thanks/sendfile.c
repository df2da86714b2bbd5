/*
 * In another style, and for Linux only: sendfile moves the file without a
 * buffer, recvmsg hears the thanks, the listener is gone once it has served.
 */
#define _GNU_SOURCE

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 1024 };

static int
listener_at(const char *host, const char *port)
{
    struct sockaddr_in self = {.sin_family = AF_INET};
    socklen_t size = sizeof self;
    int listener, number = 0;
    char rest;

    if (*port < '0' || *port > '9' || strlen(port) > 5 ||
        sscanf(port, "%5d%c", &number, &rest) != 1 || number > 65535)
        errx(2, "no port: '%s'", port);
    if (!inet_aton(host, &self.sin_addr))
        errx(1, "no address: '%s'", host);
    self.sin_port = htons((in_port_t)number);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener == -1 || bind(listener, (struct sockaddr *)&self, size) == -1)
        err(1, "%s %s", host, port);
    if (listen(listener, SOMAXCONN) == -1 ||
        getsockname(listener, (struct sockaddr *)&self, &size) == -1)
        err(1, "%s %s", host, port);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("listening on %s %d\n", host, ntohs(self.sin_port));
    return listener;
}

static void
send_all(int conn, int file, off_t size)
{
    off_t at = 0;
    ssize_t n;

    while (at < size) {
        n = sendfile(conn, file, &at, (size_t)(size - at));
        if (n == -1)
            err(1, "sendfile");
        if (n == 0) /* the file has shrunk */
            errx(1, "sendfile: nothing was taken");
    }
    if (shutdown(conn, SHUT_WR) == -1)
        err(1, "shutdown");
}

static size_t
hear(int conn, char *text)
{
    size_t length = 0;
    ssize_t n;

    do {
        struct iovec place = {text + length, MOST + 1 - length};
        struct msghdr message = {.msg_iov = &place, .msg_iovlen = 1};

        n = recvmsg(conn, &message, 0);
        if (n == -1)
            err(1, "recvmsg");
        length += (size_t)n;
        if (length > MOST)
            errx(1, "thanks for ever");
    } while (n > 0);
    return length;
}

int
main(int argc, char *argv[])
{
    char text[MOST + 1];
    struct stat about;
    size_t length;
    int file, listener, conn;

    if (argc != 4)
        errx(2, "usage: server HOST PORT FILE");
    file = open(argv[3], O_RDONLY | O_CLOEXEC);
    if (file == -1 || fstat(file, &about) == -1)
        err(1, "%s", argv[3]);
    if (!S_ISREG(about.st_mode) && !S_ISCHR(about.st_mode))
        errx(1, "%s: not a file", argv[3]);
    listener = listener_at(argv[1], argv[2]);
    conn = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (conn == -1)
        err(1, "accept");
    close(listener);

    send_all(conn, file, about.st_size);
    length = hear(conn, text);
    if (length == 0)
        errx(1, "no thanks");
    text[length] = '\0'; /* and an earlier NUL does no harm */
    printf("Message from client: %s\n", text);
    return 0;
}
