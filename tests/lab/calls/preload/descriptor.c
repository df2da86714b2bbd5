/*
 * What a descriptor is.
 */
#define _GNU_SOURCE

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "descriptor.h"
#include "wrap.h"

enum sort
sort_of(int fd)
{
    struct stat seen;
    int saved = errno;
    /* By its number: our own fstat may fail, and glibc before 2.33 has none. */
    bool known = syscall(SYS_fstat, fd, &seen) == 0;

    errno = saved;
    if (known && S_ISSOCK(seen.st_mode))
        return SOCKET;
    return known && S_ISREG(seen.st_mode) ? PLAIN_FILE : OTHER;
}

bool
can_wait(int fd, int flags)
{
    int saved = errno, status = REAL(fcntl)(fd, F_GETFL);

    errno = saved;
    return !(flags & MSG_DONTWAIT) && status != -1 && !(status & O_NONBLOCK);
}
