#define _GNU_SOURCE

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enclosure.h"
#include "filter.h"
#include "namespaces.h"

#define JOIN_SESSION_KEYRING 1 /* linux/keyctl.h */
#define TMPFS (MS_NOSUID | MS_NODEV)

static const struct {
    const char *name;
    int flag;
} kinds[] = {{"user", CLONE_NEWUSER},
             {"pid", CLONE_NEWPID},
             {"mount", CLONE_NEWNS},
             {"net", CLONE_NEWNET},
             {"ipc", CLONE_NEWIPC}};

static int
flags_of(char **names)
{
    int flags = 0;
    size_t i;

    for (; *names != NULL; names++)
        for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
            if (strcmp(*names, kinds[i].name) == 0)
                flags |= kinds[i].flag;
    return flags;
}

struct walls
read_walls(struct message *m)
{
    struct walls walls = {0};
    char **names;

    walls.uid = (uid_t)number(m);
    walls.gid = (gid_t)number(m);
    names = list(m);
    walls.namespaces = flags_of(names);
    free(names);
    walls.root = field(m);
    walls.disk = field(m);
    walls.inodes = field(m);
    walls.memory = number(m);
    walls.processes = number(m);
    walls.files = number(m);
    walls.seconds = number(m);
    walls.shows = list(m);
    walls.hides = list(m);
    walls.filters = number(m);
    return walls;
}

/* Give root up for good, and keep /proc/self one's own (prctl(2)). */
static int
become_nobody(const struct walls *walls)
{
    if (setgroups(0, NULL) == -1 ||
        setresgid(walls->gid, walls->gid, walls->gid) == -1 ||
        setresuid(walls->uid, walls->uid, walls->uid) == -1)
        return failed("becoming nobody");
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1 ? failed("prctl") : 0;
}

/* Join a session keyring that nobody else has (keyctl(2)). A kernel without
   keys has none to be kept from. */
static int
leave_keyrings(void)
{
    if (syscall(SYS_keyctl, JOIN_SESSION_KEYRING, NULL) == -1 &&
        errno != ENOSYS)
        return failed("keyctl");
    return 0;
}

int
enter_walls(const struct walls *walls)
{
    if (walls->filters && filters_exist() == -1)
        return -1;
    if (leave_keyrings() == -1)
        return -1;
    if (getuid() == 0 && become_nobody(walls) == -1)
        return -1;
    return walls->namespaces ? make_namespaces(walls->namespaces, false) : 0;
}

/* Write the name that a place has in the tree. */
static int
name_in(const struct walls *walls, const char *place, char name[PATH_MAX])
{
    int length = snprintf(name, PATH_MAX, "%s%s", walls->root, place);

    if (length < PATH_MAX)
        return 0;
    errno = ENAMETOOLONG;
    return failed("%s", place);
}

static int
make_folder(const char *path)
{
    struct stat seen;

    if (mkdir(path, 0777) == 0)
        return 0;
    if (stat(path, &seen) == 0 && S_ISDIR(seen.st_mode))
        return 0;
    return failed("mkdir %s", path);
}

/* Make the folders that a path leads through. */
static int
make_parents(char *path)
{
    char *slash;
    int made = 0;

    for (slash = strchr(path + 1, '/'); slash != NULL && made == 0;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        made = make_folder(path);
        *slash = '/';
    }
    return made;
}

static int
make_file(const char *path, const char *text)
{
    int fd;

    if (access(path, F_OK) == 0)
        return 0;
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd == -1)
        return failed("%s", path);
    close(fd);
    return *text == '\0' ? 0 : set(path, text);
}

static int
show_link(const char *place, const char *there)
{
    char to[PATH_MAX] = "";

    if (readlink(place, to, sizeof(to) - 1) == -1)
        return failed("%s", place);
    return symlink(to, there) == -1 ? failed("%s", there) : 0;
}

/* Show a place of the machine in the tree, if the machine has it. */
static int
show(const struct walls *walls, const char *place, bool writable)
{
    char there[PATH_MAX];
    struct stat seen;
    bool link = lstat(place, &seen) == 0 && S_ISLNK(seen.st_mode);

    if (!link && stat(place, &seen) == -1)
        return 0;
    if (name_in(walls, place, there) == -1 || make_parents(there) == -1)
        return -1;
    if (link)
        return show_link(place, there);
    if (S_ISDIR(seen.st_mode)) {
        if (make_folder(there) == -1)
            return -1;
        return show_at(place, there, writable);
    }
    if (make_file(there, "") == -1)
        return -1;
    return show_at(place, there, writable || strncmp(place, "/dev/", 5) == 0);
}

