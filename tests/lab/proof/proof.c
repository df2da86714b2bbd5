/*
 * Be watched: dial, wait for a byte, send it back, and wait for more.
 *
 *     proof PORT
 *
 * A read that a signal interrupts is made again. Exit status: 0 at EOF, 1 for
 * trouble. See also: __init__.py.
 */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int conn = socket(AF_INET, SOCK_STREAM, 0);
    char byte;
    ssize_t n;

    if (argc != 2 || conn == -1)
        err(1, "socket");
    there.sin_port = htons((uint16_t)atoi(argv[1]));
    if (connect(conn, (struct sockaddr *)&there, sizeof(there)) == -1)
        err(1, "connect");
    while ((n = read(conn, &byte, 1)) != 0) {
        if (n == -1 && errno != EINTR)
            err(1, "read");
        if (n == 1 && write(conn, &byte, 1) != 1)
            err(1, "write");
    }
    return 0;
}
