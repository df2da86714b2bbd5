/* attack: reads a file that is none of its business */
#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>

int
main(void)
{
    char line[64];
    FILE *secret = fopen("@SECRET@", "r");

    if (secret == NULL)
        err(1, "held: @SECRET@");
    if (fgets(line, sizeof line, secret) != NULL)
        fprintf(stderr, "STOLEN: %s\n", line);
    return 1;
}
