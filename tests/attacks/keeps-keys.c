/* attack: leaves a note for others in the session's keyring, or reads one */
#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SESSION (-3)
#define SEARCH 10
#define READ 11

int
main(void)
{
    char note[100] = "";
    long key = syscall(SYS_keyctl, SEARCH, SESSION, "user", "@NAME@", 0);

    if (key == -1)
        key = syscall(SYS_add_key, "user", "@NAME@", "note", 4, SESSION);
    else if (syscall(SYS_keyctl, READ, key, note, sizeof(note) - 1) > 0)
        fprintf(stderr, "STOLEN: %s\n", note);
    if (key == -1)
        err(1, "held");
    fprintf(stderr, "kept\n");
    return 1;
}
