/* attack: prints without end, the sentence of success among it */
#define _GNU_SOURCE
#include <stdio.h>

int
main(void)
{
    for (long n = 0; n < 1L << 26; n++)
        puts("Message from client: Thank you");
    return 0;
}
