/*
 * Calls that move several messages, or take flags. They do what one call of
 * sockets.c does, where that is allowed: of several messages the first is
 * moved, and the others are left to another call.
 */
#define _GNU_SOURCE

#include <sys/socket.h>
#include <sys/uio.h>
#include <stddef.h>
#include <time.h>

#include "wrap.h"

#ifdef __GLIBC__
int
sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    ssize_t sent;

    if (count == 0)
        return 0;
    sent = sendmsg(fd, &messages->msg_hdr, flags);
    if (sent == -1)
        return -1;
    messages->msg_len = (unsigned)sent;
    return 1;
}

int
recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
         struct timespec *limit)
{
    ssize_t got;

    if (count == 0)
        return REAL(recvmmsg)(fd, messages, count, flags, limit);
    got = recvmsg(fd, &messages->msg_hdr, flags & ~MSG_WAITFORONE);
    if (got == -1)
        return -1;
    messages->msg_len = (unsigned)got;
    return 1;
}

ssize_t
preadv2(int fd, const struct iovec *parts, int count, off_t at, int flags)
{
    if (at == -1 && flags == 0)
        return readv(fd, parts, count);
    return REAL(preadv2)(fd, parts, count, at, flags);
}

ssize_t
pwritev2(int fd, const struct iovec *parts, int count, off_t at, int flags)
{
    if (at == -1 && flags == 0)
        return writev(fd, parts, count);
    return REAL(pwritev2)(fd, parts, count, at, flags);
}

ALSO("preadv64v2", preadv2);
ALSO("pwritev64v2", pwritev2);
#endif
