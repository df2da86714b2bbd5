/*
 * Opening what is to be offered, discarding what nobody asked for, and judging
 * the receipt.
 *
 * The contracts are in offer.h. POSIX throughout.
 */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64 /* files beyond 2 GiB where a long has 32 bits */

#include "offer.h"

#include <sys/stat.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

int
open_file(const char *path, intmax_t *size)
{
    struct stat st;
    int file;

    do
        file = open(path, O_RDONLY | O_NONBLOCK); /* not to wait for a FIFO */
    while (file == -1 && errno == EINTR);
    if (file == -1 || fstat(file, &st) == -1)
        err(1, "open %s", path);
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        err(1, "open %s", path);
    }
    if (!S_ISREG(st.st_mode)) /* it could keep us waiting, and no poll helps */
        errx(1, "open %s: not a regular file", path);
    *size = st.st_size;
    return file;
}

void
drain(struct deadline limit, int conn)
{
    char chunk[65536];

    while (read_by(limit, conn, chunk, sizeof chunk) > 0)
        continue; /* 0: EOF; -1: a reset, or the time is up: all end it */
}

void
judge_receipt(const char *client, const char said[RECEIPT], intmax_t heard,
              intmax_t size)
{
    char receipt[RECEIPT];
    int length = snprintf(receipt, sizeof receipt, "Thank you %jd\n", size);

    if (heard == 0)
        warnx("%s: no thanks", client);
    else if (heard != length || memcmp(said, receipt, (size_t)length) != 0)
        warnx("%s: no receipt for %jd bytes", client, size);
    else
        printf("Message from client: %s", receipt);
}
