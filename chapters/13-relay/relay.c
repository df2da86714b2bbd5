/*
 * Stand between clients and a server, and pass on what each of them says.
 *
 *     relay HOST PORT TOHOST TOPORT [SECONDS]
 *
 * New here: a conversation has two directions, and each ends on its own. A FIN
 * that comes in goes out at the other end once all that came before it has
 * gone; a RST goes out as a RST, at once. What one end has said and the other
 * has not taken yet is CHUNK bytes at the most: until it takes them, nothing
 * more is read.
 *
 * SECONDS (10) bound a silence once one direction has ended, and a connection
 * that isn't answered. While both directions are open there is no bound: two
 * programs may have nothing to say to each other for as long as they like.
 *
 * Over the wire: what the client and the server say.
 * Exit status: 0 stopped by a signal, 1 trouble, 2 wrong command line.
 * Linux only: epoll(7). See also: RFC 9293 section 3.6, shutdown(2).
 */
#define _GNU_SOURCE

#ifndef __linux__
#error "this chapter stands on epoll(7), which is Linux's: see its notes"
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
#include <string.h>
#include <unistd.h>

#include "../common/deadline.h"
#include "../common/limit.h"
#include "../common/net.h"
#include "../common/stop.h"

enum { CHUNK = 65536, EVENTS = 256 };

enum side { CLIENT, TARGET };

struct end {
    struct link *link;
    int conn;          /* its descriptor, -1 before there is one */
    bool watched;      /* by epoll */
    uint32_t asked;    /* what for */
    bool got_fin;      /* it has said all it had to say */
    bool sent_fin;     /* and so have we, for the other end */
    size_t head, tail; /* what it said and the other end has not taken yet */
    char said[CHUNK];
};

struct link {
    struct link *older, *newer;    /* in one of the three rings below */
    struct deadline limit;         /* if it is in the ring of the timed */
    const struct addrinfo *dialed; /* the target's address, until connected */
    bool over;
    struct end end[2];
    char name[CLIENT_NAME];
};

/* Rings: `newer` of each is its oldest link. */
static struct link timed = {.older = &timed, .newer = &timed}, /* time runs */
    untimed = {.older = &untimed, .newer = &untimed}, /* both ways are open */
    over = {.older = &over, .newer = &over}; /* an event may still name them */

static int epoll, listener;
static const struct addrinfo *target;
static double patience;
static bool resting; /* no descriptor is left: the listener has to wait */

static void
move(struct link *l, struct link *ring)
{
    if (l->older != NULL) {
        l->older->newer = l->newer;
        l->newer->older = l->older;
    }
    l->older = ring->older;
    l->newer = ring;
    l->older->newer = ring->older = l;
}

static void
start_clock(struct link *l)
{
    l->limit = deadline_in(patience);
    move(l, &timed);
}

/* Have the listener watched, or not. */
static void
watch_listener(int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = NULL};

    if (epoll_ctl(epoll, operation, listener, &event) == -1)
        err(1, "epoll_ctl");
}

/* --- one link ----------------------------------------------------------- */

static void
drop(struct link *l)
{
    for (int i = CLIENT; i <= TARGET; i++) {
        if (l->end[i].watched) /* close would do, if there were no copies */
            epoll_ctl(epoll, EPOLL_CTL_DEL, l->end[i].conn, NULL);
        if (l->end[i].conn != -1)
            close(l->end[i].conn);
    }
    l->over = true;
    move(l, &over);
    if (resting && listener != -1) /* there are descriptors now */
        watch_listener(EPOLL_CTL_MOD, EPOLLIN);
    resting = false;
}

/* Tell both ends that this did not end well. */
static void
drop_in_reset(struct link *l)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};

    for (int i = CLIENT; i <= TARGET; i++)
        if (l->end[i].conn != -1 &&
            setsockopt(l->end[i].conn, SOL_SOCKET, SO_LINGER, &none,
                       sizeof none) == -1)
            warn("setsockopt");
    drop(l);
}

/* One end has reset its connection, errno says how: so do we the other. */
static void
broken(struct link *l)
{
    warn("%s", l->name);
    drop_in_reset(l);
}

/* What an end can be asked to be ready for. */
static uint32_t
wanted(const struct link *l, const struct end *e, const struct end *other)
{
    uint32_t events = 0;

    if (l->dialed != NULL)
        return e == &l->end[TARGET] ? EPOLLOUT : 0;
    if (!e->got_fin && e->head == e->tail)
        events |= EPOLLIN;
    if (other->head < other->tail)
        events |= EPOLLOUT;
    return events;
}

/*
 * Have epoll tell what an end is wanted for. Asked for nothing it still tells
 * of a RST. But an end on which both FINs have passed is ready for ever, so it
 * is not watched while nothing is wanted of it.
 */
static void
watch(struct end *e, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = e};
    bool quiet = events == 0 && e->sent_fin;

    if (e->conn == -1 || (e->watched == !quiet && e->asked == events))
        return;
    if (epoll_ctl(epoll,
                  quiet        ? EPOLL_CTL_DEL
                  : e->watched ? EPOLL_CTL_MOD
                               : EPOLL_CTL_ADD,
                  e->conn, &event) == -1)
        err(1, "epoll_ctl");
    e->watched = !quiet;
    e->asked = events;
}

/* Read from one end what the other can be told. False on a RST. */
static bool
hear(struct end *from)
{
    ssize_t n;

    if (from->got_fin || from->head < from->tail)
        return true;
    n = read_some(from->conn, from->said, CHUNK);
    if (n == -1)
        return errno == EAGAIN;
    from->head = 0;
    from->tail = (size_t)n;
    from->got_fin = n == 0;
    return true;
}

