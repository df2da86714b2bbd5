#define _GNU_SOURCE

#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "namespaces.h"

int
set(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CLOEXEC);
    ssize_t wrote;

    if (fd == -1)
        return failed("%s", name);
    wrote = write(fd, text, strlen(text));
    close(fd);
    return wrote == -1 ? failed("%s", name) : 0;
}

/* In a new user namespace, stay who one was. */
static int
keep_own_ids(uid_t uid, gid_t gid)
{
    char uids[32], gids[32];

    snprintf(uids, sizeof(uids), "%u %u 1", uid, uid);
    snprintf(gids, sizeof(gids), "%u %u 1", gid, gid);
    if (set("/proc/self/setgroups", "deny") == -1 ||
        set("/proc/self/uid_map", uids) == -1)
        return -1;
    return set("/proc/self/gid_map", gids);
}

int
set_loopback(bool up)
{
    struct ifreq lo = {.ifr_name = "lo"};
    int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int done;

    if (handle == -1)
        return failed("socket");
    done = ioctl(handle, SIOCGIFFLAGS, &lo);
    if (done != -1) {
        lo.ifr_flags =
            (short)(up ? lo.ifr_flags | IFF_UP : lo.ifr_flags & ~IFF_UP);
        done = ioctl(handle, SIOCSIFFLAGS, &lo);
    }
    if (done == -1)
        failed("loopback");
    close(handle);
    return done;
}

/*
 * Exchange a new network namespace for one with a small hash table. Whoever
 * reads /proc/net/tcp waits while the kernel looks into each bucket of the
 * whole machine's table: 4 ms. But ten thousand connections in it are found
 * slowly. Linux 6.1 and later, ip-sysctl.rst.
 */
static int
few_buckets(void)
{
    if (set("/proc/sys/net/ipv4/tcp_child_ehash_entries", "64") == -1)
        return 0;
    return unshare(CLONE_NEWNET) == -1 ? failed("unshare") : 0;
}

int
make_namespaces(int flags, bool crowded)
{
    uid_t uid = getuid();
    gid_t gid = getgid();

    if (unshare(flags) == -1)
        return failed("unshare");
    if (flags & CLONE_NEWUSER && keep_own_ids(uid, gid) == -1)
        return -1;
    if (!(flags & CLONE_NEWNET))
        return 0;
    if (!crowded && few_buckets() == -1)
        return -1;
    return set_loopback(true);
}

int
put(const char *kind, const char *target, const char *options,
    unsigned long flags)
{
    if (mount(kind, target, kind, flags, options) == -1)
        return failed("mount %s", target);
    return 0;
}

int
own_proc(void)
{
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        return failed("mount /");
    return put("proc", "/proc", NULL, 0);
}

/* Return the flags of a mount that a user namespace may not lift. */
static unsigned long
kept_flags(const char *place)
{
    struct statvfs seen;
    unsigned long kept = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC |
                         MS_NOATIME | MS_NODIRATIME; /* as ST_... are */

    if (statvfs(place, &seen) == -1)
        return 0;
    return (seen.f_flag & kept) | (seen.f_flag & ST_RELATIME ? MS_RELATIME : 0);
}

int
show_at(const char *place, const char *there, bool writable)
{
    unsigned long flags =
        MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV;

    if (mount(place, there, NULL, MS_BIND | MS_REC, NULL) == -1)
        return failed("mount %s", there);
    if (writable)
        return 0;
    if (mount("none", there, NULL, flags | kept_flags(there), NULL) == -1)
        return failed("mount %s", there);
    return 0;
}

int
turn_into(const char *root)
{
    unsigned long flags =
        MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV;

    if (chdir(root) == -1)
        return failed("chdir %s", root);
    /* pivot_root(2): with no place of its own the old root lies on top. */
    if (syscall(SYS_pivot_root, ".", ".") == -1)
        return failed("pivot_root");
    if (umount2(".", MNT_DETACH) == -1)
        return failed("umount of the old root");
    if (chdir("/") == -1)
        return failed("chdir /");
    if (mount("none", "/", NULL, flags, NULL) == -1)
        return failed("mount /");
    return 0;
}
