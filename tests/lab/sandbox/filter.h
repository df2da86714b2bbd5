/*
 * The system calls that no untrusted program is let make.
 *
 * Namespaces don't part what these reach, and limits don't bound it: keys of
 * the kernel (keyrings(7)), System V segments, semaphores and queues, other
 * processes' limits, sockets between virtual machines, and doors to the kernel
 * that a program about TCP never needs. They fail with EPERM, as do all calls
 * of a foreign architecture's numbering.
 *
 * What returns an int returns 0, or -1 with errno and trouble() (message.h).
 * See also: seccomp(2), syscalls(2).
 */
#ifndef FILTER_H
#define FILTER_H

/* Find out whether this kernel has such filters. */
int filters_exist(void);

/* Filter the calls of this process from now on, also of what it becomes. It
   must have given up new privileges (prctl(2)). */
int filter_calls(void);

#endif
