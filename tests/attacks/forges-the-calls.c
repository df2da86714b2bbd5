/* attack: scribbles over what the recorder writes of its calls */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int
main(void)
{
    const char *path = getenv("LAB_CALLS");
    int log = open(path == NULL ? "" : path, O_RDWR);

    if (log != -1) {
        char *kept =
            mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, log, 0);

        if (kept != MAP_FAILED) {
            memset(kept, 0xff, 4096);
            strcpy(kept + 8, "1 2 3\n1 x read y z - 0\n\xff\xfe\n");
        }
    }
    return 1;
}
