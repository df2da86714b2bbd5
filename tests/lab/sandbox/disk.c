#define _GNU_SOURCE

#include <sys/sendfile.h>
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "disk.h"
#include "message.h"
#include "namespaces.h"

/* Copy what can be read to a new file in a folder. */
static int
copy(int in, mode_t mode, int folder, const char *name)
{
    int out = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                     mode & 0777);
    ssize_t n = 1;

    if (out == -1)
        return failed("%s", name);
    while (n > 0)
        n = sendfile(out, in, NULL, 1 << 20);
    if (n == -1 || fchmod(out, mode & 0777) == -1)
        n = failed("%s", name);
    close(out);
    return (int)n;
}

/* Copy the plain files of one folder into another. */
static int
copy_files(DIR *from, int to)
{
    struct dirent *entry;
    struct stat seen;
    int in, done = 0;

    while (done == 0 && (entry = readdir(from)) != NULL) {
        in = openat(dirfd(from), entry->d_name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (in == -1 && (errno == ELOOP || errno == ENXIO))
            continue; /* a link, a socket */
        if (in == -1)
            return failed("%s", entry->d_name);
        if (fstat(in, &seen) == 0 && S_ISREG(seen.st_mode))
            done = copy(in, seen.st_mode, to, entry->d_name);
        close(in);
    }
    return done;
}

int
put_disk(const char *at, const char *size, bool keep)
{
    DIR *before = opendir(at); /* of what the disk will cover */
    char options[64];
    int after, done;

    if (before == NULL)
        return failed("%s", at);
    snprintf(options, sizeof(options), "size=%s,nr_inodes=" INODES, size);
    done = put("tmpfs", at, options, 0);
    if (done == 0 && keep) {
        after = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        done = after == -1 ? failed("%s", at) : copy_files(before, after);
        if (after != -1)
            close(after);
    }
    closedir(before);
    return done;
}
