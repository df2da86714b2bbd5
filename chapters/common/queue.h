/*
 * What chapter 12 taught about many deadlines: they need no search.
 *
 * Where all have the same patience, whoever came first runs out of it first. So
 * they stand in a queue, in the order in which they came, and only the first of
 * them is ever looked at.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <stdbool.h>

#include "deadline.h"

/*
 * A place in a queue. All zeros are a place in none. A queue itself is a place,
 * before its oldest and behind its newest: where it is empty, both are itself.
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
