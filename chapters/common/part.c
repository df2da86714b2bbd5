/* See part.h: an unfinished file that is not left behind. */
#define _XOPEN_SOURCE 700
#define _FILE_OFFSET_BITS 64

#include "part.h"

#include <sys/stat.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char suffix[] = "/half-close.XXXXXX";
static char name[PATH_MAX + sizeof suffix]; /* "" where there is none */

static void
remove_part(void)
{
    if (name[0] != '\0' && unlink(name) == -1)
        warn("remove %s", name);
}

static void
remove_part_and_die(int signal_number)
{
    unlink(name);
    signal(signal_number, SIG_DFL);
    raise(signal_number); /* who waits for us sees what we died of */
}

static void
remove_at_end(void)
{
    static const int deaths[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    void (*before)(int);
    size_t i;

    for (i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        before = signal(deaths[i], remove_part_and_die);
        if (before == SIG_IGN) /* as nohup(1) wants it */
            before = signal(deaths[i], SIG_IGN);
        if (before == SIG_ERR)
            err(1, "signal");
    }
    if (atexit(remove_part) != 0)
        errx(1, "atexit");
}

/* The mode of the file we are to replace, or of a new one. */
static mode_t
mode_for(const char *path)
{
    struct stat st;
    mode_t mask = umask(0);
    int found = lstat(path, &st);

    umask(mask);
    if (found == -1 && errno == ENOENT) {
        if (path[0] == '\0' || path[strlen(path) - 1] == '/')
            errx(1, "open %s: no name for a file", path);
        return 0666 & ~mask;
    }
    if (found == 0 && !S_ISREG(st.st_mode))
        errx(1, "open %s: not a regular file", path);
    if (found == -1 || access(path, W_OK) == -1)
        err(1, "open %s", path);
    return st.st_mode & 0777;
}

struct part
create_part(const char *path)
{
    mode_t mode = mode_for(path);
    char copy[PATH_MAX], *folder;
    struct part part = {.name = name};

    remove_at_end();
    snprintf(copy, sizeof copy, "%s", path);
    folder = dirname(copy);
    while ((part.folder = open(folder, O_RDONLY | O_DIRECTORY)) == -1)
        if (errno != EINTR)
            err(1, "open folder of %s", path);
    do {
        snprintf(name, sizeof name, "%s%s", folder, suffix);
        part.file = mkstemp(name); /* first the name: no gap to die in */
    } while (part.file == -1 && errno == EINTR);
    if (part.file == -1) {
        forget_part();
        err(1, "create a file beside %s", path);
    }
    if (fchmod(part.file, mode) == -1)
        err(1, "fchmod %s", path);
    return part;
}

void
forget_part(void)
{
    name[0] = '\0';
}
