/*
 * In another style: readv, writev and sendmsg, and system calls made by their
 * numbers. What a call leaves over is asked for again.
 */
#define _GNU_SOURCE

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct halves {
    char left[512], right[512];
};

/* Describe what stands in two halves from `from` to `to`. */
static int
parts(struct halves *all, size_t from, size_t to, struct iovec *made)
{
    size_t middle = sizeof all->left, in_left = to < middle ? to : middle;
    int count = 0;

    if (from < in_left)
        made[count++] = (struct iovec){all->left + from, in_left - from};
    if (to > middle) {
        size_t begin = from > middle ? from - middle : 0;

        made[count++] = (struct iovec){all->right + begin, to - middle - begin};
    }
    return count;
}

static void
copy(int from, int to, int is_socket)
{
    struct halves all;
    struct iovec made[2];
    ssize_t came, n;
    size_t done;

    for (;;) {
        came = readv(from, made, parts(&all, 0, sizeof all, made));
        if (came == -1)
            err(1, "read");
        if (came == 0)
            return;
        for (done = 0; done < (size_t)came; done += (size_t)n) {
            int count = parts(&all, done, (size_t)came, made);
            struct msghdr message = {.msg_iov = made,
                                     .msg_iovlen = (size_t)count};

            n = is_socket ? sendmsg(to, &message, MSG_NOSIGNAL)
                          : syscall(SYS_writev, to, made, count);
            if (n == -1)
                err(1, "write");
            if (n == 0)
                errx(1, "write: nothing was taken");
        }
    }
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    unsigned long port;
    int conn;

    if (argc != 3 || argv[2][0] == '\0' ||
        strspn(argv[2], "0123456789") != strlen(argv[2]))
        errx(2, "usage: rsort HOST PORT");
    port = strtoul(argv[2], NULL, 10);
    if (port > 65535)
        errx(2, "usage: rsort HOST PORT");
    where.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, argv[1], &where.sin_addr) != 1)
        errx(1, "%s: not an address", argv[1]);
    conn = socket(AF_INET, SOCK_STREAM, 0);
    if (conn == -1 || syscall(SYS_connect, conn, &where, sizeof where) == -1)
        err(1, "%s %s", argv[1], argv[2]);
    copy(STDIN_FILENO, conn, 1);
    if (shutdown(conn, SHUT_WR) == -1)
        err(1, "shutdown");
    copy(conn, STDOUT_FILENO, 0);
    return 0;
}
