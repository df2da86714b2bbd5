/*
 * Be a crowd of clients: some that say nothing, and some that converse.
 *
 *     crowd HOST PORT SILENT [COUNT AT-ONCE [REQUEST]]
 *
 * SILENT connections are made and kept, until one can't be made within three
 * seconds. Then COUNT conversations are held, AT-ONCE at a time, and each is
 * timed, from its connect to its close; without them we wait to be killed. With
 * a REQUEST it is HTTP that is spoken.
 *
 * Over the wire: what client.c says; a silent client says nothing.
 * Exit status: 0 all went well, 1 trouble, 2 wrong command line.
 * Linux only: epoll(7). See also: SO_SNDTIMEO in socket(7).
 */
#define _GNU_SOURCE

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../common/limit.h"
#include "../common/net.h"

enum { MOST = 256, CHUNK = 65536 };

struct conversation {
    int conn;
    bool spoken;     /* the request has gone */
    long heard;      /* bytes */
    char start[256]; /* the first of them */
    double began;    /* seconds */
};

static struct addrinfo *server;
static const char *request;
static int epoll;

static double
now(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t) == -1)
        err(1, "clock_gettime");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
hold(long count)
{
    const struct timeval bound = {.tv_sec = 3};
    long held = 0;
    int conn = 0;

    for (; held < count && conn != -1; held++) {
        conn = socket(server->ai_family, SOCK_STREAM, 0);
        if (conn == -1 || setsockopt(conn, SOL_SOCKET, SO_SNDTIMEO, &bound,
                                     sizeof bound) == -1)
            err(1, "socket");
        if (connect(conn, server->ai_addr, server->ai_addrlen) == -1)
            break;
    }
    printf("%ld silent clients\n", held);
    fflush(stdout);
}

static void
begin(struct conversation *c)
{
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};

    *c = (struct conversation){.began = now()};
    c->conn = socket(server->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->conn == -1 ||
        (connect(c->conn, server->ai_addr, server->ai_addrlen) == -1 &&
         errno != EINPROGRESS))
        err(1, "connect");
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->conn, &event) == -1)
        err(1, "epoll_ctl");
}

static void
say(const struct conversation *c, const char *words)
{
    if (write_all(c->conn, words, strlen(words)) < strlen(words))
        err(1, "write");
}

/* The server has ended. Was it all? Then say thanks for it. */
static void
answer(const struct conversation *c)
{
    char thanks[64];
    long size = 0;
    int header = 0;

    if (request != NULL && strstr(c->start, " 200 ") == NULL)
        errx(1, "no file came: '%s'", c->start);
    if (request != NULL)
        return;
    if (sscanf(c->start, "%ld\n%n", &size, &header) < 1 ||
        c->heard < size) /* the length itself comes as well */
        errx(1, "EOF after %ld bytes", c->heard);
    snprintf(thanks, sizeof thanks, "Thank you %ld\n", size);
    say(c, thanks);
}

/* One step; whether it was the last of a conversation. */
static bool
proceed(struct conversation *c)
{
    static char chunk[CHUNK];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    ssize_t n;

    if (!c->spoken) {
        if (request != NULL)
            say(c, request);
        c->spoken = true;
        if (epoll_ctl(epoll, EPOLL_CTL_MOD, c->conn, &event) == -1)
            err(1, "epoll_ctl");
        return false;
    }
    n = read_some(c->conn, chunk, sizeof chunk);
    if (n == -1 && errno == EAGAIN)
        return false;
    if (n == -1)
        err(1, "read");
    for (ssize_t i = 0; i < n && c->heard + i < (long)sizeof c->start - 1; i++)
        c->start[c->heard + i] = chunk[i];
    c->heard += n;
    if (n > 0)
        return false;
    answer(c);
    close(c->conn);
    return true;
}

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void
converse(long count, long at_once)
{
    static struct conversation slots[MOST];
    struct epoll_event events[MOST];
    double *took = calloc((size_t)count, sizeof *took), began = now(), all;
    long done = 0, begun = 0;

    if (took == NULL)
        err(1, "calloc");
    for (; begun < at_once && begun < count; begun++)
        begin(&slots[begun]);
    while (done < count) {
        int n = epoll_wait(epoll, events, MOST, -1);

        for (int i = 0; i < n; i++) {
            struct conversation *c = events[i].data.ptr;

            if (!proceed(c))
                continue;
            took[done++] = now() - c->began;
            if (begun++ < count)
                begin(c);
        }
    }
    all = now() - began;
    qsort(took, (size_t)count, sizeof *took, by_size);
    printf("%ld conversations, %ld at a time: %.0f a second\n", count, at_once,
           (double)count / all);
    printf("one took %.3f ms, one in a hundred %.3f ms or more\n",
           took[count / 2] * 1e3, took[count * 99 / 100] * 1e3);
    free(took);
}

static long
number(const char *word, long least, long most)
{
    char *end;
    long n = strtol(word, &end, 10);

    if (end == word || *end != '\0' || n < least || n > most)
        errx(2, "'%s': not a number from %ld to %ld", word, least, most);
    return n;
}

int
main(int argc, char *argv[])
{
    long silent, count = 0, at_once = 0;

    if (argc != 4 && argc != 6 && argc != 7) {
        fprintf(stderr,
                "usage: crowd HOST PORT SILENT [COUNT AT-ONCE [REQUEST]]\n");
        return 2;
    }
    silent = number(argv[3], 0, 1000000);
    if (argc > 4) {
        count = number(argv[4], 1, 1000000);
        at_once = number(argv[5], 1, MOST);
    }
    request = argv[argc - 1 == 6 ? 6 : argc]; /* NULL, behind the last */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        err(1, "signal");
    server = addresses(argv[1], argv[2]);
    raise_limit();
    epoll = epoll_create1(0);
    if (epoll == -1)
        err(1, "epoll_create1");
    hold(silent);
    if (count > 0)
        converse(count, at_once);
    else
        for (;;)
            pause();
    freeaddrinfo(server);
    return 0;
}
