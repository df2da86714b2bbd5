/*
 * Calls on sockets. Each is shown, and may be struck.
 *
 * A splice is splice_in in the log if it takes bytes from a socket, else
 * splice_out; a fault calls both splice.
 */
#define _GNU_SOURCE

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"
#include "log.h"
#include "wrap.h"

/* One wrapper: note that it begins, let it be or fail, note how it went. */
#define WATCH(type, name, fd, flags, argument, parameters, ...)                \
    CALL(REAL(name), type, name, fd, flags, argument, parameters, __VA_ARGS__)

/* The same, where something of ours makes the call. */
#define CALL(real, type, name, fd, flags, argument, parameters, ...)           \
    type name parameters                                                       \
    {                                                                          \
        enum sort sort = sort_of(fd);                                          \
        int error = failing(#name, fd, sort, can_wait(fd, flags));             \
        type result = -1;                                                      \
                                                                               \
        before(#name, fd, (long)(argument), sort == SOCKET);                   \
        if (error == 0 || strcmp(#name, "close") == 0 ||                       \
            (error == EINTR && strcmp(#name, "connect") == 0))                 \
            result = real(__VA_ARGS__);                                        \
        if (error != 0) {                                                      \
            result = -1;                                                       \
            errno = error;                                                     \
        }                                                                      \
        after(#name, fd, (long)(argument), (long)result, sort == SOCKET);      \
        return result;                                                         \
    }

static size_t
total(const struct iovec *parts, size_t count)
{
    size_t all = 0;

    while (count-- > 0)
        all += parts++->iov_len;
    return all;
}

/* Leave one byte of several parts, if a call is to be short; return how many
   parts there are to move then. */
static size_t
cut_parts(const char *name, int fd, const struct iovec **parts, size_t count,
          struct iovec *one)
{
    size_t all = total(*parts, count);

    if (cut(name, fd, all, false) == all)
        return count;
    while ((*parts)->iov_len == 0)
        (*parts)++;
    *one = (struct iovec){(*parts)->iov_base, 1};
    *parts = one;
    return 1;
}

static ssize_t
some_readv(int fd, const struct iovec *parts, int count)
{
    struct iovec one;
    size_t left = cut_parts("readv", fd, &parts, (size_t)count, &one);

    return REAL(readv)(fd, parts, (int)left);
}

static ssize_t
some_writev(int fd, const struct iovec *parts, int count)
{
    struct iovec one;
    size_t left = cut_parts("writev", fd, &parts, (size_t)count, &one);

    return REAL(writev)(fd, parts, (int)left);
}

static ssize_t
some_sendmsg(int fd, const struct msghdr *m, int flags)
{
    struct iovec one;
    const struct iovec *parts = m->msg_iov;
    struct msghdr some = *m;

    some.msg_iovlen = (__typeof__(some.msg_iovlen))cut_parts(
        "sendmsg", fd, &parts, (size_t)m->msg_iovlen, &one);
    some.msg_iov = (struct iovec *)parts;
    return REAL(sendmsg)(fd, &some, flags);
}

/* A child may keep a copy of what accept returns. */
static int
copied_accept(int fd, struct sockaddr *restrict who, socklen_t *restrict size)
{
    int conn = REAL(accept)(fd, who, size);

    if (conn != -1 && strikes("accept", fd, fault_is(COPIED)) &&
        REAL(fork)() == 0)
        for (;;)
            pause();
    return conn;
}

WATCH(ssize_t, read, fd, 0, n, (int fd, void *p, size_t n), fd, p,
      cut("read", fd, n, false))
WATCH(ssize_t, write, fd, 0, n, (int fd, const void *p, size_t n), fd, p,
      cut("write", fd, n, true))
WATCH(ssize_t, recv, fd, flags, n, (int fd, void *p, size_t n, int flags), fd,
      p, cut("recv", fd, n, false), flags)
WATCH(ssize_t, send, fd, flags, n, (int fd, const void *p, size_t n, int flags),
      fd, p, cut("send", fd, n, true), flags)
WATCH(ssize_t, recvfrom, fd, flags, n,
      (int fd, void *restrict p, size_t n, int flags,
       struct sockaddr *restrict who, socklen_t *restrict size),
      fd, p, cut("recvfrom", fd, n, false), flags, who, size)
WATCH(ssize_t, sendto, fd, flags, n,
      (int fd, const void *p, size_t n, int flags, const struct sockaddr *where,
       socklen_t size),
      fd, p, cut("sendto", fd, n, true), flags, where, size)
WATCH(ssize_t, recvmsg, fd, flags, total(m->msg_iov, (size_t)m->msg_iovlen),
      (int fd, struct msghdr *m, int flags), fd, m, flags)
CALL(some_sendmsg, ssize_t, sendmsg, fd, flags,
     total(m->msg_iov, (size_t)m->msg_iovlen),
     (int fd, const struct msghdr *m, int flags), fd, m, flags)
CALL(some_readv, ssize_t, readv, fd, 0, total(parts, (size_t)count),
     (int fd, const struct iovec *parts, int count), fd, parts, count)
CALL(some_writev, ssize_t, writev, fd, 0, total(parts, (size_t)count),
     (int fd, const struct iovec *parts, int count), fd, parts, count)
WATCH(ssize_t, sendfile, to, 0, n, (int to, int from, off_t *at, size_t n), to,
      from, at, cut("sendfile", to, n, true))
WATCH(int, connect, fd, 0, 0,
      (int fd, const struct sockaddr *where, socklen_t size), fd, where, size)
CALL(copied_accept, int, accept, fd, 0, 0,
     (int fd, struct sockaddr *restrict who, socklen_t *restrict size), fd, who,
     size)
WATCH(int, accept4, fd, 0, 0,
      (int fd, struct sockaddr *restrict who, socklen_t *restrict size,
       int flags),
      fd, who, size, flags)
WATCH(int, shutdown, fd, 0, how, (int fd, int how), fd, how)
WATCH(int, close, fd, 0, 0, (int fd), fd)
WATCH(int, dup, fd, 0, 0, (int fd), fd)

ssize_t
splice(int from, loff_t *from_at, int to, loff_t *to_at, size_t n,
       unsigned flags)
{
    bool in = sort_of(from) == SOCKET, shown = in || sort_of(to) == SOCKET;
    const char *name = in ? "splice_in" : "splice_out";
    int fd = in ? from : to;
    int error = failing("splice", fd, sort_of(fd), !in || can_wait(fd, 0));
    ssize_t result = -1;

    before(name, fd, (long)n, shown);
    if (error == 0)
        result = REAL(splice)(from, from_at, to, to_at,
                              cut("splice", fd, n, !in), flags);
    else
        errno = error;
    after(name, fd, (long)n, (long)result, shown);
    return result;
}

ALSO("sendfile64", sendfile);
