#define _GNU_SOURCE

#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

static char kept[512];

char *
field(struct message *m)
{
    char *found = m->next;
    char *end = memchr(found, '\0', (size_t)(m->end - found));

    if (end == NULL)
        errx(1, "a message was cut short");
    m->next = end + 1;
    return found;
}

unsigned long
number(struct message *m)
{
    return strtoul(field(m), NULL, 10);
}

char **
list(struct message *m)
{
    unsigned long i, count = number(m);
    char **items = calloc(count + 1, sizeof(*items));

    if (items == NULL)
        err(1, "calloc");
    for (i = 0; i < count; i++)
        items[i] = field(m);
    return items;
}

int
failed(const char *what, ...)
{
    int error = errno;
    size_t used;
    va_list words;

    va_start(words, what);
    vsnprintf(kept, sizeof(kept), what, words);
    va_end(words);
    used = strlen(kept);
    snprintf(kept + used, sizeof(kept) - used, ": %s", strerror(error));
    errno = error;
    return -1;
}

int
refused(void)
{
    snprintf(kept, sizeof(kept), "%s", strerror(errno));
    return -1;
}

const char *
trouble(void)
{
    return kept;
}
