/*
 * In another style: a thread sends, the first one hears.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

static int conn;

static void *
sender(void *unused)
{
    char bytes[1000];
    ssize_t n, m, done;

    (void)unused;
    while ((n = read(0, bytes, sizeof bytes)) > 0)
        for (done = 0; done < n; done += m) {
            m = send(conn, bytes + done, (size_t)(n - done), MSG_NOSIGNAL);
            if (m < 0)
                err(1, "send");
            if (m == 0)
                errx(1, "send: nothing was taken");
        }
    if (n < 0)
        err(1, "standard input");
    if (shutdown(conn, SHUT_WR) < 0)
        err(1, "shutdown");
    return NULL;
}

int
main(int argc, char **argv)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    pthread_t thread;
    char bytes[1000], *end;
    ssize_t n, m, done;
    unsigned long port;

    if (argc != 3)
        errx(2, "usage: rsort HOST PORT");
    for (end = argv[2]; *end >= '0' && *end <= '9'; end++)
        continue;
    port = strtoul(argv[2], NULL, 10);
    if (end == argv[2] || *end != '\0' || port > 65535)
        errx(2, "no port: %s", argv[2]);
    where.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, argv[1], &where.sin_addr) != 1)
        errx(1, "no address: %s", argv[1]);
    conn = socket(AF_INET, SOCK_STREAM, 0);
    if (conn < 0)
        err(1, "socket");
    if (connect(conn, (struct sockaddr *)&where, sizeof where) < 0)
        err(1, "connect");
    if (pthread_create(&thread, NULL, sender, NULL) != 0)
        errx(1, "no thread");
    while ((n = recv(conn, bytes, sizeof bytes, 0)) > 0)
        for (done = 0; done < n; done += m) {
            m = write(1, bytes + done, (size_t)(n - done));
            if (m < 0)
                err(1, "standard output");
            if (m == 0)
                errx(1, "standard output: nothing was taken");
        }
    if (n < 0)
        err(1, "recv");
    if (pthread_join(thread, NULL) != 0)
        errx(1, "join");
    return 0;
}
