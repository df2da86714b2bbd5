/*
 * The unfinished file of chapter 07: where bytes wait until they are whole.
 *
 * It stands in the folder of the file that it is to become, since rename(2)
 * works within one file system only. Both are found through the folder's
 * descriptor, so the folder may get another name meanwhile. A program has one
 * of them at a time, and leaves none behind: not at its exit, nor when one of
 * SIGHUP, SIGINT, SIGQUIT and SIGTERM ends it. Any other death, and a power
 * cut, leave a .half-close.PID-N, which only its owner may read.
 */
#ifndef PART_H
#define PART_H

#include <sys/types.h>

struct part {
    int file;           /* open for writing, mode 0600 */
    int folder;         /* the directory that both names stand in */
    const char *path;   /* what it is to become, as it was given */
    const char *target; /* the same, seen from the folder */
    mode_t fresh;       /* the mode of a file that was not there before */
};

/*
 * Create it beside `path`. If `path` exists it must be a regular file that we
 * could write and may replace. Ends the program with status 1 if not, and on
 * errors. openat(2), sigaction(2), signal-safety(7).
 */
struct part create_part(const char *path);

/*
 * Give it owner, group and mode of the file that it is to replace. Where we may
 * not give it that owner or group, its mode shrinks, so that nobody gains by
 * it. ACLs and other names (hard links) are not taken over. fchown(2).
 */
void copy_permissions(struct part part);

/*
 * Give it its name, once what create_part asked of `path` has been seen to hold
 * still. Whatever takes that name between our look and the rename is replaced.
 * Ends the program with status 1 on errors. renameat(2).
 */
void rename_part(struct part part);

#endif
