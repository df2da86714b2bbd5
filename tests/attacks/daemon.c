/* attack: leaves its session and its parent, deaf to every signal, and stays */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

int
main(void)
{
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_IGN);
    for (int turn = 0; turn < 2; turn++) {
        if (fork() != 0)
            _exit(1);
        setsid();
    }
    prctl(PR_SET_NAME, "@NAME@");
    for (;;)
        pause();
}
