/*
 * Write down every call that a program makes on a socket, and let calls fail.
 *
 *     LAB_CALLS=FILE [LAB_FAULT=FAULT] LD_PRELOAD=./preload.so program ...
 *
 * A call that returns adds a line to FILE, and so does a call that is about
 * to wait, so that the last line of a stuck program tells where it sleeps:
 *
 *     TID SECONDS.NANOSECONDS NAME FD ARGUMENT RESULT ERRNO
 *
 * TID is the thread, as gettid(2) says. ARGUMENT is a count of bytes, or which
 * half shutdown(2) ends, or 0. RESULT and ERRNO are `-` in the line before the
 * call. Time is CLOCK_REALTIME, the clock that stamps packets too. FILE is as
 * long as struct log, and the text in it begins after the count of its bytes.
 *
 * Static programs stay unseen, and calls in assembler. What stdio calls on a
 * socket by itself is seen where a fault is given, with glibc.
 *
 * FAULT is `KIND at N`: the Nth call that can suffer KIND does; or
 * `KIND chance PERCENT seed SEED`: each may, and the same seed repeats it. With
 * `first N` behind that the first N calls of a name do anyhow, on sockets and
 * on files. `KIND in NAME,NAME at N` and so on spares all calls but these.
 *
 *     short    read, write, recv, send, sendfile, splice move one byte, on
 *              sockets and plain files: nothing else may do so
 *     EINTR    a signal came while a call waited, so what can't wait is spared:
 *              non-blocking calls, a poll without patience; a connect goes on
 *              in the background, and a close has closed, as on Linux
 *     ENOSPC   the disk is full: open, write, splice, fsync, close, rename of
 *              files
 *     EIO      any call fails; a close has closed. So do EAGAIN, EPROTO and
 *              others that are listed in faults[]
 *     SIGTERM  the program gets that signal just before a call; or SIGHUP
 *     SIGSTOP  the same, of calls on descriptors before those on sockets only;
 *              it stays so until SIGCONT
 *     slow     fsync takes a second
 *     nothing  write, send, sendfile and a splice out of a pipe take no byte,
 *              and call that no error
 *     copied   a child keeps a copy of what accept returned, for ever
 *
 * What is said of read and write holds for readv, writev and pread, what is
 * said of recv and send for recvfrom, recvmsg, sendto and sendmsg; recvmsg is
 * never short. A splice is splice_in in a line of FILE if it takes bytes from a
 * socket, else splice_out; FAULT calls both splice.
 *
 * A call that was struck adds the line `TID TIME fault:NAME FD 0 0 0`. One that
 * was spared adds `TID TIME spared:NAME FD 0 0 0`: on a socket it can't wait;
 * it moves one byte anyhow; or stdio or aio(7) makes it, which know what to do.
 * A program can't make itself unreadable in /proc (prctl(2), PR_SET_DUMPABLE),
 * where an ordinary user's judge looks at it.
 * See also: ld.so(8), dlsym(3), signal(7).
 */
#define _GNU_SOURCE

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <aio.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The file, mapped: no descriptor of ours stands among the program's own. */
struct log {
    atomic_size_t used; /* bytes of text, also those that found no room */
    char text[(1 << 25) - sizeof(atomic_size_t)];
};

/* From INTERRUPTED on, a call that is struck fails. */
enum kind {
    NONE,
    SHORT,
    NOTHING,
    COPIED,
    SLOW,
    SIGNALLED,
    STOPPED,
    INTERRUPTED,
    FULL,
    BROKEN
};

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
    char calls[64];           /* names with commas, or "" for all */
    long at;                  /* the call to strike, or 0 */
    unsigned percent;         /* else the chance of each */
    long first;               /* that suffer it anyhow, of each name and sort */
    unsigned long long state; /* of the generator */
    long count;               /* calls that could have suffered so far */
} fault;

