/*
 * A disk over a folder, as large as one likes: tmpfs(5).
 */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>

/* Put a disk of `size` bytes over a folder; to `keep` what was there is to
   have copies of its plain files on it. Return 0, or -1 with errno and
   trouble() (message.h). */
int put_disk(const char *at, const char *size, bool keep);

#endif
