/*
 * Read a message field by field, and say why something could not be done.
 *
 * A message is a row of fields, each ended by a NUL; a list is the count of
 * its fields, then these. Sandbox in __init__.py writes them. One that is cut
 * short ends the program: there is nobody else who could have sent it.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>

struct message {
    char *next; /* the field that is read next */
    char *end;
};

/* Return the next field; it lives as long as what was received. */
char *field(struct message *m);

/* Return the next field, which is a number. */
unsigned long number(struct message *m);

/* Return the next list, ended by NULL: for free(3), its fields are not. */
char **list(struct message *m);

/* Keep "what: strerror(errno)" for trouble(), "what" being made as printf(3)
   does, and errno as it is; return -1. */
__attribute__((format(printf, 1, 2))) int failed(const char *what, ...);

/* Keep strerror(errno) alone; return -1. */
int refused(void);

/* Return what was kept last. */
const char *trouble(void);

#endif
