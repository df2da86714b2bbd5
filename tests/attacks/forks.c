/* attack: forks and forks */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

#define MANY 60

int
main(void)
{
    int children = 0;

    while (children < MANY) {
        pid_t child = fork();

        if (child == 0) {
            pause();
            _exit(0);
        }
        if (child == -1)
            break;
        children++;
    }
    fprintf(stderr,
            children < MANY ? "held: %d children\n" : "STOLEN: %d children\n",
            children);
    return 1;
}
