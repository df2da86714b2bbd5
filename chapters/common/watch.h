/*
 * What chapter 12 taught about watching a listener and its crowd of clients.
 *
 * A program has one such listener, and one epoll(7) for all that it watches.
 * Linux only: elsewhere there is nothing in here.
 */
#ifndef WATCH_H
#define WATCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "queue.h"

/*
 * Make a listener ready for a crowd: non-blocking, with a queue as long as the
 * system lets it be, and with as many descriptors as raise_limit gives. Returns
 * the epoll, which tells of it with a NULL. Ends the program with status 1 on
 * errors. listen(2), SOMAXCONN; epoll_create1(2).
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
 * Say why a client could not be accepted, as errno has it, and let the listener
 * rest, where it goes on waiting. Unless that was EAGAIN: it has gone again.
 */
void cannot_accept(void);

/*
 * How many milliseconds epoll_pwait(2) may sleep: until the first deadline of a
 * queue; -1, for ever, if there is none. While the listener rests that is a
 * second, because others may give back a descriptor.
 */
int longest_sleep(const struct place *queue);

/* Watch the listener no longer, and stop listening. shutdown(2), close(2). */
void stop_listening(void);

#endif
