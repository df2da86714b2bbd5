/* attack: climbs out of its tree by the first process, whose root is outside */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int
main(void)
{
    struct stat status;
    int outside = open("/proc/1/root", O_RDONLY | O_DIRECTORY);

    if (outside == -1)
        err(1, "held: /proc/1/root");
    if (fstatat(outside, "@SECRET@" + 1, &status, 0) == -1)
        err(1, "held: @SECRET@");
    fprintf(stderr, "STOLEN: %ld bytes\n", (long)status.st_size);
    return 1;
}