/* Tell one end what the other said, and that this was all. False on a RST. */
static bool
tell(struct end *to, struct end *from)
{
    ssize_t n;

    while (from->head < from->tail) {
        n = write(to->conn, from->said + from->head, from->tail - from->head);
        if (n == -1)
            return errno == EAGAIN || errno == EINTR;
        from->head += (size_t)n;
    }
    if (!from->got_fin || to->sent_fin)
        return true;
    to->sent_fin = true;
    return shutdown(to->conn, SHUT_WR) == 0;
}

/* Pass on what can be passed on, either way. */
static void
proceed(struct link *l)
{
    struct end *client = &l->end[CLIENT], *server = &l->end[TARGET];

    if (!hear(client) || !tell(server, client) || !hear(server) ||
        !tell(client, server)) {
        broken(l);
        return;
    }
    if (client->sent_fin && server->sent_fin) {
        drop(l);
        return;
    }
    if (client->sent_fin || server->sent_fin || stop_asked())
        start_clock(l); /* anew, since something has moved */
    else
        move(l, &untimed);
    watch(client, wanted(l, client, server));
    watch(server, wanted(l, server, client));
}

/* --- connecting --------------------------------------------------------- */

/* Dial the target's next address; false if there is none left. */
static bool
dial(struct link *l)
{
    struct end *e = &l->end[TARGET];

    for (; l->dialed != NULL; l->dialed = l->dialed->ai_next) {
        e->conn = socket(l->dialed->ai_family,
                         l->dialed->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                         l->dialed->ai_protocol);
        if (e->conn == -1)
            continue;
        if (connect(e->conn, l->dialed->ai_addr, l->dialed->ai_addrlen) == 0 ||
            errno == EINPROGRESS)
            return true;
        close(e->conn); /* it was never connected: nothing ends here */
        e->conn = -1;
    }
    return false;
}

/* The target has answered, or refused. */
static void
connected(struct link *l)
{
    struct end *e = &l->end[TARGET];

    if (connect_result(e->conn) == -1) {
        warn("%s: connect to target", l->name);
        close(e->conn);
        e->conn = -1;
        e->watched = false;
        l->dialed = l->dialed->ai_next;
        if (!dial(l)) {
            drop_in_reset(l); /* not an empty answer: none */
            return;
        }
        watch(e, EPOLLOUT);
        return;
    }
    l->dialed = NULL;
    proceed(l);
}

/* Take one client; false if none waits, or there is no room for it. */
static bool
take_client(void)
{
    struct link *l = calloc(1, sizeof *l);

    if (l == NULL)
        err(1, "a new client");
    l->end[TARGET].conn = -1;
    l->end[CLIENT].conn = accept_named(listener, l->name);
    if (l->end[CLIENT].conn == -1) {
        free(l);
        if (errno == EAGAIN)
            return false;
        if (!resting)
            warn("accept a client");
        watch_listener(EPOLL_CTL_MOD, 0); /* or epoll would call us at once */
        resting = true;
        return false;
    }
    nonblocking(l->end[CLIENT].conn);
    l->end[CLIENT].link = l->end[TARGET].link = l;
    l->dialed = target;
    start_clock(l);
    if (!dial(l)) {
        warn("%s: connect to target", l->name);
        drop_in_reset(l);
        return true;
    }
    watch(&l->end[CLIENT], 0);
    watch(&l->end[TARGET], EPOLLOUT);
    return true;
}

/* --- all of them -------------------------------------------------------- */

static void
give_up_the_late(void)
{
    struct link *l;

    while ((l = timed.newer) != &timed && passed(l->limit)) {
        warnx("%s: gave up after %g seconds: %s", l->name, patience,
              l->dialed != NULL ? "the target did not answer"
                                : "nothing came in the other direction");
        drop_in_reset(l);
    }
}

/* Wait for events, the next deadline, or a signal; then deal with them. */
static void
turn(const sigset_t *signals)
{
    struct epoll_event events[EVENTS];
    struct link *l;
    int wait =
        timed.newer == &timed ? -1 : milliseconds_left(timed.newer->limit);
    int n = epoll_pwait(epoll, events, EVENTS, wait, signals);

    if (n == -1 && errno != EINTR)
        err(1, "epoll_pwait");
    for (int i = 0; i < n; i++) {
        struct end *e = events[i].data.ptr;

        if (e == NULL)
            for (int k = 0; k < EVENTS && take_client(); k++)
                continue;
        else if (e->link->over)
            continue;
        else if (e->link->dialed != NULL && e == &e->link->end[TARGET])
            connected(e->link);
        else if (events[i].events & EPOLLERR && connect_result(e->conn) == -1)
            broken(e->link); /* though nobody may be reading there now */
        else if (e->link->dialed == NULL)
            proceed(e->link);
    }
    give_up_the_late();
    while ((l = over.newer) != &over) {
        over.newer = l->newer;
        free(l);
    }
    over.older = &over;
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
    target = addresses(argv[3], argv[4]);
    signals = hold_signals();
    listener = listen_on(where, argv[1], argv[2]);
    freeaddrinfo(where);
    raise_limit();
    nonblocking(listener);
    if (listen(listener, SOMAXCONN) == -1)
        err(1, "listen on %s %s", argv[1], argv[2]);
    epoll = epoll_create1(0);
    if (epoll == -1)
        err(1, "epoll_create1");
    watch_listener(EPOLL_CTL_ADD, EPOLLIN);

    while (!stop_asked())
        turn(&signals);
    close(listener);
    listener = -1;
    while (untimed.newer != &untimed) /* from here on a silence is bounded */
        start_clock(untimed.newer);
    while (timed.newer != &timed)
        turn(&signals);
    return 0;
}
