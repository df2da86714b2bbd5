/*
 * In another style: the kernel moves all bytes. sendfile takes them from a
 * file, splice from a pipe, and what a call leaves over is asked for again.
 */
#define _GNU_SOURCE

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 1 << 16 };

/* Move all there is; one end has to be a pipe. */
static void
move(int from, int to, const char *what)
{
    ssize_t n;

    while ((n = splice(from, NULL, to, NULL, MOST, 0)) > 0)
        ;
    if (n == -1)
        err(1, "%s", what);
}

static void
send_input(int conn)
{
    ssize_t n;

    while ((n = sendfile(conn, STDIN_FILENO, NULL, MOST)) > 0)
        ;
    if (n == -1 && errno == EINVAL)
        move(STDIN_FILENO, conn, "standard input to server");
    else if (n == -1)
        err(1, "standard input to server");
}

static void
print_answer(int conn)
{
    ssize_t came, gone;
    int ends[2];

    if (pipe(ends) == -1)
        err(1, "pipe");
    while ((came = splice(conn, NULL, ends[1], NULL, MOST, 0)) > 0)
        for (; came > 0; came -= gone) {
            gone = splice(ends[0], NULL, STDOUT_FILENO, NULL, (size_t)came, 0);
            if (gone <= 0)
                err(1, "standard output");
        }
    if (came == -1)
        err(1, "answer of server");
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    char *end;
    long port;
    int conn;

    if (argc != 3 || argv[2][0] == '\0' ||
        strspn(argv[2], "0123456789") != strlen(argv[2]))
        errx(2, "usage: rsort HOST PORT");
    port = strtol(argv[2], &end, 10);
    if (port > 65535)
        errx(2, "usage: rsort HOST PORT");
    where.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, argv[1], &where.sin_addr) != 1)
        errx(1, "%s: not an address", argv[1]);
    signal(SIGPIPE, SIG_IGN);
    conn = socket(AF_INET, SOCK_STREAM, 0);
    if (conn == -1 || connect(conn, (void *)&where, sizeof where) == -1)
        err(1, "%s %s", argv[1], argv[2]);
    send_input(conn);
    if (shutdown(conn, SHUT_WR) == -1)
        err(1, "shutdown");
    print_answer(conn);
    return 0;
}
