/*
 * Write down every call that a program makes on a socket, and let calls fail.
 *
 *     LAB_CALLS=FILE [LAB_FAULT=FAULT] LD_PRELOAD=./preload.so program ...
 *
 * log.h says what is written into FILE, faults.h what FAULT may be. A function
 * of ours stands before each function of libc that makes such a call: those of
 * sockets.c, stdio.c, aio.c are shown, and so is what leads there from
 * several.c, checked.c and, for calls by number, syscall.c; those of unseen.c
 * can only fail.
 *
 * Static programs stay unseen, and calls in assembler. What stdio calls on a
 * socket by itself is seen where a fault is given, with glibc.
 *
 * See also: ld.so(8), dlsym(3), signal(7).
 */
#define _GNU_SOURCE

#include <sys/prctl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "log.h"
#include "wrap.h"

/* Forget a variable, also where /proc/self/environ still shows it. */
static void
forget(const char *name)
{
    char *value = getenv(name);

    if (value == NULL)
        return;
    unsetenv(name); /* while it still has its name */
    memset(value, 0, strlen(value));
    memset(value - strlen(name) - 1, 0, strlen(name));
}

__attribute__((constructor)) static void
begin(void)
{
    const char *path = getenv("LAB_CALLS"), *text = getenv("LAB_FAULT");

    if (path == NULL || !open_log(path))
        return;
    if (text != NULL)
        read_fault(text);
    /* What it starts is not recorded. Code that runs before us has seen them:
       ld.so(8) runs an executable's .preinit_array first. */
    forget("LD_PRELOAD");
    forget("LAB_CALLS");
    forget("LAB_FAULT");
}

/* A program can't make itself unreadable in /proc (PR_SET_DUMPABLE), where an
   ordinary user's judge looks at it. */
int
prctl(int option, ...)
{
    static int dumpable = 1;
    unsigned long words[4];
    va_list list;
    size_t i;

    va_start(list, option);
    for (i = 0; i < 4; i++)
        words[i] = va_arg(list, unsigned long);
    va_end(list);
    if (option == PR_SET_DUMPABLE && words[0] <= 1) {
        dumpable = (int)words[0];
        return 0;
    }
    if (option == PR_GET_DUMPABLE)
        return dumpable;
    return REAL(prctl)(option, words[0], words[1], words[2], words[3]);
}
