/* attack: a compiler that needs all the memory there is, and then more */
#define _GNU_SOURCE
#include "/dev/zero"
int
main(void)
{
    return 0;
}
