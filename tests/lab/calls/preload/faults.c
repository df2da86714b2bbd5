/*
 * Faults: which call one strikes, and what becomes of that call.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "log.h"
#include "wrap.h"

static const struct {
    const char *name;
    enum kind kind;
    int number; /* the errno of a call that is struck, or its signal */
} faults[] = {{"short", SHORT, 0},
              {"nothing", NOTHING, 0},
              {"copied", COPIED, 0},
              {"slow", SLOW, 0},
              {"SIGTERM", SIGNALLED, SIGTERM},
              {"SIGHUP", SIGNALLED, SIGHUP},
              {"SIGSTOP", STOPPED, SIGSTOP},
              {"EINTR", INTERRUPTED, EINTR},
              {"ENOSPC", FULL, ENOSPC},
              {"EIO", BROKEN, EIO},
              {"ENOSYS", BROKEN, ENOSYS},
              {"EAGAIN", BROKEN, EAGAIN},
              {"EPERM", BROKEN, EPERM},
              {"EPROTO", BROKEN, EPROTO},
              {"EHOSTUNREACH", BROKEN, EHOSTUNREACH},
              {"EADDRNOTAVAIL", BROKEN, EADDRNOTAVAIL},
              {"EAFNOSUPPORT", BROKEN, EAFNOSUPPORT},
              {"EBADF", BROKEN, EBADF},
              {"EINVAL", BROKEN, EINVAL}};

static struct {
    enum kind kind;
    int number;               /* an errno, or a signal */
    char calls[66];           /* names, each between commas; or "" for all */
    long at;                  /* the call to strike, or 0 */
    unsigned percent;         /* else the chance of each */
    long first;               /* that suffer it anyhow, of each name and sort */
    unsigned long long state; /* of the generator */
    long count;               /* calls that could have suffered so far */
} fault;

void
read_fault(const char *text)
{
    char word[16], names[64];
    int used = 0;
    size_t i;

    if (sscanf(text, "%15s in %63s %n", word, names, &used) == 2)
        snprintf(fault.calls, sizeof fault.calls, ",%s,", names);
    else if (sscanf(text, "%15s %n", word, &used) != 1)
        abort();
    if (sscanf(text + used, "at %ld", &fault.at) != 1 &&
        sscanf(text + used, "chance %u seed %llu first %ld", &fault.percent,
               &fault.state, &fault.first) < 2)
        abort();
    for (i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (strcmp(word, faults[i].name) == 0) {
            fault.kind = faults[i].kind;
            fault.number = faults[i].number;
        }
    if (fault.kind == NONE)
        abort();
}

bool
fault_is(enum kind kind)
{
    return fault.kind == kind;
}

/* Return the name that FAULT has for a call. */
static const char *
known_as(const char *name)
{
    static const char *const names[][2] = {
        {"readv", "read"},    {"writev", "write"}, {"recvfrom", "recv"},
        {"sendto", "send"},   {"recvmsg", "recv"}, {"sendmsg", "send"},
        {"accept4", "accept"}};
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i][0]) == 0)
            return names[i][1];
    return name;
}

/* Return where a name stands among those that FAULT gives, or NULL. */
static const char *
given(const char *name)
{
    char word[32];

    snprintf(word, sizeof word, ",%s,", name);
    return strstr(fault.calls, word);
}

/* Whether calls of this name may be struck. */
static bool
chosen(const char *name)
{
    return fault.calls[0] == '\0' || given(name) != NULL;
}

void
spare(const char *name, int fd)
{
    char text[32];

    if (fault.kind == NONE || !chosen(name))
        return;
    snprintf(text, sizeof text, "spared:%s", name);
    note(text, fd, 0, "0 0");
}

/* Whether a call is among the first of its name, on such a descriptor. */
static bool
is_early(const char *name, int fd)
{
    static long begun[sizeof fault.calls][SOCKET + 1];
    const char *found = given(name);
    size_t place = found == NULL ? 0 : (size_t)(found - fault.calls);

    return begun[place][sort_of(fd)]++ < fault.first;
}

bool
strikes(const char *name, int fd, bool can)
{
    char text[32];

    if (fault.kind == NONE || !can || !chosen(name))
        return false;
    fault.count++;
    if (fault.at == 0) {
        fault.state = fault.state * 6364136223846793005U + 1442695040888963407U;
        if (!is_early(name, fd) && (fault.state >> 33) % 100 >= fault.percent)
            return false;
    } else if (fault.count != fault.at) {
        return false;
    }
    snprintf(text, sizeof text, "fault:%s", name);
    note(text, fd, 0, "0 0");
    return true;
}

static bool
is_any(const char *name, const char *const list[])
{
    for (; *list != NULL; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

/* Whether a signal is to come in a call, which is spared if it can't wait. */
static bool
interruptible(const char *name, int fd, enum sort sort, bool waits)
{
    static const char *const slow[] = {
        "read",    "write", "recv",        "send",   "poll",     "accept",
        "connect", "close", "epoll_pwait", "splice", "sendfile", NULL};
    static const char *const anyhow[] = {"close", /* which may linger */
                                         "sendfile", NULL};

    if (!chosen(name))
        return false;
    if (is_any(name, slow) && (waits || is_any(name, anyhow)))
        return true;
    if (sort == SOCKET)
        spare(name, fd);
    return false;
}

static bool
can_suffer(const char *name, int fd, enum sort sort, bool waits)
{
    static const char *const disk[] = {"open",     "openat", "write",
                                       "splice",   "fsync",  "rename",
                                       "renameat", "close",  NULL};

    switch (fault.kind) {
    case BROKEN:
    case SIGNALLED:
        return true;
    case STOPPED:
        return sort == SOCKET || fd == -1;
    case SLOW:
        return strcmp(name, "fsync") == 0;
    case FULL:
        return sort != SOCKET && is_any(name, disk);
    case INTERRUPTED:
        return interruptible(name, fd, sort, waits);
    default:
        return false;
    }
}

int
failing(const char *name, int fd, enum sort sort, bool waits)
{
    const char *known = known_as(name);

    if (!strikes(known, fd, can_suffer(known, fd, sort, waits)))
        return 0;
    if (fault.kind == SLOW)
        REAL(poll)(NULL, 0, 1000);
    if (fault.kind == SIGNALLED || fault.kind == STOPPED)
        raise(fault.number);
    return fault.kind >= INTERRUPTED ? fault.number : 0;
}

bool
fails(const char *name, int fd, enum sort sort, bool waits)
{
    int error = failing(name, fd, sort, waits);

    if (error != 0)
        errno = error;
    return error != 0;
}

size_t
cut(const char *name, int fd, size_t n, bool may_be_none)
{
    if (fault.kind == NOTHING && strikes(known_as(name), fd, may_be_none))
        return 0;
    if (fault.kind != SHORT || sort_of(fd) == OTHER)
        return n;
    if (n <= 1)
        spare(known_as(name), fd);
    return strikes(known_as(name), fd, n > 1) ? 1 : n;
}
