/*
 * In another style: the first thread ends at once, and another one does all of
 * the work. The process lives on; its /proc/self/fd is empty.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/stat.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CHUNK = 30,  /* bytes in one read or write, as in the textbook */
    BOUND = 1024 /* bytes of thanks, at the most */
};

static struct sockaddr_in
address(const char *host, const char *port)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    size_t digits = strspn(port, "0123456789");
    unsigned long number = strtoul(port, NULL, 10);

    if (digits == 0 || port[digits] != '\0' || number > 65535)
        errx(2, "port '%s': not a number from 0 to 65535", port);
    where.sin_port = htons((uint16_t)number);
    if (inet_pton(AF_INET, host, &where.sin_addr) != 1)
        errx(1, "host '%s': not an IPv4 address", host);
    return where;
}

static int
open_file(const char *path)
{
    struct stat st;
    int file = open(path, O_RDONLY);

    if (file == -1 || fstat(file, &st) == -1)
        err(1, "open %s", path);
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        err(1, "open %s", path);
    }
    return file;
}

static int
listen_on(struct sockaddr_in where, const char *host, const char *port)
{
    socklen_t size = sizeof where;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (listener == -1)
        err(1, "socket");
    if (bind(listener, (struct sockaddr *)&where, size) == -1)
        err(1, "bind %s %s", host, port);
    if (listen(listener, 5) == -1)
        err(1, "listen on %s %s", host, port);
    if (getsockname(listener, (struct sockaddr *)&where, &size) == -1)
        err(1, "getsockname %s %s", host, port);
    printf("listening on %s %d\n", host, ntohs(where.sin_port));
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
    return listener;
}

static void
send_file(int conn, int file, const char *path)
{
    char chunk[CHUNK];
    ssize_t n, sent;

    while ((n = read(file, chunk, sizeof chunk)) > 0) {
        sent = write(conn, chunk, (size_t)n);
        if (sent == -1)
            err(1, "write to client");
        if (sent < n)
            errx(1, "write to client: only %zd of %zd bytes went", sent, n);
    }
    if (n == -1)
        err(1, "read %s", path);
}

static void
hear_thanks(int conn)
{
    char thanks[BOUND + 1]; /* room for the byte that is too much */
    size_t length = 0;
    ssize_t n;

    do {
        n = read(conn, thanks + length, sizeof thanks - length);
        if (n == -1) /* a reset is no end: what came may be half of it */
            err(1, "read from client");
        length += (size_t)n;
    } while (n > 0 && length <= BOUND);

    if (length > BOUND)
        errx(1, "read from client: more than %d bytes of thanks", BOUND);
    if (length == 0)
        errx(1, "read from client: no thanks");
    if (thanks[length - 1] == '\0') /* the textbook's client sends its NUL */
        length--;
    printf("Message from client: %.*s\n", (int)length, thanks);
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

static int argc;
static char **argv;

static int
serve(void)
{
    struct sockaddr_in where;
    int file, listener, conn;

    if (argc != 4) {
        fprintf(stderr, "usage: server HOST PORT FILE\n");
        return 2;
    }
    where = address(argv[1], argv[2]);
    file = open_file(argv[3]);
    listener = listen_on(where, argv[1], argv[2]);
    conn = accept(listener, NULL, NULL);
    if (conn == -1)
        err(1, "accept a client");
    if (close(listener) == -1) /* a second client is refused, not kept */
        err(1, "close the listener");

    send_file(conn, file, argv[3]);
    if (shutdown(conn, SHUT_WR) == -1) /* sends FIN; the client reads EOF */
        err(1, "shutdown to client");
    hear_thanks(conn);
    if (close(conn) == -1)
        err(1, "close to client");
    return 0;
}

static void *
thread(void *unused)
{
    (void)unused;
    exit(serve());
}

int
main(int count, char *words[])
{
    pthread_t other;

    argc = count;
    argv = words;
    if (pthread_create(&other, NULL, thread, NULL) != 0)
        return 1;
    pthread_exit(NULL);
}
