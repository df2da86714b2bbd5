#define _GNU_SOURCE

#include <sys/sendfile.h>
#include <sys/stat.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "disk.h"
#include "message.h"
#include "namespaces.h"

static int
copy(int from, int to, const char *name)
{
    int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int out = -1, done = -1;
    struct stat seen;
    ssize_t n = 1;

    if (in != -1 && fstat(in, &seen) == 0)
        out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                     seen.st_mode & 0777);
    if (out != -1) {
        while (n > 0)
            n = sendfile(out, in, NULL, 1 << 20);
        done = n == 0 ? fchmod(out, seen.st_mode & 0777) : -1;
        close(out);
    }
    if (in != -1)
        close(in);
    return done;
}

/* Copy the plain files of one folder into another. */
static int
copy_files(int from, int to)
{
    DIR *folder = fdopendir(from);
    struct dirent *entry;
    struct stat seen;

    if (folder == NULL)
        return failed("opendir");
    while ((entry = readdir(folder)) != NULL)
        if (fstatat(from, entry->d_name, &seen, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(seen.st_mode) && copy(from, to, entry->d_name) == -1)
            return failed("copy %s", entry->d_name);
    closedir(folder);
    return 0;
}

int
put_disk(const char *at, const char *size, bool keep)
{
    char options[64];
    int before = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int after, done = 0;

    if (before == -1)
        return failed("%s", at);
    snprintf(options, sizeof(options), "size=%s", size);
    if (put("tmpfs", at, options, 0) == -1)
        return -1;
    if (!keep)
        return close(before);
    after = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (after == -1)
        return failed("%s", at);
    done = copy_files(before, after);
    close(after);
    return done;
}
