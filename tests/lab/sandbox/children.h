/*
 * The programs that a supervisor has started.
 */
#ifndef CHILDREN_H
#define CHILDREN_H

#include <sys/types.h>
#include <stdbool.h>

#include "enclosure.h"

struct program {
    char *cwd;
    char **argv;
    char **env;
    int stdio[3];
    int status; /* is told how it ended: an int, as waitpid(2) gives it */
    struct view view;
};

/* Start a program, behind walls unless they are NULL, with the signals of a
   shell; return its pid, or -1 with errno and trouble() (message.h). What has
   no slash in its name is looked for in the PATH of its own environment. */
pid_t start(const struct program *program, const struct walls *walls);

/* Send a signal to a program, if it still runs; return 0, or -1 as above. */
int notify(pid_t pid, int number);

/* Write down how each program ended that has; reap orphans too. */
void reap(void);

/* End all that we started, and all that this has started: a child's orphans
   turn up as our own children, because we are a subreaper or, `alone`, the
   first process of a pid namespace. */
void kill_all(bool alone);

#endif
