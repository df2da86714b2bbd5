/*
 * What glibc calls some of these functions under _FORTIFY_SOURCE, which the gcc
 * of some systems defines by itself: they are told how much room there is.
 * Build this without it: else the vdprintf in here would call itself.
 */
#define _GNU_SOURCE

#include <sys/socket.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#ifdef __GLIBC__
extern _Noreturn void __chk_fail(void);

/* Give a function of ours the name that glibc uses. */
#define NAMED(name) __asm__("__" #name "_chk")

#define CHECKED(type, name, needs, parameters, ...)                            \
    extern type checked_##name parameters NAMED(name);                         \
    type checked_##name parameters                                             \
    {                                                                          \
        if ((needs) > room)                                                    \
            __chk_fail();                                                      \
        return name(__VA_ARGS__);                                              \
    }

CHECKED(ssize_t, read, n, (int fd, void *p, size_t n, size_t room), fd, p, n)
CHECKED(ssize_t, recv, n, (int fd, void *p, size_t n, size_t room, int flags),
        fd, p, n, flags)
CHECKED(ssize_t, recvfrom, n,
        (int fd, void *restrict p, size_t n, size_t room, int flags,
         struct sockaddr *restrict who, socklen_t *restrict size),
        fd, p, n, flags, who, size)
CHECKED(int, poll, n * sizeof *p,
        (struct pollfd * p, nfds_t n, int timeout, size_t room), p, n, timeout)

extern int checked_vdprintf(int fd, int level, const char *restrict format,
                            va_list list) NAMED(vdprintf);
extern int checked_dprintf(int fd, int level, const char *restrict format, ...)
    NAMED(dprintf);

int
checked_vdprintf(int fd, int level, const char *restrict format, va_list list)
{
    (void)level;
    return vdprintf(fd, format, list);
}

int
checked_dprintf(int fd, int level, const char *restrict format, ...)
{
    va_list list;
    int length;

    (void)level;
    va_start(list, format);
    length = vdprintf(fd, format, list);
    va_end(list);
    return length;
}
#endif
