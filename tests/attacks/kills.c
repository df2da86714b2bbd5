/* attack: kills everything that it may signal, first the first process */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int
main(void)
{
    for (int number = 1; number < NSIG; number++) {
        if (number == SIGCHLD)
            continue;
        kill(1, number);
        if (number == SIGKILL || number == SIGTERM || number == SIGINT)
            kill(-1, number);
    }
    fprintf(stderr, "held: the first process, %d, lives\n", (int)getppid());
    return 1;
}
