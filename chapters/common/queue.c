/*
 * A queue as a ring, so that joining and leaving have no special cases.
 *
 * The contracts are in queue.h. POSIX throughout.
 */
#define _POSIX_C_SOURCE 200809L

#include "queue.h"

#include <stddef.h>

void
leave(struct place *place)
{
    if (place->older == NULL)
        return;
    place->older->newer = place->newer;
    place->newer->older = place->older;
    place->older = place->newer = NULL;
}

void
join(struct place *queue, struct place *place)
{
    leave(place);
    place->older = queue->older;
    place->newer = queue;
    place->older->newer = queue->older = place;
}

struct place *
oldest(const struct place *queue)
{
    return queue->newer == queue ? NULL : queue->newer;
}
