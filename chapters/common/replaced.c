/*
 * What an unfinished file is to replace, and who may open it then.
 *
 * The contracts are in part.h. POSIX, and on Linux its ACLs and mounts.
 */
#define _GNU_SOURCE /* statx on Linux; elsewhere it changes nothing */
#define _XOPEN_SOURCE 700
#define _FILE_OFFSET_BITS 64

#include "part.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/xattr.h>
#endif

#ifdef STATX_ATTR_MOUNT_ROOT /* Linux, if its libc has statx(2) */
/* Whether a file has an attribute; the name "" stands for the folder itself. A
   file that does not exist has none. */
static bool
marked(struct part part, const char *name, uint64_t attribute)
{
    const int flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
    struct statx seen;

    return statx(part.folder, name, flags, 0, &seen) == 0 &&
           (seen.stx_attributes & attribute) != 0;
}
#endif

/* What keeps rename(2) from giving its name to the unfinished file, or NULL. */
static const char *
obstacle(struct part part)
{
#ifdef STATX_ATTR_MOUNT_ROOT
    if (marked(part, "", STATX_ATTR_APPEND)) /* EPERM */
        return "in an append-only folder, where nothing can be renamed";
    if (marked(part, part.target, STATX_ATTR_MOUNT_ROOT)) /* EBUSY */
        return "a mount point, so it can't be replaced";
    if (marked(part, part.target, STATX_ATTR_APPEND)) /* EPERM */
        return "append-only, so it can't be replaced";
#endif
    (void)part;
    return NULL;
}

bool
replaces(struct part part, struct stat *old)
{
    const char *why = obstacle(part);
    struct stat folder;
    uid_t us = geteuid();

    if (fstat(part.folder, &folder) == -1)
        err(1, "open folder of %s", part.path);
    if (fstatat(part.folder, part.target, old, AT_SYMLINK_NOFOLLOW) == -1) {
        if (errno != ENOENT)
            err(1, "open %s", part.path);
        if (why != NULL)
            errx(1, "open %s: %s", part.path, why);
        return false;
    }
    if (!S_ISREG(old->st_mode))
        errx(1, "open %s: not a regular file", part.path);
    if (why != NULL)
        errx(1, "open %s: %s", part.path, why);
    if (faccessat(part.folder, part.target, W_OK, AT_EACCESS) == -1)
        err(1, "open %s", part.path);
    if ((folder.st_mode & S_ISVTX) != 0 && us != 0 && us != folder.st_uid &&
        us != old->st_uid) /* only its owner may rename over it */
        errx(1, "open %s: somebody else's file, in a sticky folder", part.path);
    return true;
}

/* fchown(2), where that is allowed; -1 leaves one of the two as it is. */
static bool
give(struct part part, uid_t owner, gid_t group)
{
    if (fchown(part.file, owner, group) == 0)
        return true;
    if (errno != EPERM && errno != EINVAL) /* EINVAL: has no number here */
        err(1, "fchown %s", part.path);
    return false;
}

/* Whether an ACL lets more people, or fewer, open it than its mode says. */
static bool
has_acl(struct part part)
{
#ifdef __linux__ /* acl(5); POSIX has none */
    char path[512];

    snprintf(path, sizeof path, "/proc/self/fd/%d/%s", part.folder,
             part.target);
    return lgetxattr(path, "system.posix_acl_access", NULL, 0) > 0;
#else
    (void)part;
    return false;
#endif
}

void
copy_permissions(struct part part)
{
    struct stat old;
    mode_t mode = part.fresh, user, group, other;
    bool owned, shared;

    if (replaces(part, &old)) {
        user = old.st_mode >> 6 & 7;
        group = old.st_mode >> 3 & 7;
        other = old.st_mode & 7;
        owned = give(part, old.st_uid, (gid_t)-1);
        shared = give(part, (uid_t)-1, old.st_gid);
        if (!owned) { /* the old owner is now one of these */
            group &= user;
            other &= user;
        }
        if (!shared) /* the old group's members are now among the others */
            group = other = group & other;
        if (has_acl(part))
            group = other = 0;
        mode = user << 6 | group << 3 | other;
    }
    if (fchmod(part.file, mode) == -1)
        err(1, "fchmod %s", part.path);
}
