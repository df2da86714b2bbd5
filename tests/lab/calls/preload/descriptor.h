/*
 * What a descriptor is.
 */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

enum sort { OTHER, PLAIN_FILE, SOCKET };

/* Return what a descriptor is; OTHER also if it is none. Keep errno. */
enum sort sort_of(int fd);

/* Whether a call with these flags of recv(2) can wait there, so that a signal
   can come meanwhile (signal(7)). Keep errno. */
bool can_wait(int fd, int flags);

#pragma GCC visibility pop

#endif
