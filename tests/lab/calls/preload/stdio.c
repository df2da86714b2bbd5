/*
 * stdio on a socket. Its calls are shown; in place of a count of bytes their
 * line has 1 if the stream can be written to, else 0.
 *
 * What libc calls by itself does not come to sockets.c: it calls the kernel.
 * So stdio is given functions of ours on a socket, where a fault is to come,
 * with glibc. It goes on after a short count, as it always does. A signal would
 * end it, so it is spared that.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <unistd.h>

#include "faults.h"
#include "log.h"
#include "wrap.h"

static ssize_t
put(int fd, const char *p, size_t n)
{
    bool shown = sort_of(fd) == SOCKET;
    size_t sent = 0;
    ssize_t once = 0;

    while (sent < n && once != -1) {
        before("write", fd, (long)(n - sent), shown);
        once = REAL(write)(fd, p + sent, cut("write", fd, n - sent, false));
        after("write", fd, (long)(n - sent), once, shown);
        sent += once == -1 ? 0 : (size_t)once;
    }
    if (fault_is(INTERRUPTED))
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

static int
descriptor_of(FILE *stream)
{
    int saved = errno, fd = stream == NULL ? -1 : fileno(stream);

    errno = saved;
    return fd;
}

#define STREAM(real, type, failed, name, parameters, ...)                      \
    type name parameters                                                       \
    {                                                                          \
        int fd = descriptor_of(stream);                                        \
        bool shown = fd != -1 && sort_of(fd) == SOCKET;                        \
        long argument = fd != -1 && __fwritable(stream);                       \
        type result;                                                           \
                                                                               \
        before(#name, fd, argument, shown);                                    \
        result = real(__VA_ARGS__);                                            \
        after(#name, fd, argument, (failed) ? -1 : (long)result, shown);       \
        return result;                                                         \
    }

static int
spared_fclose(FILE *stream)
{
    if (fault_is(INTERRUPTED))
        spare("close", descriptor_of(stream));
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
    bool shown = sort_of(fd) == SOCKET;
    FILE *made;

    before("fdopen", fd, mode[0] != 'r', shown);
    made =
        shown && !fault_is(NONE) ? stream_on(fd, mode) : REAL(fdopen)(fd, mode);
    after("fdopen", fd, mode[0] != 'r', made == NULL ? -1 : 0, shown);
    return made;
}
