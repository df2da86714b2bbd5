/* attack: dials a port of this machine that it was not given */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

int
main(void)
{
    int conn = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_port = htons(@PORT@)};

    inet_pton(AF_INET, "@ADDRESS@", &there.sin_addr);
    if (connect(conn, (struct sockaddr *)&there, sizeof there) == -1)
        err(1, "held: connect @ADDRESS@ @PORT@");
    fprintf(stderr, "STOLEN: a connection\n");
    return 1;
}
