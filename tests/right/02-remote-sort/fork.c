/*
 * In another style: a child copies standard input to the server, and hangs up
 * in that direction; the parent meanwhile waits for the answer.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/wait.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
pump(int in, int out)
{
    char bytes[512], *p;
    ssize_t n, m;

    for (;;) {
        n = read(in, bytes, sizeof bytes);
        if (n == 0)
            return 0;
        if (n == -1)
            return -1;
        for (p = bytes; n > 0; p += m, n -= m) {
            m = write(out, p, (size_t)n);
            if (m == 0)
                errno = EIO; /* it took nothing */
            if (m <= 0)
                return -1;
        }
    }
}

int
main(int argc, char **argv)
{
    struct sockaddr_in there;
    char *end;
    long port = -1;
    int conn, status;
    pid_t child;

    if (argc == 3 && argv[2][0] >= '0' && argv[2][0] <= '9') {
        port = strtol(argv[2], &end, 10);
        if (*end != '\0')
            port = -1;
    }
    if (port < 0 || port > 65535) {
        fprintf(stderr, "usage: rsort HOST PORT\n");
        return 2;
    }
    memset(&there, 0, sizeof there);
    there.sin_family = AF_INET;
    there.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, argv[1], &there.sin_addr) != 1) {
        fprintf(stderr, "rsort: bad host %s\n", argv[1]);
        return 1;
    }
    conn = socket(AF_INET, SOCK_STREAM, 0);
    if (conn < 0 || connect(conn, (void *)&there, sizeof there) < 0) {
        perror("rsort: connect");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    child = fork();
    if (child < 0) {
        perror("rsort: fork");
        return 1;
    }
    if (child == 0) {
        if (pump(STDIN_FILENO, conn) < 0 || shutdown(conn, SHUT_WR) < 0) {
            perror("rsort: sending");
            shutdown(conn, SHUT_RDWR); /* the parent need not wait */
            _exit(1);
        }
        _exit(0);
    }
    if (pump(conn, STDOUT_FILENO) < 0) {
        perror("rsort: answer");
        kill(child, SIGKILL);
        return 1;
    }
    if (waitpid(child, &status, 0) < 0 || status != 0)
        return 1;
    return 0;
}
