/*
 * The children of a server that has one for each client.
 *
 * The contracts are in children.h. POSIX throughout.
 */
#define _POSIX_C_SOURCE 200809L

#include "children.h"

#include <sys/select.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <stddef.h>

static struct child children[CHILDREN];

static void
reap(void)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < CHILDREN; i++)
            if (children[i].pid == pid) {
                if (WIFSIGNALED(status))
                    warnx("%s: killed by signal %d", children[i].client,
                          WTERMSIG(status));
                children[i].pid = 0;
            }
}

struct child *
room_for_child(void)
{
    reap();
    for (int i = 0; i < CHILDREN; i++)
        if (children[i].pid < 1)
            return &children[i];
    return NULL;
}

bool
children_left(void)
{
    reap();
    for (int i = 0; i < CHILDREN; i++)
        if (children[i].pid > 0)
            return true;
    return false;
}

/*
 * Sleep until a client waits, a child has ended or a signal asks us to stop;
 * without a listener (-1) for a second at most. Whether a client waits.
 */
static bool
client_waits(int listener, const sigset_t *signals)
{
    const struct timespec second = {.tv_sec = 1};
    fd_set ready;
    int n;

    FD_ZERO(&ready);
    if (listener != -1)
        FD_SET((unsigned)listener, &ready);
    n = pselect(listener + 1, &ready, NULL, NULL,
                listener == -1 ? &second : NULL, signals);
    if (n == -1 && errno != EINTR)
        err(1, "pselect");
    return n > 0;
}

int
next_client(int listener, struct child *child, const sigset_t *signals)
{
    int conn;

    if (!client_waits(child == NULL ? -1 : listener, signals))
        return -1;
    conn = accept_named(listener, child->client);
    if (conn == -1 && errno != EAGAIN) { /* then it has hung up again */
        warn("accept a client");
        client_waits(-1, signals);
    }
    return conn;
}