static struct log *calls;

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static void
read_fault(const char *text)
{
    char word[16];
    int used = 0;
    size_t i;

    if (sscanf(text, "%15s in %63s %n", word, fault.calls, &used) != 2 &&
        sscanf(text, "%15s %n", word, &used) != 1)
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

/* Forget a variable, also where /proc/self/environ still shows it. */
static void
forget(const char *name)
{
    char *value = getenv(name);

    if (value == NULL)
        return;
    memset(value, 0, strlen(value));
    memset(value - strlen(name) - 1, 0, strlen(name));
    unsetenv(name);
}

__attribute__((constructor)) static void
begin(void)
{
    const char *path = getenv("LAB_CALLS"), *text = getenv("LAB_FAULT");
    int fd = path ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;
    void *map;

    if (fd == -1)
        return;
    map = mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) {
        calls = map;
        posix_madvise(map, sizeof *calls, POSIX_MADV_RANDOM); /* all holes */
    }
    REAL(close)(fd);
    if (text != NULL)
        read_fault(text);
    /* What it starts is not recorded. Code that runs before us has seen them:
       ld.so(8) runs an executable's .preinit_array first. */
    forget("LD_PRELOAD");
    forget("LAB_CALLS");
    forget("LAB_FAULT");
}

enum sort { OTHER, PLAIN_FILE, SOCKET };

static enum sort
sort_of(int fd)
{
    struct stat seen;
    int saved = errno;
    bool known = syscall(SYS_fstat, fd, &seen) == 0; /* ours may fail */

    errno = saved;
    if (known && S_ISSOCK(seen.st_mode))
        return SOCKET;
    return known && S_ISREG(seen.st_mode) ? PLAIN_FILE : OTHER;
}

/* Whether a call can wait, so that a signal can come meanwhile (signal(7)). */
static bool
can_wait(int fd, int flags)
{
    int saved = errno, status = REAL(fcntl)(fd, F_GETFL);

    errno = saved;
    return !(flags & MSG_DONTWAIT) && status != -1 && !(status & O_NONBLOCK);
}

static void
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

static void
before(const char *name, int fd, long argument, bool watched)
{
    if (watched)
        note(name, fd, argument, "- -");
}

/* The name under which a call may be struck. */
static const char *
kin(const char *name)
{
    static const char *const names[][2] = {
        {"readv", "read"},  {"writev", "write"}, {"recvfrom", "recv"},
        {"sendto", "send"}, {"recvmsg", "recv"}, {"sendmsg", "send"}};
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i][0]) == 0)
            return names[i][1];
    return name;
}

/* Whether calls of this name are among those that may be struck. */
static bool
chosen(const char *name)
{
    const char *found = strstr(fault.calls, name);

    return fault.calls[0] == '\0' ||
           (found != NULL && strchr(",", found[strlen(name)]) != NULL);
}

/* Note that a call was not struck, for a reason that is no evasion. */
static void
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
    const char *found = strstr(fault.calls, name);
    size_t place = found == NULL ? 0 : (size_t)(found - fault.calls);

    return begun[place][sort_of(fd)]++ < fault.first;
}

/* Whether a call that can suffer this kind of fault is to suffer it now. */
static bool
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

static void
after(const char *name, int fd, long argument, long result, bool watched)
{
    char text[48];

    if (!watched && !(result == -1 && errno == EBADF))
        return;
    snprintf(text, sizeof text, "%ld %d", result, result == -1 ? errno : 0);
    note(name, fd, argument, text);
    if (fault.kind == COPIED && result != -1 && strcmp(name, "accept") == 0 &&
        strikes(name, fd, true) && REAL(fork)() == 0)
        for (;;)
            pause();
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
        "read",   "write",   "recv",  "send",        "poll",
        "accept", "connect", "close", "epoll_pwait", NULL};

    if (fault.kind != INTERRUPTED || !chosen(name))
        return false;
    if (is_any(name, slow) &&
        (waits || strcmp(name, "close") == 0)) /* which may linger */
        return true;
    if (sort == SOCKET)
        spare(name, fd);
    return false;
}

