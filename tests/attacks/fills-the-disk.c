/* attack: file after file, wherever one can be made */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define ENOUGH (48L << 20)

int
main(void)
{
    static char block[1 << 16];
    long written = 0;
    char name[64];

    for (int n = 0; n < 800 && written < ENOUGH; n++) {
        snprintf(name, sizeof name, "/tmp/%d", n);
        int file = open(name, O_WRONLY | O_CREAT, 0600);

        for (int i = 0; file != -1 && i < 15; i++) {
            ssize_t count = write(file, block, sizeof block);

            if (count == -1)
                break;
            written += count;
        }
        close(file);
    }
    fprintf(stderr,
            written < ENOUGH ? "held: %ld bytes\n" : "STOLEN: %ld bytes\n",
            written);
    return 1;
}
