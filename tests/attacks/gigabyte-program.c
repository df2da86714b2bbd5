/* attack: a program of a gigabyte */
#define _GNU_SOURCE
volatile char large[1 << 30] = {1};

int
main(void)
{
    return large[7];
}
