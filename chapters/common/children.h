/*
 * What chapter 10 taught about a server with a child for each client.
 *
 * Nobody needs to wait for a child: who asks for room, or for a client, lets no
 * child that has ended stay a zombie. If a signal killed it, it could not say
 * so: a line on standard error does, and names its client. waitpid(2).
 */
#ifndef CHILDREN_H
#define CHILDREN_H

#include <sys/types.h>
#include <signal.h>
#include <stdbool.h>

#include "net.h"

enum { CHILDREN = 64 }; /* at a time */

/* A process that serves a client. */
struct child {
    pid_t pid; /* as fork(2) gave it; below 1 there is none */
    char client[CLIENT_NAME];
};

/* Room for one more child; NULL if there are CHILDREN. */
struct child *room_for_child(void);

/* Whether there are any. */
bool children_left(void);

/*
 * Take the next client, for `child`, whose client it becomes. Returns the
 * connection; or -1 if a child has ended, or a signal asks us to stop, before a
 * client came. Where the system has no descriptor for it, a line on standard
 * error says so, and we rest for a second. With no child there is no client to
 * take, and `listener` may be -1. `signals` is what hold_signals in stop.h
 * returned. accept(2), pselect(2).
 */
int next_client(int listener, struct child *child, const sigset_t *signals);

#endif
