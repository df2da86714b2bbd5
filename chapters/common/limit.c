/*
 * As many descriptors as there may be.
 *
 * The contract is in limit.h. POSIX throughout: the soft limit, which is what
 * counts, may be raised by anybody as far as the hard one.
 */
#define _POSIX_C_SOURCE 200809L

#include "limit.h"

#include <sys/resource.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>

void
raise_limit(void)
{
    struct rlimit most;

    if (getrlimit(RLIMIT_NOFILE, &most) == -1)
        err(1, "getrlimit");
    most.rlim_cur = most.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &most) == -1)
        err(1, "setrlimit");
    printf("at most %ju descriptors\n", (uintmax_t)most.rlim_cur);
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}
