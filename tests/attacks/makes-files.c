/* attack: takes memory by files that are empty */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
main(void)
{
    char name[32];
    int i, fd;

    for (i = 0; i < 20000; i++) {
        snprintf(name, sizeof(name), "/tmp/%d", i);
        fd = open(name, O_CREAT | O_WRONLY, 0600);
        if (fd == -1) {
            fprintf(stderr, "held: %s\n", strerror(errno));
            return 1;
        }
        close(fd);
    }
    fprintf(stderr, "STOLEN: %d files\n", i);
    return 1;
}
