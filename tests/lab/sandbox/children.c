#define _GNU_SOURCE

#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "children.h"

struct child {
    pid_t pid;
    int status;
    struct child *next;
};

static struct child *children;

/* Execute a program; return where that can't be done, with errno. Unlike
   execvp(3), take nothing for a shell's script that does not say so, and
   forget about folders that can't be searched. */
static void
execute(char *const *argv, char *const *env)
{
    char name[PATH_MAX];
    const char *path = "";
    int error = ENOENT, found;
    size_t length;
    char *const *e;

    if (strchr(argv[0], '/') != NULL) {
        execve(argv[0], argv, env);
        return;
    }
    for (e = env; *e != NULL; e++)
        if (strncmp(*e, "PATH=", 5) == 0)
            path = *e + 5;
    for (; *path != '\0'; path += length + (path[length] == ':')) {
        length = strcspn(path, ":");
        snprintf(name, sizeof(name), "%.*s/%s", (int)length, path, argv[0]);
        execve(name, argv, env);
        found = errno;
        if (access(name, F_OK) == 0)
            error = found;
    }
    errno = error;
}

/* In the child: turn into the program, or return, with trouble(). */
static void
become(const struct program *p, const struct walls *walls)
{
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t none;
    int i;

    setsid();
    for (i = 1; i < NSIG; i++)
        sigaction(i, &usual, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (i = 0; i < 3; i++)
        dup2(p->stdio[i], i);
    if (walls != NULL && confine(walls, &p->view) == -1)
        return;
    if (chdir(p->cwd) == -1) {
        failed("%s", p->cwd);
        return;
    }
    execute(p->argv, p->env);
    failed("%s", p->argv[0]);
}

/* vfork(2): the child has our memory, and we wait, until it is the program. A
   fork that copied it would cost half of all that a start costs. Until then
   it has our capabilities too, so no other program can trace it; one can stop
   it, and us: therefore somebody outside looks after us (supervisor.c). */
static pid_t
spawn(const struct program *p, const struct walls *walls)
{
    volatile int error = 0;
    pid_t pid = vfork();

    if (pid == 0) {
        become(p, walls);
        error = errno;
        _exit(127);
    }
    if (pid == -1)
        return refused();
    if (error != 0) {
        waitpid(pid, NULL, 0);
        errno = error;
        return -1;
    }
    return pid;
}

pid_t
start(const struct program *p, const struct walls *walls)
{
    struct child *new = malloc(sizeof(*new));
    int status = fcntl(p->status, F_DUPFD_CLOEXEC, 0);
    pid_t pid = new == NULL || status == -1 ? refused() : spawn(p, walls);

    if (pid == -1) {
        if (status != -1)
            close(status);
        free(new);
        return -1;
    }
    *new = (struct child){pid, status, children};
    children = new;
    return pid;
}

int
notify(pid_t pid, int number)
{
    const struct child *child = children;

    while (child != NULL && child->pid != pid)
        child = child->next;
    if (child == NULL || kill(pid, number) == 0)
        return 0;
    return refused();
}

/* Tell how a program has ended, if it is one that we started. */
static void
bury(pid_t pid, int how)
{
    struct child **at = &children, *dead;

    while (*at != NULL && (*at)->pid != pid)
        at = &(*at)->next;
    if (*at == NULL)
        return; /* somebody's orphan */
    dead = *at;
    *at = dead->next;
    if (write(dead->status, &how, sizeof(how)) == -1 && errno != EPIPE)
        warn("a status");
    close(dead->status);
    free(dead);
}

void
reap(void)
{
    pid_t pid;
    int how;

    while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
        bury(pid, how);
}

/* Kill all children that there are now; return whether there was one. */
static bool
kill_some(bool alone)
{
    FILE *listed;
    char name[64];
    int pid;
    bool any = false;

    if (alone)
        return kill(-1, SIGKILL) == 0; /* and theirs, at once */
    snprintf(name, sizeof(name), "/proc/self/task/%d/children", getpid());
    listed = fopen(name, "re");
    while (listed != NULL && fscanf(listed, "%d", &pid) == 1)
        any = kill(pid, SIGKILL) == 0 || any;
    if (listed != NULL)
        fclose(listed);
    return any;
}

void
kill_all(bool alone)
{
    pid_t pid;
    int how;

    while (kill_some(alone)) {
        pid = waitpid(-1, &how, 0);
        if (pid > 0)
            bury(pid, how);
    }
}
