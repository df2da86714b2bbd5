/*
 * Putting up the walls that walls.py describes.
 *
 *     enter_walls    once: nobody, namespaces
 *     furnish        once, in the first process: what all programs see
 *     confine        in each child: its own view, its limits; then exec
 *
 * A supervisor stays outside the tree that it builds. Programs are of the same
 * user as the supervisor and can't reach it all the same: they have none of its
 * capabilities, which both signals to a first process and ptrace(2) ask for.
 *
 * What returns an int returns 0, or -1 with errno and trouble() (message.h).
 */
#ifndef ENCLOSURE_H
#define ENCLOSURE_H

#include <sys/resource.h>
#include <sys/types.h>
#include <stdbool.h>

#include "message.h"

struct walls {
    uid_t uid; /* whom programs run as, where we are root */
    gid_t gid;
    int namespaces; /* CLONE_NEW... */
    char *root;     /* where their tree is built */
    char *disk;     /* bytes of their /tmp */
    char *inodes;   /* files there */
    rlim_t memory;  /* bytes of address space */
    rlim_t processes;
    rlim_t files;
    rlim_t seconds; /* of the processor */
    char **shows;   /* places of the machine that all programs see */
    char **hides;   /* what is covered among these */
    bool filters;   /* whether calls are filtered (filter.h) */
};

/* What one program is shown of the scratch folder, and how much it may
   write. */
struct view {
    char **places; /* after an `r` or, where it may write, a `w` */
    rlim_t output; /* bytes of one file */
};

/* Read a description; it refers to the message. */
struct walls read_walls(struct message *m);

/* Become nobody, then make the namespaces: RLIMIT_NPROC counts by them. */
int enter_walls(const struct walls *walls);

int furnish(const struct walls *walls);

int confine(const struct walls *walls, const struct view *view);

#endif
