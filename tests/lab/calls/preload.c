/*
 * Write down every call that a program makes on a socket.
 *
 *     LAB_CALLS=FILE LD_PRELOAD=./preload.so program ...
 *
 * A call that returns adds a line to FILE, and so does a call that is about
 * to wait, so that the last line of a stuck program tells where it sleeps:
 *
 *     PID SECONDS.NANOSECONDS NAME FD ARGUMENT RESULT ERRNO
 *
 * ARGUMENT is a count of bytes, or which half shutdown(2) ends, or 0. RESULT
 * and ERRNO are `-` in the line before the call. Time is CLOCK_REALTIME, the
 * clock that stamps packets too. Static programs and stdio stay unseen.
 * See also: ld.so(8), dlsym(3).
 */
#define _GNU_SOURCE

#include <sys/socket.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOG_FD = 700 }; /* out of the way of the program's own descriptors */

static int log_fd = -1;

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void
open_log(void)
{
    const char *path = getenv("LAB_CALLS");
    int fd;

    if (path == NULL)
        return;
    fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd == -1)
        return;
    log_fd = fcntl(fd, F_DUPFD_CLOEXEC, LOG_FD);
    REAL(close)(fd);
}

static bool
is_socket(int fd)
{
    int type, saved = errno;
    socklen_t size = sizeof type;
    bool yes = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;

    errno = saved;
    return yes;
}

static void
note(const char *name, int fd, long argument, const char *result)
{
    struct timespec now;
    char line[160];
    int length, saved = errno;

    clock_gettime(CLOCK_REALTIME, &now);
    length = snprintf(line, sizeof line, "%ld %lld.%09ld %s %d %ld %s\n",
                      (long)getpid(), (long long)now.tv_sec, now.tv_nsec, name,
                      fd, argument, result);
    if (length > 0)
        (void)!REAL(write)(log_fd, line, (size_t)length);
    errno = saved;
}

static void
before(const char *name, int fd, long argument)
{
    if (log_fd != -1 && is_socket(fd))
        note(name, fd, argument, "- -");
}

static void
after(const char *name, int fd, long argument, long result, bool was_socket)
{
    char text[48];

    if (log_fd == -1 || (!was_socket && !(result == -1 && errno == EBADF)))
        return;
    snprintf(text, sizeof text, "%ld %d", result, result == -1 ? errno : 0);
    note(name, fd, argument, text);
}

/* One wrapper: note that it begins, call the real one, note how it went. */
#define WATCH(type, name, fd, argument, parameters, ...)                       \
    type name parameters                                                       \
    {                                                                          \
        bool was_socket = is_socket(fd);                                       \
        type result;                                                           \
                                                                               \
        before(#name, fd, (long)(argument));                                   \
        result = REAL(name)(__VA_ARGS__);                                      \
        after(#name, fd, (long)(argument), (long)result, was_socket);          \
        return result;                                                         \
    }

WATCH(ssize_t, read, fd, n, (int fd, void *p, size_t n), fd, p, n)
WATCH(ssize_t, write, fd, n, (int fd, const void *p, size_t n), fd, p, n)
WATCH(ssize_t, recv, fd, n, (int fd, void *p, size_t n, int flags), fd, p, n,
      flags)
WATCH(ssize_t, send, fd, n, (int fd, const void *p, size_t n, int flags), fd, p,
      n, flags)
WATCH(int, connect, fd, 0,
      (int fd, const struct sockaddr *where, socklen_t size), fd, where, size)
WATCH(int, accept, fd, 0,
      (int fd, struct sockaddr *restrict who, socklen_t *restrict size), fd,
      who, size)
WATCH(int, shutdown, fd, how, (int fd, int how), fd, how)
WATCH(int, close, fd, 0, (int fd), fd)
