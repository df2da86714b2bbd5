/* attack: a file without an end, sent to a judge who keeps what comes */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int
main(void)
{
    static char block[1 << 20];
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof here;

    if (bind(listener, (struct sockaddr *)&here, sizeof here) == -1 ||
        listen(listener, 1) == -1 ||
        getsockname(listener, (struct sockaddr *)&here, &size) == -1)
        return 1;
    printf("listening on 127.0.0.1 %d\n", ntohs(here.sin_port));
    fflush(stdout);
    int conn = accept(listener, NULL, NULL);

    while (write(conn, block, sizeof block) > 0)
        continue;
    return 0;
}
