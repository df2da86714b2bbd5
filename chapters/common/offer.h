/*
 * What chapter 07 taught about the file that a server offers.
 */
#ifndef OFFER_H
#define OFFER_H

#include <stdint.h>

/*
 * Open a regular file to read it, and look at its `size` in bytes. Ends the
 * program with status 1 if it is anything else, or on errors: a FIFO or a
 * device could keep us waiting, and no poll helps. open(2), fstat(2).
 */
int open_file(const char *path, intmax_t *size);

#endif
