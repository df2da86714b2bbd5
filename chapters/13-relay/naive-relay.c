/*
 * Stand between clients and a server, as people write it at first.
 *
 *     naive-relay HOST PORT TOHOST TOPORT
 *
 * It copies what comes from either side to the other, until one of them ends.
 * Then it hangs up on both, and takes the next client. It takes a RST for an
 * end as well.
 *
 * Over the wire: what the client and the server say, up to the first EOF.
 * Exit status: 1 trouble, 2 wrong command line; it runs until it is ended.
 * See also: relay.c, which does not do that.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../common/net.h"

enum { CHUNK = 65536 };

/* Whether something was copied: at EOF, and after an error, nothing is. */
static int
copied(int from, int to)
{
    char chunk[CHUNK];
    ssize_t n = read_some(from, chunk, sizeof chunk);

    return n > 0 && write_all(to, chunk, (size_t)n) == (size_t)n;
}

static void
relay(int client, int server)
{
    struct pollfd ready[2] = {{.fd = client, .events = POLLIN},
                              {.fd = server, .events = POLLIN}};

    for (;;) {
        if (poll(ready, 2, -1) == -1)
            err(1, "poll");
        if (ready[0].revents != 0 && !copied(client, server))
            return; /* whoever still speaks will not be heard */
        if (ready[1].revents != 0 && !copied(server, client))
            return;
    }
}

int
main(int argc, char *argv[])
{
    struct addrinfo *where, *target;
    int listener, client, server;

    if (argc != 5) {
        fprintf(stderr, "usage: naive-relay HOST PORT TOHOST TOPORT\n");
        return 2;
    }
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* EPIPE tells us, and we live */
        err(1, "signal");
    where = addresses(argv[1], argv[2]);
    target = addresses(argv[3], argv[4]);
    listener = listen_on(where, argv[1], argv[2]);
    freeaddrinfo(where);
    for (;;) {
        client = accept_client(listener);
        if (client == -1)
            err(1, "accept a client");
        server = connect_to(target, argv[3], argv[4]);
        relay(client, server);
        close(client); /* whatever the server still has to say */
        close(server); /* and the client */
    }
}
