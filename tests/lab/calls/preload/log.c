/*
 * The file in which calls are written down.
 */
#define _GNU_SOURCE

#include <sys/mman.h>
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "wrap.h"

/* The file, mapped: no descriptor of ours stands among the program's own. */
struct log {
    atomic_size_t used; /* bytes of text, also those that found no room */
    char text[(1 << 25) - sizeof(atomic_size_t)];
};

static struct log *calls;

bool
open_log(const char *path)
{
    int fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
    void *map;

    if (fd == -1)
        return false;
    map = mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) {
        calls = map;
        posix_madvise(map, sizeof *calls, POSIX_MADV_RANDOM); /* all holes */
    }
    REAL(close)(fd);
    return map != MAP_FAILED;
}

void
note(const char *name, int fd, long argument, const char *result)
{
    struct timespec now;
    char line[160];
    int length, saved = errno;
    size_t at;

    if (calls == NULL)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    length = snprintf(line, sizeof line, "%ld %lld.%09ld %s %d %ld %s\n",
                      syscall(SYS_gettid), (long long)now.tv_sec, now.tv_nsec,
                      name, fd, argument, result);
    at = atomic_fetch_add(&calls->used, (size_t)length);
    if (at + (size_t)length <= sizeof calls->text)
        memcpy(calls->text + at, line, (size_t)length);
    errno = saved;
}

void
before(const char *name, int fd, long argument, bool shown)
{
    if (shown)
        note(name, fd, argument, "- -");
}

void
after(const char *name, int fd, long argument, long result, bool shown)
{
    char text[48];

    if (!shown && !(result == -1 && errno == EBADF))
        return;
    snprintf(text, sizeof text, "%ld %d", result, result == -1 ? errno : 0);
    note(name, fd, argument, text);
}