/* Mount something in the tree. */
static int
put_in(const struct walls *walls, const char *kind, const char *place,
       const char *options, unsigned long flags)
{
    char there[PATH_MAX];

    if (name_in(walls, place, there) == -1)
        return -1;
    return put(kind, there, options, flags);
}

/* Make an empty tree, with what belongs to no place of the machine. */
static int
found(const struct walls *walls)
{
    static const char *const folders[] = {"/proc", "/tmp", "/etc", "/dev"};
    char path[PATH_MAX], size[64];
    size_t i;

    if (put_in(walls, "tmpfs", "", "size=1m,mode=755,nr_inodes=" INODES,
               TMPFS) == -1)
        return -1;
    for (i = 0; i < sizeof(folders) / sizeof(*folders); i++)
        if (name_in(walls, folders[i], path) == -1 || make_folder(path) == -1)
            return -1;
    if (name_in(walls, "/etc/hosts", path) == -1 ||
        make_file(path, "127.0.0.1 localhost\n::1 localhost\n") == -1)
        return -1;
    snprintf(size, sizeof(size), "size=%s,nr_inodes=%s", walls->disk,
             walls->inodes);
    return put_in(walls, "tmpfs", "/tmp", size, TMPFS);
}

/* Cover what is hidden, if it is there. */
static int
hide(const struct walls *walls, const char *place)
{
    char there[PATH_MAX];
    struct stat seen;

    if (name_in(walls, place, there) == -1)
        return -1;
    if (stat(there, &seen) == -1 || !S_ISDIR(seen.st_mode))
        return 0;
    return put("tmpfs", there, "size=4k", MS_RDONLY);
}

int
furnish(const struct walls *walls)
{
    char **place;

    if (!(walls->namespaces & CLONE_NEWNS))
        return 0;
    /* user_namespaces(7): none in ours, so no new capabilities. There is no
       such setting before Linux 4.9. */
    set("/proc/sys/user/max_user_namespaces", "0");
    if (found(walls) == -1)
        return -1;
    for (place = walls->shows; *place != NULL; place++)
        if (show(walls, *place, false) == -1)
            return -1;
    for (place = walls->hides; *place != NULL; place++)
        if (hide(walls, *place) == -1)
            return -1;
    return 0;
}

/* Make the tree the root, with what the program is shown of the scratch
   folder. */
static int
turn_in(const struct walls *walls, const struct view *view)
{
    char **place;

    if (unshare(CLONE_NEWNS) == -1)
        return failed("unshare");
    for (place = view->places; *place != NULL; place++)
        if (show(walls, *place + 1, **place == 'w') == -1)
            return -1;
    /* A container hides parts of /proc: then there is none. */
    put_in(walls, "proc", "/proc", NULL, TMPFS | MS_NOEXEC);
    return turn_into(walls->root);
}

int
confine(const struct walls *walls, const struct view *view)
{
    const struct {
        unsigned what;
        rlim_t most;
    } limits[] = {{RLIMIT_CORE, 0},
                  {RLIMIT_MSGQUEUE, 0},
                  {RLIMIT_MEMLOCK, 0},
                  {RLIMIT_NOFILE, walls->files},
                  {RLIMIT_FSIZE, view->output},
                  {RLIMIT_CPU, walls->seconds},
                  {RLIMIT_NPROC, walls->processes},
                  {RLIMIT_AS, walls->memory}};
    struct rlimit now;
    size_t i;

    /* Out of memory, it goes first (proc(5)). */
    set("/proc/self/oom_score_adj", "1000");
    if (walls->namespaces & CLONE_NEWNS && turn_in(walls, view) == -1)
        return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
        return failed("prctl");
    for (i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
        getrlimit(limits[i].what, &now);
        if (limits[i].most < now.rlim_max)
            now.rlim_max = limits[i].most;
        now.rlim_cur = now.rlim_max;
        if (setrlimit(limits[i].what, &now) == -1)
            return failed("setrlimit");
    }
    return walls->filters ? filter_calls() : 0;
}
