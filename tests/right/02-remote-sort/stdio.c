/*
 * In another style: stdio, a stream for each direction. getline takes NULs,
 * and fflush behind each line lets it go at once.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/types.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
check(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "rsort: ");
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static void
lines(FILE *from, FILE *to, const char *what)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    while ((length = getline(&line, &size, from)) != -1) {
        check(fwrite(line, 1, (size_t)length, to) == (size_t)length, what);
        check(fflush(to) == 0, what);
    }
    check(!ferror(from), what);
    free(line);
}

int
main(int argc, char **argv)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    FILE *in, *out;
    int conn;

    if (argc != 3 || argv[2][strspn(argv[2], "0123456789")] != '\0' ||
        argv[2][0] == '\0' || strtoul(argv[2], NULL, 10) > 65535) {
        fprintf(stderr, "usage: rsort HOST PORT\n");
        exit(2);
    }
    signal(SIGPIPE, SIG_IGN);
    where.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    if (inet_pton(AF_INET, argv[1], &where.sin_addr) != 1) {
        fprintf(stderr, "rsort: no such address\n");
        exit(EXIT_FAILURE);
    }
    conn = socket(AF_INET, SOCK_STREAM, 0);
    check(conn != -1, "socket");
    check(connect(conn, (struct sockaddr *)&where, sizeof where) == 0,
          "connect");
    out = fdopen(conn, "wb");
    check(out != NULL, "fdopen");
    in = fdopen(dup(conn), "rb");
    check(in != NULL, "fdopen");
    lines(stdin, out, "sending");
    check(shutdown(fileno(out), SHUT_WR) == 0, "shutdown");
    lines(in, stdout, "answer");
    check(fclose(stdout) == 0, "standard output");
    exit(0);
}
