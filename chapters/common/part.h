/*
 * The unfinished file of chapter 07: where bytes wait until they are whole.
 *
 * It stands beside the file that it is to become, since rename(2) works within
 * one file system only. A program has one of them at a time, and leaves none
 * behind: not at its exit, nor when somebody ends it (SIGHUP, SIGINT, SIGQUIT,
 * SIGTERM). Any other death, and a power cut, leave a half-close.XXXXXX.
 */
#ifndef PART_H
#define PART_H

struct part {
    int file;         /* open for writing, with the mode of what it becomes */
    int folder;       /* the directory that both names stand in, to be synced */
    const char *name; /* its name until it is whole */
};

/*
 * Create it beside `path`. If `path` exists it must be a regular file that we
 * could write: anything else would be replaced, unasked. Ends the program with
 * status 1 on errors. mkstemp(3), signal-safety(7).
 */
struct part create_part(const char *path);

/* It has another name now: there is nothing to remove any more. */
void forget_part(void);

#endif
