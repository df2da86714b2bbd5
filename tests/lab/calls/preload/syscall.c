/*
 * Calls by their numbers. Those that move bytes between a program and one
 * descriptor, connect, close and poll are made by their names here. Others,
 * such as shutdown and splice, stay unseen.
 */
#define _GNU_SOURCE

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include "wrap.h"

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
