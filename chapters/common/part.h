/*
 * The unfinished file of chapter 07, in which bytes wait until all have come.
 *
 * It stands in the folder of the file that it is to become, because rename(2)
 * works within one file system only (EXDEV). Both are found through the
 * folder's descriptor, so the folder may get another name meanwhile. A program
 * has one of them at a time, and removes it when it exits, and when SIGHUP,
 * SIGINT, SIGQUIT or SIGTERM ends it. Any other death, and a power cut, leave a
 * .half-close.PID-N, which only its owner may read.
 */
#ifndef PART_H
#define PART_H

#include <sys/stat.h>
#include <sys/types.h>
#include <stdbool.h>

struct part {
    int file;           /* open for writing, mode 0600 */
    int folder;         /* the directory that both names stand in */
    const char *path;   /* what it is to become, as it was given */
    const char *target; /* the same, seen from the folder */
    mode_t fresh;       /* the mode it gets if there was no such file */
};

/*
 * Create it beside `path`, which must be new, or a file that we may replace.
 * Ends the program with status 1 on errors. openat(2), sigaction(2),
 * signal-safety(7).
 */
struct part create_part(const char *path);

/*
 * Whether there is a file that it is to replace; if so, `old` describes that.
 * Ends the program with status 1 if it is not a regular file, if we may not
 * write it or rename over it, and on errors. fstatat(2), faccessat(2). That it
 * is a mount point, or append-only, or that its folder is append-only, is seen
 * on Linux alone (statx(2)). Elsewhere renameat(2) fails at the end.
 */
bool replaces(struct part part, struct stat *old);

/*
 * Give it owner, group and mode of the file that it is to replace. Where we may
 * not give it that owner or group, its mode shrinks, so that nobody can open
 * more than before. An ACL is not copied: if there was one (only on Linux
 * can we tell), nobody but the owner may open the new file. Other names of the
 * old file (hard links) keep the old content. fchown(2), acl(5).
 */
void copy_permissions(struct part part);

/*
 * Give it its name, after another look at what it replaces. Whatever takes that
 * name between this look and the rename is replaced too.
 * Ends the program with status 1 on errors. renameat(2).
 */
void rename_part(struct part part);

#endif
