/*
 * An unfinished file that is not left behind.
 *
 * The contracts are in part.h. A signal is to find either both, a file and its
 * name in `unfinished`, or neither. So signals are blocked while that changes.
 */
#define _GNU_SOURCE /* O_PATH on Linux; elsewhere it changes nothing */
#define _XOPEN_SOURCE 700
#define _FILE_OFFSET_BITS 64

#include "part.h"

#include <sys/stat.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if !defined O_SEARCH && defined O_PATH
#define O_SEARCH O_PATH
#endif

enum { TRIES = 1000 }; /* somebody else may have taken a name */

static const int deaths[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

static struct {
    int folder;
    char name[64]; /* "" where there is none */
} unfinished;

static sigset_t
hold_signals(void)
{
    sigset_t held, before;
    size_t i;

    sigemptyset(&held);
    for (i = 0; i < sizeof deaths / sizeof deaths[0]; i++)
        sigaddset(&held, deaths[i]);
    if (sigprocmask(SIG_BLOCK, &held, &before) == -1)
        err(1, "sigprocmask");
    return before;
}

static void
release_signals(sigset_t before)
{
    if (sigprocmask(SIG_SETMASK, &before, NULL) == -1)
        err(1, "sigprocmask");
}

static void
remove_part(void)
{
    if (unfinished.name[0] != '\0' &&
        unlinkat(unfinished.folder, unfinished.name, 0) == -1)
        warn("remove %s", unfinished.name);
}

static void
remove_part_and_die(int number)
{
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t it;

    if (unfinished.name[0] != '\0')
        unlinkat(unfinished.folder, unfinished.name, 0);
    sigemptyset(&it);
    sigaddset(&it, number);
    sigaction(number, &usual, NULL);
    sigprocmask(SIG_UNBLOCK, &it, NULL);
    raise(number);       /* whoever waits for us sees what we died of */
    _exit(128 + number); /* raise does nothing to a container's process 1 */
}

static void
remove_at_end(void)
{
    struct sigaction before, removing = {.sa_handler = remove_part_and_die};
    size_t i;

    sigfillset(&removing.sa_mask);
    for (i = 0; i < sizeof deaths / sizeof deaths[0]; i++)
        if (sigaction(deaths[i], NULL, &before) == -1 ||
            (before.sa_handler != SIG_IGN && /* as nohup(1) wants it */
             sigaction(deaths[i], &removing, NULL) == -1))
            err(1, "sigaction");
    if (atexit(remove_part) != 0)
        errx(1, "atexit");
}

/* Open the folder that the last name of a path stands in. */
static int
open_folder(const char *path, const char *target)
{
    char *name =
        target == path ? strdup(".") : strndup(path, (size_t)(target - path));
    int folder;

    if (name == NULL)
        err(1, "folder of %s", path);
    do
        folder = open(name, O_RDONLY | O_DIRECTORY);
    while (folder == -1 && errno == EINTR);
#ifdef O_SEARCH
    if (folder == -1 && errno == EACCES) /* it can't be synced then */
        folder = open(name, O_SEARCH | O_DIRECTORY);
#endif
    if (folder == -1)
        err(1, "open folder of %s", path);
    free(name);
    return folder;
}

/* The mode that a new file gets from open(2). */
static mode_t
fresh_mode(void)
{
    mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
}

struct part
create_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *target = slash == NULL ? path : slash + 1;
    struct part part = {-1, -1, path, target, fresh_mode()};
    struct stat old;
    sigset_t before;
    int tries;

    if (target[0] == '\0')
        errx(1, "open %s: no name for a file", path);
    part.folder = unfinished.folder = open_folder(path, target);
    replaces(part, &old);
    remove_at_end();
    before = hold_signals();
    for (tries = 0; part.file == -1 && tries < TRIES; tries++) {
        snprintf(unfinished.name, sizeof unfinished.name, ".half-close.%ld-%d",
                 (long)getpid(), tries);
        part.file = openat(part.folder, unfinished.name,
                           O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (part.file == -1 && errno != EEXIST && errno != EINTR)
            break;
    }
    if (part.file == -1) {
        unfinished.name[0] = '\0';
        err(1, "create a file beside %s", path);
    }
    release_signals(before);
    return part;
}

void
rename_part(struct part part)
{
    struct stat old;
    sigset_t before = hold_signals();

    replaces(part, &old); /* or it is something else by now */
    if (renameat(part.folder, unfinished.name, part.folder, part.target) == -1)
        err(1, "rename to %s", part.path);
    unfinished.name[0] = '\0';
    release_signals(before);
}
