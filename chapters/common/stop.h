/*
 * What chapter 10 taught about a server that runs until it is told to stop.
 *
 * SIGTERM and SIGINT ask it to. They are let in only where it waits for all
 * that can happen, so that no other call is interrupted, and no signal is
 * missed between a look at stop_asked and the wait.
 */
#ifndef STOP_H
#define STOP_H

#include <signal.h>
#include <stdbool.h>

/*
 * Hold SIGTERM, SIGINT and SIGCHLD back from now on. Returns the signal mask to
 * wait with, which lets them in: pselect(2), epoll_pwait(2). sigaction(2).
 */
sigset_t hold_signals(void);

/* Whether one of SIGTERM and SIGINT has come. */
bool stop_asked(void);

#endif
