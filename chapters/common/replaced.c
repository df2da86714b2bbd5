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
#include <stdio.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/xattr.h>
#endif

/* What keeps rename(2) from going over it, or NULL. */
static const char *
obstacle(struct part part)
{
#ifdef STATX_ATTR_MOUNT_ROOT /* Linux, if its libc has statx(2) */
    struct statx seen;

    if (statx(part.folder, part.target, AT_SYMLINK_NOFOLLOW, 0, &seen) == -1)
        return NULL;
    if ((seen.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) /* EBUSY */
        return "a mount point";
    if ((seen.stx_attributes & STATX_ATTR_APPEND) != 0) /* EPERM */
        return "append-only";
#endif
    (void)part;
    return NULL;
}

bool
replaces(struct part part, struct stat *old)
{
    struct stat folder;
    uid_t us = geteuid();
    const char *why;

    if (fstat(part.folder, &folder) == -1)
        err(1, "open folder of %s", part.path);
    if (fstatat(part.folder, part.target, old, AT_SYMLINK_NOFOLLOW) == -1) {
        if (errno != ENOENT)
            err(1, "open %s", part.path);
        return false;
    }
    if (!S_ISREG(old->st_mode))
        errx(1, "open %s: not a regular file", part.path);
    why = obstacle(part);
    if (why != NULL)
        errx(1, "open %s: %s, so it can't be replaced", part.path, why);
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
