/* attack: meets another process in a segment of shared memory */
#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>
#include <sys/shm.h>

int
main(void)
{
    int segment = shmget(@KEY@, 0, 0);

    if (segment == -1)
        err(1, "held: shmget");
    fprintf(stderr, "STOLEN: segment %d\n", segment);
    return 1;
}
