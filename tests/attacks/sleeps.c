/* attack: never ends, and hears no SIGTERM */
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>

int
main(void)
{
    signal(SIGTERM, SIG_IGN);
    for (;;)
        pause();
}
