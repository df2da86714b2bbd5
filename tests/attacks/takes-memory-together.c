/* attack: takes memory in many processes, each of them little */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EACH ((size_t)100 << 20) /* bytes */
#define CHILDREN 8

/* Take memory, say so, and keep it until the parent lets go. */
static void
take(int full, int go_on)
{
    char *block = malloc(EACH), byte;

    if (block == NULL)
        _exit(1);
    memset(block, 1, EACH);
    _exit(write(full, block + EACH - 1, 1) != 1 || read(go_on, &byte, 1) != 0);
}

int
main(void)
{
    int full[CHILDREN][2], go_on[2], i, status, lived = 0;
    char byte;

    if (pipe(go_on) == -1)
        return 1;
    for (i = 0; i < CHILDREN; i++) {
        if (pipe(full[i]) == -1)
            return 1;
        if (fork() == 0) {
            close(go_on[1]);
            take(full[i][1], go_on[0]);
        }
        close(full[i][1]);
    }
    for (i = 0; i < CHILDREN; i++)
        if (read(full[i][0], &byte, 1) == -1) /* it has it, or has gone */
            return 1;
    close(go_on[1]);
    while (wait(&status) != -1) /* who was killed after that had it in vain */
        lived += status == 0;
    fprintf(stderr,
            lived < CHILDREN ? "held: %d of %d\n" : "STOLEN: %d of %d\n", lived,
            CHILDREN);
    return 1;
}