/* Strike a call if it is its turn; return the errno it fails with, or 0. */
static int
failing(const char *name, int fd, enum sort sort, bool waits)
{
    static const char *const disk[] = {"open",     "openat", "write",
                                       "splice",   "fsync",  "rename",
                                       "renameat", "close",  NULL};
    bool can = fault.kind == BROKEN || fault.kind == SIGNALLED ||
               (fault.kind == STOPPED && (sort == SOCKET || fd == -1)) ||
               (fault.kind == SLOW && strcmp(name, "fsync") == 0) ||
               interruptible(kin(name), fd, sort, waits) ||
               (fault.kind == FULL && sort != SOCKET && is_any(name, disk));

    if (!strikes(kin(name), fd, can))
        return 0;
    if (fault.kind == SLOW)
        REAL(poll)(NULL, 0, 1000);
    if (fault.kind == SIGNALLED || fault.kind == STOPPED)
        raise(fault.number);
    return fault.kind >= INTERRUPTED ? fault.number : 0;
}

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

/* How many of `n` bytes a call is to move. */
static size_t
cut(const char *name, int fd, size_t n, bool may_be_none)
{
    if (fault.kind == NOTHING && strikes(kin(name), fd, may_be_none))
        return 0;
    if (fault.kind != SHORT || sort_of(fd) == OTHER)
        return n;
    if (n <= 1)
        spare(kin(name), fd);
    return strikes(kin(name), fd, n > 1) ? 1 : n;
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
WATCH(int, accept, fd, 0, 0,
      (int fd, struct sockaddr *restrict who, socklen_t *restrict size), fd,
      who, size)
WATCH(int, shutdown, fd, 0, how, (int fd, int how), fd, how)
WATCH(int, close, fd, 0, 0, (int fd), fd)

/*
 * What libc calls by itself does not come here: it calls the kernel. So stdio
 * is given functions of ours on a socket, where a fault is to come. It goes on
 * after a short count, as it always does. A signal would end it, so it is
 * spared that, and so is aio(7).
 */
static ssize_t
put(int fd, const char *p, size_t n)
{
    bool watched = sort_of(fd) == SOCKET;
    size_t sent = 0;
    ssize_t once = 0;

    while (sent < n && once != -1) {
        before("write", fd, (long)(n - sent), watched);
        once = REAL(write)(fd, p + sent, cut("write", fd, n - sent, false));
        after("write", fd, (long)(n - sent), once, watched);
        sent += once == -1 ? 0 : (size_t)once;
    }
    if (fault.kind == INTERRUPTED)
        spare("write", fd);
    return (ssize_t)sent;
}

int
vdprintf(int fd, const char *restrict format, va_list list)
{
    char *text;
    int length = vasprintf(&text, format, list);
    ssize_t sent;

    if (length == -1)
        return -1;
    sent = put(fd, text, (size_t)length);
    free(text);
    return sent == length ? length : -1;
}

int
dprintf(int fd, const char *restrict format, ...)
{
    va_list list;
    int length;

    va_start(list, format);
    length = vdprintf(fd, format, list);
    va_end(list);
    return length;
}

#ifdef __GLIBC__
static ssize_t
stream_read(void *cookie, char *p, size_t n)
{
    int fd = (int)(intptr_t)cookie;
    ssize_t got;

    spare("read", fd);
    before("read", fd, (long)n, true);
    got = REAL(read)(fd, p, n);
    after("read", fd, (long)n, got, true);
    return got;
}

static ssize_t
stream_write(void *cookie, const char *p, size_t n)
{
    return put((int)(intptr_t)cookie, p, n);
}

static int
stream_close(void *cookie)
{
    int fd = (int)(intptr_t)cookie, result;

    before("close", fd, 0, true);
    result = REAL(close)(fd);
    after("close", fd, 0, result, true);
    return result;
}

static FILE *
stream_on(int fd, const char *mode)
{
    FILE *made = fopencookie((void *)(intptr_t)fd, mode,
                             (cookie_io_functions_t){.read = stream_read,
                                                     .write = stream_write,
                                                     .close = stream_close});

    if (made != NULL)
        made->_fileno = fd; /* for fileno(3) */
    return made;
}
#else
#define stream_on(fd, mode) REAL(fdopen)(fd, mode)
#endif

/*
 * stdio on a socket is shown. Which stream it is stands where a count of bytes
 * would: 1 if it is one to write to.
 */
static int
number_of(FILE *stream)
{
    int saved = errno, fd = stream == NULL ? -1 : fileno(stream);

    errno = saved;
    return fd;
}

#define STREAM(real, type, failed, name, parameters, ...)                      \
    type name parameters                                                       \
    {                                                                          \
        int fd = number_of(stream);                                            \
        bool watched = fd != -1 && sort_of(fd) == SOCKET;                      \
        long argument = fd != -1 && __fwritable(stream);                       \
        type result;                                                           \
                                                                               \
        before(#name, fd, argument, watched);                                  \
        result = real(__VA_ARGS__);                                            \
        after(#name, fd, argument, (failed) ? -1 : (long)result, watched);     \
        return result;                                                         \
    }

static int
spared_fclose(FILE *stream)
{
    if (fault.kind == INTERRUPTED)
        spare("close", number_of(stream));
    return REAL(fclose)(stream);
}

STREAM(REAL(fflush), int, result == EOF, fflush, (FILE * stream), stream)
STREAM(spared_fclose, int, result == EOF, fclose, (FILE * stream), stream)
STREAM(REAL(fread), size_t, result == 0 && ferror(stream), fread,
       (void *restrict p, size_t size, size_t n, FILE *restrict stream), p,
       size, n, stream)

FILE *
fdopen(int fd, const char *mode)
{
    bool watched = sort_of(fd) == SOCKET;
    FILE *made;

    before("fdopen", fd, mode[0] != 'r', watched);
    made = watched && fault.kind != NONE ? stream_on(fd, mode)
                                         : REAL(fdopen)(fd, mode);
    after("fdopen", fd, mode[0] != 'r', made == NULL ? -1 : 0, watched);
    return made;
}

WATCH(int, dup, fd, 0, 0, (int fd), fd)

int
aio_read(struct aiocb *cb)
{
    cb->aio_lio_opcode = LIO_READ;
    return REAL(aio_read)(cb);
}

int
aio_write(struct aiocb *cb)
{
    cb->aio_lio_opcode = LIO_WRITE;
    return REAL(aio_write)(cb);
}

ssize_t
aio_return(struct aiocb *cb)
{
    bool reads = cb->aio_lio_opcode == LIO_READ;
    ssize_t result = REAL(aio_return)(cb);

    spare(reads ? "read" : "write", cb->aio_fildes);
    after(reads ? "aio_read" : "aio_write", cb->aio_fildes,
          (long)cb->aio_nbytes, result, sort_of(cb->aio_fildes) == SOCKET);
    return result;
}

/* The same calls by their numbers. */
long
syscall(long number, ...)
{
    long a[6];
    va_list list;
    size_t i;

    va_start(list, number);
    for (i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    switch (number) {
    case SYS_read:
        return read((int)a[0], (void *)a[1], (size_t)a[2]);
    case SYS_write:
        return write((int)a[0], (void *)a[1], (size_t)a[2]);
    case SYS_readv:
        return readv((int)a[0], (void *)a[1], (int)a[2]);
    case SYS_writev:
        return writev((int)a[0], (void *)a[1], (int)a[2]);
    case SYS_recvfrom:
        return recvfrom((int)a[0], (void *)a[1], (size_t)a[2], (int)a[3],
                        (void *)a[4], (void *)a[5]);
    case SYS_sendto:
        return sendto((int)a[0], (void *)a[1], (size_t)a[2], (int)a[3],
                      (void *)a[4], (socklen_t)a[5]);
    case SYS_recvmsg:
        return recvmsg((int)a[0], (void *)a[1], (int)a[2]);
    case SYS_sendmsg:
        return sendmsg((int)a[0], (void *)a[1], (int)a[2]);
    case SYS_connect:
        return connect((int)a[0], (void *)a[1], (socklen_t)a[2]);
    case SYS_close:
        return close((int)a[0]);
#ifdef SYS_poll
    case SYS_poll:
        return poll((void *)a[0], (nfds_t)a[1], (int)a[2]);
#endif
    default:
        return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}

/* The rest are not shown, and can only fail. */
#define FAIL(type, name, fd, parameters, ...)                                  \
    type name parameters                                                       \
    {                                                                          \
        int error = failing(#name, fd, OTHER, false);                          \
                                                                               \
        if (error != 0) {                                                      \
            errno = error;                                                     \
            return -1;                                                         \
        }                                                                      \
        return REAL(name)(__VA_ARGS__);                                        \
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
    int error = failing("signal", -1, OTHER, false);

    if (error == 0)
        return REAL(signal)(number, action);
    errno = error;
    return SIG_ERR;
}

int
poll(struct pollfd *p, nfds_t n, int timeout)
{
    int error = failing("poll", -1, OTHER, timeout != 0);

    if (error != 0) {
        errno = error;
        return -1;
    }
    return REAL(poll)(p, n, timeout);
}

int
epoll_pwait(int fd, struct epoll_event *p, int n, int timeout,
            const sigset_t *mask)
{
    int error = failing("epoll_pwait", fd, OTHER, timeout != 0);

    if (error != 0) {
        errno = error;
        return -1;
    }
    return REAL(epoll_pwait)(fd, p, n, timeout, mask);
}

ssize_t
splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t n,
       unsigned flags)
{
    bool in = sort_of(from) == SOCKET, watched = in || sort_of(to) == SOCKET;
    const char *name = in ? "splice_in" : "splice_out";
    int fd = in ? from : to;
    int error = failing("splice", fd, sort_of(fd), can_wait(fd, 0));
    ssize_t result = -1;

    before(name, fd, (long)n, watched);
    if (error == 0)
        result = REAL(splice)(from, from_at, to, to_at,
                              cut("splice", fd, n, !in), flags);
    else
        errno = error;
    after(name, fd, (long)n, (long)result, watched);
    return result;
}

ssize_t
pread(int fd, void *p, size_t n, off_t at)
{
    int error = failing("pread", fd, PLAIN_FILE, false);

    if (error != 0) {
        errno = error;
        return -1;
    }
    return REAL(pread)(fd, p, cut("pread", fd, n, false), at);
}

int
prctl(int option, ...)
{
    static int dumpable = 1;
    unsigned long words[4];
    va_list list;
    size_t i;

    va_start(list, option);
    for (i = 0; i < 4; i++)
        words[i] = va_arg(list, unsigned long);
    va_end(list);
    if (option == PR_SET_DUMPABLE && words[0] <= 1) {
        dumpable = (int)words[0];
        return 0;
    }
    if (option == PR_GET_DUMPABLE)
        return dumpable;
    return REAL(prctl)(option, words[0], words[1], words[2], words[3]);
}

int
open(const char *path, int flags, ...)
{
    int error = failing("open", -1, OTHER, false);
    va_list list;
    mode_t mode = 0;

    va_start(list, flags);
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
        mode = (mode_t)va_arg(list, int);
    va_end(list);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return REAL(open)(path, flags, mode);
}

int
openat(int fd, const char *path, int flags, ...)
{
    int error = failing("openat", fd, OTHER, false);
    va_list list;
    mode_t mode = 0;

    va_start(list, flags);
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
        mode = (mode_t)va_arg(list, int);
    va_end(list);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return REAL(openat)(fd, path, flags, mode);
}

int
fcntl(int fd, int command, ...)
{
    int error = failing("fcntl", fd, OTHER, false);
    va_list list;
    long argument;

    va_start(list, command);
    argument = va_arg(list, long);
    va_end(list);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return REAL(fcntl)(fd, command, argument);
}

/* What glibc calls the same functions under _FILE_OFFSET_BITS=64, and signal
 * in a program that asks for no more than POSIX. */
#if defined __GLIBC__ && defined __LP64__
#define ALSO(other, name)                                                      \
    extern __typeof__(name) also_##name __asm__(other)                         \
        __attribute__((alias(#name)))

#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmissing-attributes"
#endif
ALSO("open64", open);
ALSO("openat64", openat);
ALSO("__sysv_signal", signal);
ALSO("fstatat64", fstatat);
ALSO("fcntl64", fcntl);
ALSO("fstat64", fstat);
ALSO("stat64", stat);
ALSO("lseek64", lseek);
ALSO("pread64", pread);
ALSO("sendfile64", sendfile);
ALSO("aio_read64", aio_read);
ALSO("aio_write64", aio_write);
ALSO("aio_return64", aio_return);
#endif
