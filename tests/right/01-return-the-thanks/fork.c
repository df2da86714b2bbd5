/*
 * In another style: a child sends the file, the parent hears the thanks. The
 * child's shutdown ends the direction for both: it acts on the connection,
 * whoever else holds a copy of the descriptor.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/wait.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint16_t
port_of(const char *text)
{
    unsigned long port = strtoul(text, NULL, 10);

    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' ||
        port > 65535)
        errx(2, "port %s: 0 to 65535, please", text);
    return (uint16_t)port;
}

static void
speak(int conn, int file)
{
    char bytes[512];
    ssize_t n;

    while ((n = read(file, bytes, sizeof bytes)) > 0)
        if (write(conn, bytes, (size_t)n) != n)
            err(1, "write to client");
    if (n == -1)
        err(1, "read the file");
    if (shutdown(conn, SHUT_WR) == -1)
        err(1, "shutdown");
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in self = {.sin_family = AF_INET};
    socklen_t size = sizeof self;
    char text[1025];
    size_t length = 0;
    ssize_t n;
    pid_t child;
    int file, listener, conn, status;

    if (argc != 4)
        errx(2, "usage: server HOST PORT FILE");
    self.sin_port = htons(port_of(argv[2]));
    if (inet_pton(AF_INET, argv[1], &self.sin_addr) != 1)
        errx(1, "host %s: four numbers, please", argv[1]);
    file = open(argv[3], O_RDONLY);
    if (file == -1 || read(file, text, 0) == -1)
        err(1, "open %s", argv[3]);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener == -1)
        err(1, "socket");
    if (bind(listener, (struct sockaddr *)&self, size) == -1 ||
        listen(listener, 1) == -1 ||
        getsockname(listener, (struct sockaddr *)&self, &size) == -1)
        err(1, "listen on %s %s", argv[1], argv[2]);
    dprintf(STDOUT_FILENO, "listening on %s %d\n", argv[1],
            ntohs(self.sin_port));
    conn = accept(listener, NULL, NULL);
    if (conn == -1)
        err(1, "accept");

    child = fork();
    if (child == -1)
        err(1, "fork");
    if (child == 0) {
        speak(conn, file);
        _exit(0);
    }
    while (length < sizeof text &&
           (n = read(conn, text + length, sizeof text - length)) != 0) {
        if (n == -1)
            err(1, "read from client");
        length += (size_t)n;
    }
    if (waitpid(child, &status, 0) == -1 || status != 0)
        errx(1, "the file was not sent");
    if (length == sizeof text)
        errx(1, "a flood of thanks");
    if (length == 0)
        errx(1, "no thanks");
    if (text[length - 1] == '\0')
        length--;
    if (dprintf(STDOUT_FILENO, "Message from client: %.*s\n", (int)length,
                text) < 0)
        err(1, "standard output");
    return 0;
}
