/* attack: takes memory, and uses it */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENOUGH 400 /* MiB */

int
main(void)
{
    int taken = 0;

    for (; taken < ENOUGH; taken++) {
        char *block = malloc(1 << 20);

        if (block == NULL)
            break;
        memset(block, 1, 1 << 20);
    }
    fprintf(stderr, taken < ENOUGH ? "held: %d MiB\n" : "STOLEN: %d MiB\n",
            taken);
    return 1;
}
