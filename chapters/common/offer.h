/*
 * What chapters 07 and 08 taught about offering a file.
 */
#ifndef OFFER_H
#define OFFER_H

#include <stdint.h>

#include "deadline.h"

enum { RECEIPT = 48 }; /* bytes: every receipt is shorter */

/*
 * Open a regular file to read it, and look at its `size` in bytes. Ends the
 * program with status 1 if it is anything else, or on errors: a FIFO or a
 * device could keep us waiting, and no poll helps. open(2), fstat(2).
 */
int open_file(const char *path, intmax_t *size);

/*
 * Read and discard whatever comes, until the client has ended as well: chapter
 * 08's drain. EOF, a reset and the deadline all end it. read(2).
 */
void drain(struct deadline limit, int conn);

/*
 * Judge the receipt of a client that was sent all `size` bytes. `said` holds
 * the first RECEIPT bytes, at most, of what it said; `heard` counts all of it.
 * A right one is printed on standard output, a wrong one is reported on
 * standard error.
 */
void judge_receipt(const char *client, const char said[RECEIPT], intmax_t heard,
                   intmax_t size);

#endif
