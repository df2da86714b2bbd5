/*
 * Faults: what can go wrong with a call, and which call it strikes.
 *
 * FAULT is `KIND at N`: the Nth call that can suffer KIND does; or
 * `KIND chance PERCENT seed SEED`: each may, and the same seed repeats it. With
 * `first N` behind that the first N calls of a name do anyhow, on sockets and
 * on files. `KIND in NAME,NAME at N` and so on spares all calls but these.
 *
 *     short    read, write, recv, send, sendfile, splice move one byte, on
 *              sockets and plain files: nothing else may do so
 *     EINTR    a signal came while a call waited, so what can't wait is spared:
 *              non-blocking calls, a poll without patience; but sendfile and a
 *              splice out of a pipe look for a signal before they move a byte,
 *              non-blocking or not, as Linux 6.18 does; a connect goes on in
 *              the background, and a close has closed, as on Linux
 *     ENOSPC   the disk is full: open, write, splice, fsync, close, rename of
 *              files
 *     EIO      any call fails; a close has closed. So do EAGAIN, EPROTO and
 *              others that are listed in faults[]
 *     SIGTERM  the program gets that signal just before a call; or SIGHUP
 *     SIGSTOP  the same, of calls on descriptors before those on sockets only;
 *              it stays so until SIGCONT
 *     slow     fsync takes a second
 *     nothing  write, send, sendfile and a splice out of a pipe take no byte,
 *              and call that no error
 *     copied   a child keeps a copy of what accept returned, for ever
 *
 * What is said of read and write holds for readv, writev and pread, what is
 * said of recv and send for recvfrom, recvmsg, sendto and sendmsg, what is said
 * of accept for accept4; but recvmsg is never short, and a child keeps nothing
 * that accept4 returned.
 *
 * A call that was struck adds the line `TID TIME fault:NAME FD 0 0 0` to the
 * log. One that was spared adds `TID TIME spared:NAME FD 0 0 0`: on a socket it
 * can't wait; it moves one byte anyhow; or stdio or aio(7) makes it, which know
 * what to do.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <sys/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "descriptor.h"

#pragma GCC visibility push(hidden)

/* From INTERRUPTED on, a call that is struck fails. */
enum kind {
    NONE,
    SHORT,
    NOTHING,
    COPIED,
    SLOW,
    SIGNALLED,
    STOPPED,
    INTERRUPTED,
    FULL,
    BROKEN
};

/* Let calls suffer a fault from now on; abort if `text` describes none. */
void read_fault(const char *text);

/* Whether calls suffer a fault of this kind. */
bool fault_is(enum kind kind);

/* Whether a call that `can` suffer the fault is to suffer it now. */
bool strikes(const char *name, int fd, bool can);

/* Strike a call, if it is its turn, with a fault that is not about bytes;
   return the errno that it fails with, or 0. It `waits` if it can wait. */
int failing(const char *name, int fd, enum sort sort, bool waits);

/* The same: set errno, and return whether the call fails. */
bool fails(const char *name, int fd, enum sort sort, bool waits);

/* Return how many of `n` bytes a call is to move. */
size_t cut(const char *name, int fd, size_t n, bool may_be_none);

/* Note that a call was not struck, for a reason that is no evasion. */
void spare(const char *name, int fd);

#pragma GCC visibility pop

#endif
