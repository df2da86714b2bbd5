/*
 * In another style: the file through stdio, thanks only after fclose.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
check(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "client: ");
        perror(what);
        exit(1);
    }
}

static int
connect_to(const char *host, const char *port)
{
    struct addrinfo *found, hints = {.ai_family = AF_INET,
                                     .ai_socktype = SOCK_STREAM,
                                     .ai_flags = AI_NUMERICHOST};
    struct pollfd slot = {.events = POLLOUT};
    struct sockaddr_storage who;
    socklen_t size = sizeof who;
    int code = getaddrinfo(host, port, &hints, &found);

    if (code != 0) {
        fprintf(stderr, "client: %s: %s\n", host, gai_strerror(code));
        exit(1);
    }
    slot.fd = socket(AF_INET, SOCK_STREAM, 0);
    check(slot.fd != -1, "socket");
    if (connect(slot.fd, found->ai_addr, found->ai_addrlen) == -1) {
        check(errno == EINTR, host);
        while (poll(&slot, 1, -1) == -1)
            check(errno == EINTR, "poll");
        check(getpeername(slot.fd, (void *)&who, &size) == 0, host);
    }
    freeaddrinfo(found);
    return slot.fd;
}

int
main(int argc, char **argv)
{
    const char *thanks = "Thank you";
    char bytes[1000];
    FILE *file;
    ssize_t n;
    int conn;

    if (argc != 4 || argv[2][0] == '\0' || strlen(argv[2]) > 5 ||
        strspn(argv[2], "0123456789") != strlen(argv[2]) ||
        atoi(argv[2]) > 65535) {
        fputs("usage: client HOST PORT FILE\n", stderr);
        exit(2);
    }
    conn = connect_to(argv[1], argv[2]);
    file = fopen(argv[3], "wb");
    check(file != NULL, argv[3]);
    do {
        n = recv(conn, bytes, sizeof bytes, 0);
        if (n > 0)
            check(fwrite(bytes, 1, (size_t)n, file) == (size_t)n, argv[3]);
    } while (n > 0 || (n == -1 && errno == EINTR));
    check(n == 0, "recv");
    check(fclose(file) == 0, argv[3]);
    check(puts("Received file data") != EOF && fflush(stdout) == 0, "stdout");
    while (*thanks != '\0') {
        n = send(conn, thanks, strlen(thanks), MSG_NOSIGNAL);
        if (n == 0)
            errno = EIO; /* it took nothing */
        check(n > 0 || errno == EINTR, "send");
        if (n > 0)
            thanks += n;
    }
    close(conn);
    exit(0);
}
