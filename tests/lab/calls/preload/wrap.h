/*
 * Standing before a function of libc.
 *
 * What our headers declare is hidden, so that this library and the program do
 * not take each other's functions of the same name. Only those that stand
 * before libc's can be seen from outside.
 */
#ifndef WRAP_H
#define WRAP_H

#include <dlfcn.h>

/* The function that ours stands before (dlsym(3), RTLD_NEXT). */
#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

/*
 * Stand before a function's other name as well: what glibc calls it under
 * _FILE_OFFSET_BITS=64. Elsewhere there is no other name.
 */
#if defined __GLIBC__ && defined __LP64__
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmissing-attributes"
#endif
#define ALSO(other, name)                                                      \
    extern __typeof__(name) also_##name __asm__(other)                         \
        __attribute__((alias(#name)))
#else
#define ALSO(other, name) extern __typeof__(name) name
#endif

#endif
