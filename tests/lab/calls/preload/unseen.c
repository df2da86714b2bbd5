/*
 * Calls that are not shown, and can only fail.
 */
#define _GNU_SOURCE

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "faults.h"
#include "wrap.h"

#define FAIL(type, name, fd, parameters, ...)                                  \
    type name parameters                                                       \
    {                                                                          \
        return fails(#name, fd, OTHER, false) ? -1 : REAL(name)(__VA_ARGS__);  \
    }

FAIL(int, socket, -1, (int family, int type, int protocol), family, type,
     protocol)
FAIL(int, bind, fd, (int fd, const struct sockaddr *where, socklen_t size), fd,
     where, size)
FAIL(int, listen, fd, (int fd, int backlog), fd, backlog)
FAIL(int, getsockname, fd,
     (int fd, struct sockaddr *restrict where, socklen_t *restrict size), fd,
     where, size)
FAIL(int, setsockopt, fd,
     (int fd, int level, int name, const void *p, socklen_t size), fd, level,
     name, p, size)
FAIL(int, getsockopt, fd,
     (int fd, int level, int name, void *restrict p, socklen_t *restrict size),
     fd, level, name, p, size)
FAIL(int, fsync, fd, (int fd), fd)
FAIL(pid_t, fork, -1, (void), )
FAIL(int, fstat, fd, (int fd, struct stat *restrict st), fd, st)
FAIL(int, stat, -1, (const char *restrict path, struct stat *restrict st), path,
     st)
FAIL(int, fstatat, fd,
     (int fd, const char *restrict path, struct stat *restrict st, int flags),
     fd, path, st, flags)
FAIL(int, faccessat, fd, (int fd, const char *path, int mode, int flags), fd,
     path, mode, flags)
FAIL(int, rename, -1, (const char *from, const char *to), from, to)
FAIL(int, renameat, fd, (int fd, const char *from, int to_fd, const char *to),
     fd, from, to_fd, to)
FAIL(int, unlink, -1, (const char *path), path)
FAIL(int, unlinkat, fd, (int fd, const char *path, int flags), fd, path, flags)
FAIL(int, fchown, fd, (int fd, uid_t owner, gid_t group), fd, owner, group)
FAIL(int, sigaction, -1,
     (int number, const struct sigaction *restrict action,
      struct sigaction *restrict before),
     number, action, before)
FAIL(int, fchmod, fd, (int fd, mode_t mode), fd, mode)
FAIL(off_t, lseek, fd, (int fd, off_t offset, int whence), fd, offset, whence)

sighandler_t
signal(int number, sighandler_t action)
{
    if (fails("signal", -1, OTHER, false))
        return SIG_ERR;
    return REAL(signal)(number, action);
}

#ifdef __GLIBC__
/* signal(2) in a program that asks for no more than POSIX or X/Open: the
   handler is called once, and a call that it interrupts fails with EINTR. */
sighandler_t
__sysv_signal(int number, sighandler_t action)
{
    if (fails("signal", -1, OTHER, false))
        return SIG_ERR;
    return REAL(__sysv_signal)(number, action);
}
#endif

int
poll(struct pollfd *p, nfds_t n, int timeout)
{
    if (fails("poll", -1, OTHER, timeout != 0))
        return -1;
    return REAL(poll)(p, n, timeout);
}

int
epoll_pwait(int fd, struct epoll_event *p, int n, int timeout,
            const sigset_t *mask)
{
    if (fails("epoll_pwait", fd, OTHER, timeout != 0))
        return -1;
    return REAL(epoll_pwait)(fd, p, n, timeout, mask);
}

ssize_t
pread(int fd, void *p, size_t n, off_t at)
{
    if (fails("pread", fd, PLAIN_FILE, false))
        return -1;
    return REAL(pread)(fd, p, cut("pread", fd, n, false), at);
}

/* Whether open(2) has a third argument. */
static bool
has_mode(int flags)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

int
open(const char *path, int flags, ...)
{
    va_list list;
    mode_t mode = 0;

    va_start(list, flags);
    if (has_mode(flags))
        mode = (mode_t)va_arg(list, int);
    va_end(list);
    if (fails("open", -1, OTHER, false))
        return -1;
    return REAL(open)(path, flags, mode);
}

int
openat(int fd, const char *path, int flags, ...)
{
    va_list list;
    mode_t mode = 0;

    va_start(list, flags);
    if (has_mode(flags))
        mode = (mode_t)va_arg(list, int);
    va_end(list);
    if (fails("openat", fd, OTHER, false))
        return -1;
    return REAL(openat)(fd, path, flags, mode);
}

int
fcntl(int fd, int command, ...)
{
    va_list list;
    long argument;

    va_start(list, command);
    argument = va_arg(list, long);
    va_end(list);
    if (fails("fcntl", fd, OTHER, false))
        return -1;
    return REAL(fcntl)(fd, command, argument);
}

ALSO("open64", open);
ALSO("openat64", openat);
ALSO("fstatat64", fstatat);
ALSO("fcntl64", fcntl);
ALSO("fstat64", fstat);
ALSO("stat64", stat);
ALSO("lseek64", lseek);
ALSO("pread64", pread);
