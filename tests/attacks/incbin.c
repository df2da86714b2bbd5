/* attack: has the assembler put a file into the program */
#define _GNU_SOURCE
#include <stdio.h>

__asm__(".section .rodata\n"
        "secret: .incbin \"@SECRET@\"\n"
        ".byte 0\n"
        ".previous\n");
extern const char secret[];

int
main(void)
{
    fprintf(stderr, "STOLEN: %.40s\n", secret);
    return 1;
}
