/*
 * Ask the kernel whether a message has arrived that nobody will ever read.
 *
 *     nobody
 *
 * We listen, and never call accept. So a connection to us gets an answer from
 * our kernel, and from no program. What people ask in place of an answer is
 * asked on such connections, one line for each: a close that lingers, the queue
 * of what is not acknowledged, and whether TCP_USER_TIMEOUT or keep-alive find
 * anything wrong.
 *
 * Over the wire: connections to ourselves on 127.0.0.1, 12 bytes on each.
 * Exit status: 0 all was asked, 1 trouble.
 * See also: socket(7), tcp(7). Some of it is for Linux alone; other systems
 * leave these lines out.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double
now(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t) == -1)
        err(1, "clock_gettime");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
set(int conn, int level, int option, int value)
{
    if (setsockopt(conn, level, option, &value, sizeof value) == -1)
        err(1, "setsockopt");
}

static int
listen_and_ignore(struct sockaddr_in *where)
{
    socklen_t size = sizeof *where;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    where->sin_family = AF_INET;
    where->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener == -1 ||
        bind(listener, (struct sockaddr *)where, sizeof *where) == -1 ||
        listen(listener, 5) == -1 ||
        getsockname(listener, (struct sockaddr *)where, &size) == -1)
        err(1, "listen on 127.0.0.1");
    return listener;
}

static int
send_to(const struct sockaddr_in *where)
{
    int conn = socket(AF_INET, SOCK_STREAM, 0);

    if (conn == -1 ||
        connect(conn, (const struct sockaddr *)where, sizeof *where) == -1)
        err(1, "connect to ourselves");
    if (write(conn, "To be sent.\n", 12) != 12)
        err(1, "write to nobody");
    return conn;
}

static void
lingering_close(const struct sockaddr_in *where)
{
    const struct linger how = {.l_onoff = 1, .l_linger = 2};
    int conn = send_to(where);
    double began = now();

    if (setsockopt(conn, SOL_SOCKET, SO_LINGER, &how, sizeof how) == -1)
        err(1, "setsockopt SO_LINGER");
    if (close(conn) == -1)
        err(1, "close to nobody");
    printf("SO_LINGER 2 s: close returned 0 after %.3f s\n", now() - began);
}

/* Linux calls this SIOCOUTQ: written, and not acknowledged. */
static void
queue(const struct sockaddr_in *where)
{
#ifdef TIOCOUTQ
    int conn = send_to(where), left = 1;
    double began = now();

    while (left > 0 && now() - began < 2)
        if (ioctl(conn, TIOCOUTQ, &left) == -1 || poll(NULL, 0, 1) == -1)
            err(1, "look at what is not acknowledged");
    printf("SIOCOUTQ: %d bytes left after %.3f s\n", left, now() - began);
    close(conn);
#endif
}

/* Wait for an error: poll tells of that without being asked. */
static void
wait_for_trouble(const char *option, int conn)
{
    struct pollfd trouble = {.fd = conn};
    int n = poll(&trouble, 1, 2500);

    if (n == -1)
        err(1, "poll");
    printf("%s: %s\n", option, n > 0 ? "trouble" : "no trouble after 2.5 s");
    close(conn);
}

int
main(void)
{
    struct sockaddr_in where = {0};
    int listener = listen_and_ignore(&where);
    int conn;

    lingering_close(&where);
    queue(&where);
#ifdef TCP_USER_TIMEOUT
    conn = send_to(&where);
    set(conn, IPPROTO_TCP, TCP_USER_TIMEOUT, 500); /* milliseconds */
    wait_for_trouble("TCP_USER_TIMEOUT 0.5 s", conn);
#endif
#ifdef TCP_KEEPIDLE
    conn = send_to(&where);
    set(conn, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(conn, IPPROTO_TCP, TCP_KEEPIDLE, 1);  /* seconds of silence */
    set(conn, IPPROTO_TCP, TCP_KEEPINTVL, 1); /* seconds for an answer */
    set(conn, IPPROTO_TCP, TCP_KEEPCNT, 1);   /* answers that may be missing */
    wait_for_trouble("SO_KEEPALIVE 1 s", conn);
#endif
    if (close(listener) == -1)
        err(1, "close the listener");
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
    return 0;
}
