/*
 * Namespaces, and what is mounted in them.
 *
 * What returns an int returns 0, or -1 with errno and trouble() (message.h).
 * See also: namespaces(7), user_namespaces(7), mount_namespaces(7).
 */
#ifndef NAMESPACES_H
#define NAMESPACES_H

#include <stdbool.h>

#define INODES "10000" /* files on one disk: an empty one takes 1 KiB too */

/* Make namespaces, CLONE_NEW... of unshare(2), staying who we are. A new
   network gets its loopback, and a table of few connections, unless it is
   `crowded`. A new pid namespace begins with the next child. */
int make_namespaces(int flags, bool crowded);

/* Bring the loopback of this network up or down (netdevice(7)). */
int set_loopback(bool up);

/* In new mount and pid namespaces, show the new processes in /proc. Mounts of
   ours stay ours. */
int own_proc(void);

/* Mount a file system of its own kind, as mount(2) does. */
int put(const char *kind, const char *target, const char *options,
        unsigned long flags);

/* Show a file or a folder at another place too. */
int show_at(const char *place, const char *there, bool writable);

/* Make a mounted tree the only one there is, and read-only. */
int turn_into(const char *root);

/* Write a text into a file that is there: a setting of the kernel's. */
int set(const char *name, const char *text);

#endif
