/*
 * Stand between clients and a target, and pass on what each of them says.
 *
 *     relay HOST PORT TOHOST TOPORT [SECONDS]
 *
 * New here: a link has two directions, and each ends on its own. A FIN that
 * comes in goes out at the other end once all that came before it has gone; a
 * RST goes out as a RST, at once. What one end has said and the other has not
 * taken is CHUNK bytes at the most: until it takes them, no more is read.
 *
 * SECONDS (10) bound a silence once one direction has ended, and a connection
 * that isn't answered. While both directions are open there is no bound: two
 * programs may have nothing to say to each other for as long as they like.
 *
 * Over the wire: what the client and the target say.
 * Exit status: 0 stopped by a signal, 1 trouble, 2 wrong command line.
 * Linux only: epoll(7). See also: RFC 9293 section 3.6, shutdown(2).
 */
#define _GNU_SOURCE

#ifndef __linux__
#error "epoll(7) is Linux's: the notes of chapter 12 say what others have"
#endif

#include <sys/epoll.h>
#include <sys/socket.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../common/deadline.h"
#include "../common/dial.h"
#include "../common/net.h"
#include "../common/stop.h"
#include "../common/watch.h"

enum { CHUNK = 65536 };

enum { CLIENT, TARGET }; /* the ends of a link */

struct end {
    const char *who; /* "client" or "target" */
    struct link *link;
    struct end *other;
    int conn;          /* -1 where there is none */
    bool got_fin;      /* it has said all it had to say */
    bool sent_fin;     /* it has been told that the other has, too */
    size_t head, tail; /* of what it said and the other has not taken yet */
    char said[CHUNK];
};

struct link {
    struct place place;             /* first: in one of the two queues below */
    const struct addrinfo *untried; /* addresses of the target */
    bool connected;                 /* the target has answered */
    struct end end[2];
    char name[CLIENT_NAME]; /* the client's */
};

/* Links whose silence is bounded, and those that may be silent for ever. */
static struct place timed = {.older = &timed, .newer = &timed},
                    untimed = {.older = &untimed, .newer = &untimed};
static int epoll, listener;
static struct addrinfo *addresses_of_target;
static double patience;

static void
start_clock(struct link *l)
{
    l->place.limit = deadline_in(patience);
    join(&timed, &l->place);
}

/* End a link; if it is broken, in a RST: neither end is to take it for whole.
 */
static void
drop(struct link *l, bool broken)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};

    for (int i = CLIENT; i <= TARGET; i++) {
        int conn = l->end[i].conn;

        if (conn == -1)
            continue;
        if (broken &&
            setsockopt(conn, SOL_SOCKET, SO_LINGER, &none, sizeof none) == -1)
            warn("%s: setsockopt", l->name);
        watch(EPOLL_CTL_DEL, conn, 0, NULL); /* a child may have a copy */
        close(conn);
    }
    leave(&l->place);
    free(l);
    rest(false); /* the listener: there are descriptors now */
}

/* Say what failed at an end. Always false: nothing can be passed on there. */
static bool
failed(const struct end *e, const char *what)
{
    warn("%s: %s %s", e->link->name, what, e->who);
    return false;
}

/* Read what an end says, if the other has taken all that it said before. */
static bool
hear(struct end *from)
{
    ssize_t n;

    if (from->got_fin || from->head < from->tail)
        return true;
    n = read_some(from->conn, from->said, CHUNK);
    if (n == -1)
        return errno == EAGAIN || failed(from, "read from");
    from->head = 0;
    from->tail = (size_t)n;
    from->got_fin = n == 0;
    return true;
}

/* Tell an end what the other has said, and that this was all. */
static bool
tell(struct end *to)
{
    struct end *from = to->other;
    ssize_t n;

    while (from->head < from->tail) {
        n = write(to->conn, from->said + from->head, from->tail - from->head);
        if (n == 0) /* to ask again would be to ask for ever */
            errno = EIO;
        if (n <= 0)
            return errno == EAGAIN || errno == EINTR || failed(to, "write to");
        from->head += (size_t)n;
    }
    if (!from->got_fin || to->sent_fin)
        return true;
    to->sent_fin = true;
    return shutdown(to->conn, SHUT_WR) == 0 || failed(to, "shutdown to");
}

/*
 * Have epoll tell when an end can go on. Asked for nothing, it still tells of a
 * RST. But an end whose FIN and ours have passed is ready for ever (HUP), so it
 * is not watched while there is nothing to ask for.
 */
static bool
expect(struct end *e)
{
    uint32_t events = (e->got_fin || e->head < e->tail ? 0 : EPOLLIN) |
                      (e->other->head < e->other->tail ? EPOLLOUT : 0);

    if (events == 0 && e->sent_fin)
        return watch(EPOLL_CTL_DEL, e->conn, 0, e) == 0 || errno == ENOENT;
    return watch(EPOLL_CTL_MOD, e->conn, events, e) == 0 ||
           watch(EPOLL_CTL_ADD, e->conn, events, e) == 0 ||
           failed(e, "epoll_ctl of");
}

