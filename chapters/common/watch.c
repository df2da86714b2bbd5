/*
 * A listener and its crowd of clients, watched by one epoll.
 *
 * The contracts are in watch.h. Linux only: epoll(7). Chapter 12's notes say
 * what others have.
 */
#define _POSIX_C_SOURCE 200809L

#include "watch.h"
#include "limit.h"

#ifdef __linux__

#include <sys/epoll.h>
#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <stddef.h>
#include <unistd.h>

static int epoll, listener;
static bool resting; /* the listener: there is no descriptor for a client */

int
watch_listener(int fd)
{
    listener = fd;
    nonblocking(listener);
    if (listen(listener, SOMAXCONN) == -1) /* listen_on asked for 5 */
        err(1, "listen for a crowd");
    raise_limit();
    epoll = epoll_create1(0);
    if (epoll == -1 || watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL) == -1)
        err(1, "watch the listener");
    return epoll;
}

int
watch(int operation, int fd, uint32_t events, void *whose)
{
    struct epoll_event event = {.events = events, .data.ptr = whose};

    return epoll_ctl(epoll, operation, fd, &event);
}

void
rest(bool now)
{
    if (resting == now)
        return;
    resting = now;
    if (watch(EPOLL_CTL_MOD, listener, now ? 0 : EPOLLIN, NULL) == -1)
        err(1, "epoll_ctl");
}

void
cannot_accept(void)
{
    if (errno == EAGAIN)
        return;
    warn("accept a client");
    rest(true);
}

int
longest_sleep(const struct place *queue)
{
    const struct place *first = oldest(queue);

    if (first != NULL)
        return milliseconds_left(first->limit);
    return resting ? 1000 : -1;
}

void
stop_listening(void)
{
    watch(EPOLL_CTL_DEL, listener, 0, NULL);
    if (shutdown(listener, SHUT_RD) == -1) /* no copy listens on (Linux) */
        err(1, "shutdown the listener");
    close(listener);
    resting = false; /* for good */
}

#endif
