/*
 * In another style: stdio on both directions. One stream for each, on a
 * descriptor of its own; fflush before shutdown, or the file is not sent yet.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition, what)                                                 \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fputs("server: ", stderr);                                         \
            perror(what);                                                      \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

static int
is_port(const char *text)
{
    size_t length = strspn(text, "0123456789");

    return length > 0 && text[length] == '\0' && length < 6 &&
           atoi(text) <= 65535;
}

static int
serve_at(const char *host, const char *port)
{
    struct addrinfo *found, hints = {.ai_family = AF_INET,
                                     .ai_socktype = SOCK_STREAM,
                                     .ai_flags = AI_NUMERICHOST};
    int code = getaddrinfo(host, port, &hints, &found), listener;

    if (code != 0) {
        fprintf(stderr, "server: %s: %s\n", host, gai_strerror(code));
        exit(1);
    }
    listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(listener != -1, "socket");
    CHECK(bind(listener, found->ai_addr, found->ai_addrlen) == 0, port);
    CHECK(listen(listener, 1) == 0, "listen");
    freeaddrinfo(found);
    return listener;
}

int
main(int argc, char **argv)
{
    struct sockaddr_in self;
    socklen_t size = sizeof self;
    FILE *file, *in, *out;
    char text[1025];
    size_t length;
    int listener, conn, c;

    if (argc != 4 || !is_port(argv[2])) {
        fputs("usage: server HOST PORT FILE\n", stderr);
        exit(2);
    }
    file = fopen(argv[3], "rb");
    CHECK(file != NULL, argv[3]);
    c = getc(file); /* a folder opens, and can't be read */
    CHECK(!ferror(file), argv[3]);
    listener = serve_at(argv[1], argv[2]);
    CHECK(getsockname(listener, (struct sockaddr *)&self, &size) == 0, "port");
    printf("listening on %s %d\n", argv[1], ntohs(self.sin_port));
    CHECK(fflush(stdout) == 0, "standard output");

    conn = accept(listener, NULL, NULL);
    CHECK(conn != -1, "accept");
    out = fdopen(conn, "wb");
    CHECK(out != NULL, "fdopen");
    in = fdopen(dup(conn), "rb");
    CHECK(in != NULL, "fdopen");

    for (; c != EOF; c = getc(file))
        CHECK(putc(c, out) != EOF, "client");
    CHECK(!ferror(file), argv[3]);
    CHECK(fflush(out) == 0, "client");
    CHECK(shutdown(fileno(out), SHUT_WR) == 0, "shutdown");

    length = fread(text, 1, sizeof text, in);
    CHECK(!ferror(in), "client");
    if (length == 0 || length == sizeof text) {
        fprintf(stderr, "server: %s thanks\n", length ? "too many" : "no");
        exit(1);
    }
    if (text[length - 1] == '\0')
        length--;
    fputs("Message from client: ", stdout);
    fwrite(text, 1, length, stdout);
    putchar('\n');
    CHECK(fclose(stdout) == 0, "standard output");
    fclose(out);
    fclose(in);
    exit(0);
}
