/*
 * In another style: a thread for each direction. One sends the file and ends
 * it, the other listens from the start.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/stat.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct job {
    int conn;
    int file;
    size_t size;
};

static void *
speak(void *argument)
{
    const struct job *job = argument;
    char *all = malloc(job->size + 1);
    size_t have = 0, sent = 0;
    ssize_t n = 1;

    if (all == NULL)
        err(1, "memory");
    while (have < job->size && n > 0) {
        n = read(job->file, all + have, job->size - have);
        if (n == -1)
            err(1, "read the file");
        have += (size_t)n;
    }
    while (sent < have) {
        n = write(job->conn, all + sent, have - sent);
        if (n == -1)
            err(1, "write to client");
        if (n == 0)
            errx(1, "write to client: nothing was taken");
        sent += (size_t)n;
    }
    if (shutdown(job->conn, SHUT_WR) == -1)
        err(1, "shutdown");
    free(all);
    return NULL;
}

static size_t
hear(int conn, char *text, size_t bound)
{
    size_t length = 0;

    for (;;) {
        ssize_t n = read(conn, text + length, bound + 1 - length);

        if (n == -1)
            err(1, "read from client");
        if (n == 0)
            return length;
        length += (size_t)n;
        if (length > bound)
            errx(1, "read from client: too much");
    }
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    struct stat st;
    struct job job;
    pthread_t speaker;
    char *end, text[1024 + 1];
    size_t length;
    unsigned long port;
    int door;

    if (argc != 4)
        errx(2, "usage: server HOST PORT FILE");
    port = strtoul(argv[2], &end, 10);
    if (*end != '\0' || strspn(argv[2], "0123456789") != strlen(argv[2]) ||
        end == argv[2] || port > UINT16_MAX)
        errx(2, "%s is no port", argv[2]);
    at.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, argv[1], &at.sin_addr) != 1)
        errx(1, "%s is no address", argv[1]);
    job.file = open(argv[3], O_RDONLY);
    if (job.file == -1 || fstat(job.file, &st) == -1)
        err(1, "%s", argv[3]);
    if (S_ISDIR(st.st_mode))
        errx(1, "%s is a folder", argv[3]);
    job.size = (size_t)st.st_size;

    door = socket(AF_INET, SOCK_STREAM, 0);
    if (door == -1 || bind(door, (struct sockaddr *)&at, size) == -1 ||
        listen(door, 1) == -1 ||
        getsockname(door, (struct sockaddr *)&at, &size) == -1)
        err(1, "listen at %s %s", argv[1], argv[2]);
    printf("listening on %s %u\n", argv[1], (unsigned)ntohs(at.sin_port));
    fflush(stdout);
    job.conn = accept(door, NULL, NULL);
    if (job.conn == -1)
        err(1, "accept");

    if (pthread_create(&speaker, NULL, speak, &job) != 0)
        errx(1, "no thread");
    length = hear(job.conn, text, sizeof text - 1);
    if (pthread_join(speaker, NULL) != 0)
        errx(1, "lost a thread");
    if (length == 0)
        errx(1, "no thanks");
    if (text[length - 1] == '\0')
        length--;
    printf("Message from client: %.*s\n", (int)length, text);
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
    close(job.conn);
    return 0;
}
