/*
 * Connecting, one address after the other, without waiting for it.
 *
 * The contract is in dial.h. POSIX throughout.
 */
#define _POSIX_C_SOURCE 200809L

#include "dial.h"
#include "deadline.h"

#include <sys/socket.h>
#include <errno.h>
#include <unistd.h>

int
dial(const struct addrinfo **next)
{
    const struct addrinfo *where;
    int conn, why = errno;

    while ((where = *next) != NULL) {
        *next = where->ai_next;
        conn = socket(where->ai_family, where->ai_socktype, where->ai_protocol);
        if (conn != -1)
            nonblocking(conn);
        if (conn != -1 &&
            (connect(conn, where->ai_addr, where->ai_addrlen) == 0 ||
             errno == EINPROGRESS || errno == EINTR))
            return conn;
        why = errno;
        if (conn != -1)
            close(conn); /* it was never connected: nothing ends here */
    }
    errno = why;
    return -1;
}
