/* attack: makes system calls that reach what no namespace parts */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/syscall.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const struct {
    const char *name;
    long number, first, second;
} calls[] = {{"semget", SYS_semget, 0, 1},
             {"msgget", SYS_msgget, 0, 0},
             {"shmget", SYS_shmget, 0, 4096},
             {"userfaultfd", SYS_userfaultfd, 1, 0},
             {"io_uring_setup", 425, 1, 0},
             {"memfd_secret", 447, 0, 0},
             {"socket", SYS_socket, AF_VSOCK, SOCK_STREAM}};

int
main(void)
{
    size_t i;

    for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        if (syscall(calls[i].number, calls[i].first, calls[i].second, 0) ==
                -1 &&
            errno == EPERM)
            fprintf(stderr, "held: %s\n", calls[i].name);
        else
            fprintf(stderr, "STOLEN: %s\n", calls[i].name);
    return 1;
}
