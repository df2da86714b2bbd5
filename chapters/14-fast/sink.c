/*
 * Receive what a server sends, throw it away, and say how long that took.
 *
 *     sink HOST PORT BUFFER [REQUEST]
 *
 * BUFFER is how many bytes a recv(2) is given room for. With a REQUEST it is
 * HTTP that is spoken; else a receipt is given, as client.c gives it, with the
 * length that stands in the first line if there is one. No byte reaches a disk:
 * what is measured is a server, and the kernel, and one copy.
 *
 * Standard output: "BYTES bytes in SECONDS, PROCESSOR", from connect to EOF,
 * the seconds of this process's own processor time among them. Exit status: 0
 * all went well, 1 trouble, 2 wrong command line. See also: getrusage(2).
 */
#define _GNU_SOURCE

#include <sys/resource.h>
#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../common/net.h"

static double
now(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t) == -1)
        err(1, "clock_gettime");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Seconds of processor that this process has used so far. */
static double
processor(void)
{
    struct rusage used;

    if (getrusage(RUSAGE_SELF, &used) == -1)
        err(1, "getrusage");
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static size_t
buffer_size(const char *word)
{
    char *end;
    unsigned long size = strtoul(word, &end, 10);

    if (word[0] < '0' || word[0] > '9' || *end != '\0' || size == 0 ||
        size > 1UL << 30)
        errx(2, "buffer '%s': not a number from 1 to 1073741824", word);
    return size;
}

/* Read to EOF; how many bytes came, and of them the `first`, as a string. */
static intmax_t
discard(int conn, char *buffer, size_t size, char first[32])
{
    intmax_t came = 0;
    ssize_t n;

    while ((n = recv(conn, buffer, size, 0)) != 0) {
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            err(1, "read from server");
        if (came == 0)
            snprintf(first, 32, "%.*s", (int)n, buffer);
        came += n;
    }
    return came;
}

static void
say_thanks(int conn, const char *first)
{
    char thanks[48];
    size_t digits = strspn(first, "0123456789");
    int length = digits > 0 && first[digits] == '\n'
                     ? snprintf(thanks, sizeof thanks, "Thank you %.*s\n",
                                (int)digits, first)
                     : snprintf(thanks, sizeof thanks, "Thank you");

    if (write_all(conn, thanks, (size_t)length) < (size_t)length)
        err(1, "write to server");
}

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    char *buffer, first[32] = "";
    double began, took, used;
    intmax_t came;
    size_t size;
    int conn;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: sink HOST PORT BUFFER [REQUEST]\n");
        return 2;
    }
    size = buffer_size(argv[3]);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        err(1, "signal");
    buffer = calloc(1, size);
    if (buffer == NULL)
        err(1, "buffer of %zu bytes", size);
    where = addresses(argv[1], argv[2]);
    began = now();
    used = processor();
    conn = connect_to(where, argv[1], argv[2]);
    freeaddrinfo(where);
    if (argc == 5 &&
        write_all(conn, argv[4], strlen(argv[4])) < strlen(argv[4]))
        err(1, "write to server");
    came = discard(conn, buffer, size, first);
    took = now() - began;
    used = processor() - used;
    if (argc == 4)
        say_thanks(conn, first);
    close(conn); /* the server sees our EOF */
    printf("%jd bytes in %.6f s, %.6f s of processor\n", came, took, used);
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
    free(buffer);
    return 0;
}
