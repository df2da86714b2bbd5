/*
 * Signals that are let in at one place.
 *
 * The contracts are in stop.h. POSIX throughout.
 */
#define _POSIX_C_SOURCE 200809L

#include "stop.h"

#include <err.h>
#include <stddef.h>

static volatile sig_atomic_t asked;

static void
on_signal(int number)
{
    if (number != SIGCHLD) /* which only ends the wait */
        asked = 1;
}

sigset_t
hold_signals(void)
{
    static const int held[] = {SIGCHLD, SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t before, set;

    sigemptyset(&action.sa_mask);
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++) {
        sigaddset(&set, held[i]);
        if (sigaction(held[i], &action, NULL) == -1)
            err(1, "sigaction");
    }
    if (sigprocmask(SIG_BLOCK, &set, &before) == -1)
        err(1, "sigprocmask");
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        sigdelset(&before, held[i]); /* whoever started us may have held them */
    return before;
}

bool
stop_asked(void)
{
    return asked;
}
