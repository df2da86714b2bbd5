/*
 * In another style: poll on both directions, send and recv, one slot each.
 * MSG_NOSIGNAL in place of a handler. A FIN that comes before ours is trouble.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
die(const char *what)
{
    fputs("rsort: ", stderr);
    perror(what);
    exit(1);
}

static int
connect_to(const char *host, const char *port)
{
    struct addrinfo *found, hints = {.ai_family = AF_INET,
                                     .ai_socktype = SOCK_STREAM,
                                     .ai_flags = AI_NUMERICHOST};
    int conn, code = getaddrinfo(host, port, &hints, &found);

    if (code != 0) {
        fprintf(stderr, "rsort: %s: %s\n", host, gai_strerror(code));
        exit(1);
    }
    conn = socket(AF_INET, SOCK_STREAM, 0);
    if (conn == -1 || connect(conn, found->ai_addr, found->ai_addrlen) == -1)
        die(host);
    freeaddrinfo(found);
    return conn;
}

int
main(int argc, char **argv)
{
    static char up[20000], down[20000];
    size_t begin = 0, end = 0;
    bool got_eof = false, sent_fin = false;
    struct pollfd slots[2];
    ssize_t n;
    int conn;

    if (argc != 3 || strlen(argv[2]) == 0 || strlen(argv[2]) > 5 ||
        strspn(argv[2], "0123456789") != strlen(argv[2]) ||
        atoi(argv[2]) > 65535) {
        fputs("usage: rsort HOST PORT\n", stderr);
        exit(2);
    }
    conn = connect_to(argv[1], argv[2]);
    for (;;) {
        slots[0].fd = begin == end && !got_eof ? STDIN_FILENO : -1;
        slots[0].events = POLLIN;
        slots[1].fd = conn;
        slots[1].events = POLLIN;
        if (begin < end)
            slots[1].events |= POLLOUT;
        if (poll(slots, 2, -1) == -1)
            die("poll");
        if (slots[0].revents != 0) {
            n = read(STDIN_FILENO, up, sizeof up);
            if (n == -1)
                die("standard input");
            got_eof = n == 0;
            begin = 0;
            end = (size_t)n;
        }
        if (slots[1].revents & POLLOUT) {
            n = send(conn, up + begin, end - begin, MSG_NOSIGNAL);
            if (n == 0)
                errno = EIO; /* it took nothing */
            if (n <= 0)
                die("server");
            begin += (size_t)n;
        }
        if (got_eof && begin == end && !sent_fin) {
            if (shutdown(conn, SHUT_WR) == -1)
                die("shutdown");
            sent_fin = true;
        }
        if (slots[1].revents & (POLLIN | POLLERR | POLLHUP)) {
            n = recv(conn, down, sizeof down, 0);
            if (n == -1)
                die("server");
            if (n == 0)
                break;
            for (char *p = down; n > 0;) {
                ssize_t done = write(STDOUT_FILENO, p, (size_t)n);

                if (done == 0)
                    errno = EIO;
                if (done <= 0)
                    die("standard output");
                p += done;
                n -= done;
            }
        }
    }
    if (!sent_fin) {
        fputs("rsort: the server hung up too early\n", stderr);
        exit(1);
    }
    exit(0);
}
