/*
 * What chapter 06 taught about time: one deadline for a whole conversation.
 *
 * A limit on each call is no limit: a peer that drips a byte now and then
 * renews it for ever. So every wait here is for what remains of one deadline.
 * The sockets are non-blocking, and only poll(2) waits for the peer.
 *
 * A call that the deadline ended fails with TIME_IS_UP in errno. No system call
 * fails with that. EAGAIN would not do, because it can have other reasons.
 */
#ifndef DEADLINE_H
#define DEADLINE_H

#include <sys/types.h>
#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

enum { TIME_IS_UP = 0 };

struct deadline {
    double patience; /* seconds, from its beginning */
    double end;      /* seconds on CLOCK_MONOTONIC, which nobody can set */
};

/* Seconds, above 0, from a word; ends the program with status 2 if it isn't. */
double seconds(const char *word);

/* A deadline that many seconds from now. clock_gettime(3). */
struct deadline deadline_in(double patience);

/* Whether that moment has come. */
bool passed(struct deadline limit);

/*
 * How long poll(2) and its like are to wait for that moment, in milliseconds: 0
 * once it has come, and never more than some twelve days.
 */
int milliseconds_left(struct deadline limit);

/* Have calls on `fd` fail with EAGAIN where they would sleep. fcntl(2). */
void nonblocking(int fd);

/*
 * Sleep until `fd` is ready for `events` (or broken, which the next call will
 * report). False and TIME_IS_UP if the deadline comes first. poll(2).
 */
bool ready_by(struct deadline limit, int fd, short events);

/* As read_some in net.h; -1 and TIME_IS_UP if the deadline comes first. */
ssize_t read_by(struct deadline limit, int fd, void *bytes, size_t size);

/* As read_to_eof in net.h; -1 and TIME_IS_UP if the deadline comes first. */
ssize_t read_to_eof_by(struct deadline limit, int fd, void *bytes, size_t size);

/* As write_all in net.h; fewer and TIME_IS_UP if the deadline comes first. */
size_t write_by(struct deadline limit, int fd, const void *bytes, size_t size);

/*
 * As connect_to in net.h, but the socket is non-blocking; -1 and TIME_IS_UP if
 * the deadline comes first. An address that never answers uses up the time
 * of those after it.
 */
int connect_by(struct deadline limit, const struct addrinfo *where,
               const char *host, const char *port);

#endif
