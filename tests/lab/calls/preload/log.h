/*
 * The file in which calls are written down.
 *
 * A call that returns adds a line, and so does a call that is about to wait, so
 * that the last line of a stuck program tells where it sleeps:
 *
 *     TID SECONDS.NANOSECONDS NAME FD ARGUMENT RESULT ERRNO
 *
 * TID is the thread, as gettid(2) says. ARGUMENT is a count of bytes, or which
 * half shutdown(2) ends, or 0. RESULT and ERRNO are `-` in the line before the
 * call. Time is CLOCK_REALTIME, the clock that stamps packets too. The file is
 * as long as struct log, and the text in it begins after the count of its
 * bytes.
 *
 * All of these keep errno.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* Write into this file from now on; return whether that is possible. */
bool open_log(const char *path);

/* Add a line; `result` is its last two fields. */
void note(const char *name, int fd, long argument, const char *result);

/* Add the line before a call, if the call is to be shown. */
void before(const char *name, int fd, long argument, bool shown);

/* Add the line after it. What fails with EBADF is always shown: it may have
   been a socket. */
void after(const char *name, int fd, long argument, long result, bool shown);

#pragma GCC visibility pop

#endif
