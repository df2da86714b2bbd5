/*
 * What chapter 12 taught about many deadlines: they need no search.
 *
 * Where all have the same patience, whoever came first runs out of it first. So
 * they stand in a queue, in the order in which they came, and only the first of
 * them is ever looked at.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "deadline.h"

/*
 * A place in a queue; one of all zeros stands in none. A queue is a ring that
 * begins and ends with a place of its own: `newer` of that is the oldest in the
 * queue, `older` the newest. An empty queue points to itself.
 */
struct place {
    struct place *older, *newer;
    struct deadline limit;
};

/* Leave the queue that one stands in, if any. */
void leave(struct place *place);

/* Leave it, and become the newest of this queue. */
void join(struct place *queue, struct place *place);

/* The oldest place of a queue, whose time is up first; NULL if it is empty. */
struct place *oldest(const struct place *queue);

#endif
