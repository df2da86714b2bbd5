/*
 * In another style: the slow one. Every byte is a call of its own.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/stat.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    socklen_t size = sizeof where;
    struct stat st;
    char byte, text[1024];
    size_t length = 0;
    unsigned long port;
    int file, listener, conn;
    ssize_t n;

    if (argc != 4)
        errx(2, "usage: server HOST PORT FILE");
    errno = 0;
    port = strtoul(argv[2], NULL, 10);
    if (strlen(argv[2]) == 0 || errno != 0 || port > 65535 ||
        strspn(argv[2], "0123456789") < strlen(argv[2]))
        errx(2, "'%s' is not a port", argv[2]);
    where.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, argv[1], &where.sin_addr) != 1)
        errx(1, "'%s' is not an address", argv[1]);
    if (stat(argv[3], &st) == -1)
        err(1, "%s", argv[3]);
    if (S_ISDIR(st.st_mode))
        errx(1, "%s: is a folder", argv[3]);
    file = open(argv[3], O_RDONLY);
    if (file == -1)
        err(1, "%s", argv[3]);

    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener == -1 ||
        bind(listener, (struct sockaddr *)&where, sizeof where) == -1 ||
        listen(listener, 1) == -1 ||
        getsockname(listener, (struct sockaddr *)&where, &size) == -1)
        err(1, "%s %s", argv[1], argv[2]);
    printf("listening on %s %d\n", argv[1], ntohs(where.sin_port));
    fflush(stdout);
    conn = accept(listener, NULL, NULL);
    if (conn == -1)
        err(1, "accept");

    while ((n = read(file, &byte, 1)) == 1)
        if (write(conn, &byte, 1) != 1)
            err(1, "write");
    if (n == -1)
        err(1, "%s", argv[3]);
    if (shutdown(conn, SHUT_WR) == -1)
        err(1, "shutdown");

    while ((n = read(conn, &byte, 1)) == 1) {
        if (length == sizeof text)
            errx(1, "thanks without end");
        text[length++] = byte;
    }
    if (n == -1)
        err(1, "read");
    if (length == 0)
        errx(1, "no thanks");
    if (text[length - 1] == '\0')
        length--;
    printf("Message from client: ");
    fwrite(text, length, 1, stdout);
    printf("\n");
    return ferror(stdout) || fclose(stdout) == EOF ? 1 : 0;
}
