/* attack: lowers the limits of another process of the same user */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
main(void)
{
    struct rlimit none = {0, 0};
    pid_t victim = fork();

    if (victim == 0)
        for (;;)
            pause();
    if (prlimit(victim, RLIMIT_NOFILE, &none, NULL) == -1)
        perror("held: prlimit");
    else
        fprintf(stderr, "STOLEN: a limit\n");
    exit(1);
}
