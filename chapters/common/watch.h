/*
 * What chapter 12 taught about watching a listener and its crowd of clients.
 *
 * A program has one such listener, and one epoll(7) for all that it watches.
 * Linux only: elsewhere these are declared and not defined.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "queue.h"

/*
 * Prepare a listener for a crowd: make it non-blocking, ask for the longest
 * queue that the system allows, and call raise_limit, which prints a line.
 * Returns an epoll that watches the listener; in its events data.ptr is NULL.
 * Ends the program with status 1 on errors. listen(2), SOMAXCONN;
 * epoll_create1(2).
 */
int watch_listener(int listener);

/* Have epoll tell of some events of a descriptor. -1 and errno. epoll_ctl(2).
 */
int watch(int operation, int fd, uint32_t events, void *whose);

/*
 * Let the listener rest, or not any more, if it is not so yet. Without a
 * descriptor for a client, epoll would say again and again that one waits.
 */
void rest(bool now);

/*
 * Call it when accept(2) has failed. EAGAIN is no trouble: the client has gone
 * again. Any other errno is reported, and the listener rests, so clients wait
 * in its queue.
 */
void cannot_accept(void);

/*
 * How many milliseconds epoll_pwait(2) may sleep: until the first deadline of
 * the queue. If the queue is empty: a second while the listener rests, since
 * another process may give back a descriptor; else -1, for ever.
 */
int longest_sleep(const struct place *queue);

/* Watch the listener no longer, and stop listening. shutdown(2), close(2). */
void stop_listening(void);

#endif