/* Pass on what one end says, and what it can be told now. */
static void
proceed(struct end *e, uint32_t events)
{
    struct link *l = e->link;
    struct end *other = e->other;

    if (events & ~(uint32_t)EPOLLOUT && (!hear(e) || !tell(other)))
        drop(l, true);
    else if (!tell(e))
        drop(l, true);
    else if (e->sent_fin && other->sent_fin)
        drop(l, false);
    else if (!expect(e) || !expect(other))
        drop(l, true);
    else if (e->sent_fin || other->sent_fin || stop_asked())
        start_clock(l); /* anew, since something has moved */
    else
        join(&untimed, &l->place);
}

/* Dial the next address of the target. With none left its client gets a RST: an
   empty answer would be another thing. */
static void
dial_target(struct link *l)
{
    struct end *target = &l->end[TARGET];

    target->conn = dial(&l->untried);
    if (target->conn == -1)
        failed(target, "connect to");
    else if (watch(EPOLL_CTL_ADD, target->conn, EPOLLOUT, target) == -1)
        failed(target, "epoll_ctl of");
    else
        return;
    drop(l, true);
}

/* Go on with a link, now that epoll has told of events at one end. */
static void
go_on(struct end *e, uint32_t events)
{
    struct link *l = e->link;
    bool dialed = e == &l->end[TARGET] && !l->connected;
    bool broken = events & EPOLLERR && connect_result(e->conn) == -1;

    if (broken && dialed) {
        close(e->conn); /* it was never connected */
        dial_target(l);
    } else if (broken) { /* even if we are not reading there now */
        failed(e, "connection to");
        drop(l, true);
    } else {
        l->connected = l->connected || dialed;
        proceed(e, events);
    }
}

/* Take a client; without room for it, it goes on waiting at the listener. */
static void
take_client(void)
{
    struct link *l = calloc(1, sizeof *l);
    int conn = -1, spare = dup(listener); /* a link takes two descriptors */

    if (l != NULL && spare != -1)
        conn = accept_named(listener, l->name);
    if (conn == -1)
        cannot_accept();
    if (spare != -1)
        close(spare); /* the target's connection will have its place */
    if (conn == -1) {
        free(l);
        return;
    }
    nonblocking(conn);
    for (int i = CLIENT; i <= TARGET; i++) {
        l->end[i].who = i == CLIENT ? "client" : "target";
        l->end[i].conn = i == CLIENT ? conn : -1;
        l->end[i].link = l;
        l->end[i].other = &l->end[TARGET - i];
    }
    l->untried = addresses_of_target;
    start_clock(l);
    if (watch(EPOLL_CTL_ADD, conn, 0, &l->end[CLIENT]) == 0) {
        dial_target(l);
    } else {
        failed(&l->end[CLIENT], "epoll_ctl of");
        drop(l, true);
    }
}

/* Wait for an event, the next deadline or a signal; go on with what has come.
   It is one event, because the next could be of a link that this one ends. */
static void
turn(const sigset_t *signals)
{
    struct epoll_event event;
    struct link *l;
    int n = epoll_pwait(epoll, &event, 1, longest_sleep(&timed), signals);

    if (n == -1 && errno != EINTR)
        err(1, "epoll_pwait");
    if (n == 0)
        rest(false); /* others may have given back descriptors */
    if (n == 1 && event.data.ptr == NULL)
        take_client();
    else if (n == 1)
        go_on(event.data.ptr, event.events);
    while ((l = (struct link *)oldest(&timed)) && passed(l->place.limit)) {
        warnx("%s: gave up after %g seconds: %s", l->name, patience,
              l->connected ? "nothing came in the other direction"
                           : "the target did not answer");
        drop(l, true);
    }
}

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    sigset_t signals;

    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: relay HOST PORT TOHOST TOPORT [SECONDS]\n");
        return 2;
    }
    patience = seconds(argc == 6 ? argv[5] : "10");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* EPIPE tells us, and we live */
        err(1, "signal");
    whole_lines();
    where = addresses(argv[1], argv[2]);
    addresses_of_target = addresses(argv[3], argv[4]);
    signals = hold_signals();
    listener = listen_on(where, argv[1], argv[2]);
    freeaddrinfo(where);
    epoll = watch_listener(listener);

    while (!stop_asked())
        turn(&signals);
    stop_listening();
    while (oldest(&untimed) != NULL) /* from now on a silence is bounded */
        start_clock((struct link *)oldest(&untimed));
    while (oldest(&timed) != NULL)
        turn(&signals);
    freeaddrinfo(addresses_of_target);
    return 0;
}
