/*
 * Offer a file to one client, then wait for its thanks: Winsock.
 *
 *     server HOST PORT FILE
 *
 * The naive version, chapter 01's server in Winsock's words: it closes the
 * socket, and then reads what the client has to say.
 *
 * Over the wire: the bytes of FILE, then FIN. Back come the thanks.
 * Exit status: 0 thanked, 1 trouble, 2 wrong command line.
 * See also: Microsoft, "Graceful Shutdown, Linger Options, and Socket Closure".
 */
#define _CRT_SECURE_NO_WARNINGS /* for cl, which would have us shun _open */

#include <winsock2.h> /* before windows.h, which else declares the old API */
#include <ws2tcpip.h>
#include <windows.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _MSC_VER
#pragma comment(lib, "ws2_32")
#endif

enum { CHUNK = 1024 };  /* bytes in one read or send, as in the textbook */
enum { THANKS = 1024 }; /* bytes we are ready to hear */

/* There is no err(3) here. A Winsock error adds its words and its number. */
static _Noreturn void
fail(int status, int error, const char *format, ...)
{
    DWORD from = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
    char why[512];
    va_list args;

    fprintf(stderr, "server: ");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    if (error != 0) {
        if (!FormatMessageA(from, NULL, (DWORD)error, 0, why, sizeof why, NULL))
            snprintf(why, sizeof why, "Unknown error");
        why[strcspn(why, "\r\n")] = '\0';
        fprintf(stderr, ": %s (%d)", why, error);
    }
    fprintf(stderr, "\n");
    exit(status);
}

static void
flush_output(void)
{
    if (fflush(stdout) == EOF || ferror(stdout)) /* printf may flush first */
        fail(1, 0, "standard output: %s", strerror(errno));
}

static void
stop_winsock(void)
{
    if (WSACleanup() == SOCKET_ERROR)
        fprintf(stderr, "server: WSACleanup: (%d)\n", WSAGetLastError());
}

static void
start_winsock(void)
{
    WSADATA found;
    int error = WSAStartup(MAKEWORD(2, 2), &found);

    if (error != 0) /* not in WSAGetLastError: Winsock isn't there yet */
        fail(1, error, "WSAStartup");
    if (atexit(stop_winsock) != 0)
        fail(1, 0, "atexit: no room");
}

static struct sockaddr_in
address(const char *host, const char *port)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    size_t digits = strspn(port, "0123456789");
    unsigned long number = strtoul(port, NULL, 10);

    if (digits == 0 || port[digits] != '\0' || number > 65535)
        fail(2, 0, "port '%s': not a number from 0 to 65535", port);
    where.sin_port = htons((u_short)number);
    if (inet_pton(AF_INET, host, &where.sin_addr) != 1)
        fail(1, 0, "host '%s': not an IPv4 address", host);
    return where;
}

static int
open_file(const char *path)
{
    int file = _open(path, _O_RDONLY | _O_BINARY); /* else \r\n becomes \n */

    if (file == -1) /* a directory too: it can't be opened */
        fail(1, 0, "open %s: %s", path, strerror(errno));
    return file;
}

static SOCKET
listen_on(struct sockaddr_in where, const char *host, const char *port)
{
    const BOOL yes = TRUE;
    int size = sizeof where;
    SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);

    if (listener == INVALID_SOCKET)
        fail(1, WSAGetLastError(), "socket");
    /* Here SO_REUSEADDR takes the port of a living server; this forbids it. */
    if (setsockopt(listener, SOL_SOCKET, SO_EXCLUSIVEADDRUSE,
                   (const char *)&yes, sizeof yes) == SOCKET_ERROR)
        fail(1, WSAGetLastError(), "setsockopt SO_EXCLUSIVEADDRUSE");
    if (bind(listener, (struct sockaddr *)&where, size) == SOCKET_ERROR)
        fail(1, WSAGetLastError(), "bind %s %s", host, port);
    if (listen(listener, 5) == SOCKET_ERROR)
        fail(1, WSAGetLastError(), "listen on %s %s", host, port);
    if (getsockname(listener, (struct sockaddr *)&where, &size) == SOCKET_ERROR)
        fail(1, WSAGetLastError(), "getsockname %s %s", host, port);
    printf("listening on %s %d\n", host, ntohs(where.sin_port));
    flush_output();
    return listener;
}

static void
send_file(SOCKET conn, int file, const char *path)
{
    char chunk[CHUNK];
    int n, sent, done;

    while ((n = _read(file, chunk, sizeof chunk)) > 0)
        for (done = 0; done < n; done += sent) {
            sent = send(conn, chunk + done, n - done, 0);
            if (sent == SOCKET_ERROR)
                fail(1, WSAGetLastError(), "write to client");
            if (sent == 0) /* to ask again would be to ask for ever */
                fail(1, 0, "write to client: nothing was taken");
        }
    if (n == -1)
        fail(1, 0, "read %s: %s", path, strerror(errno));
}

static void
hear_thanks(SOCKET conn)
{
    char thanks[THANKS + 1]; /* room to notice one byte too many */
    int n, length = 0;

    while ((n = recv(conn, thanks + length, THANKS + 1 - length, 0)) > 0) {
        length += n;
        if (length > THANKS)
            fail(1, 0, "read from client: more than %d bytes", THANKS);
    }
    if (n == SOCKET_ERROR)
        fail(1, WSAGetLastError(), "read from client");
    if (length == 0)
        fail(1, 0, "read from client: no thanks");
    if (thanks[length - 1] == '\0') /* the textbook's client sends its NUL */
        length--;
    printf("Message from client: %.*s\n", length, thanks);
    flush_output();
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in where;
    SOCKET listener, conn;
    int file;

    if (_setmode(_fileno(stdout), _O_BINARY) == -1 || /* else \n is \r\n */
        _setmode(_fileno(stderr), _O_BINARY) == -1)
        fail(1, 0, "binary output: %s", strerror(errno));
    if (argc != 4) {
        fprintf(stderr, "usage: server HOST PORT FILE\n");
        return 2;
    }
    start_winsock();
    where = address(argv[1], argv[2]);
    file = open_file(argv[3]);
    listener = listen_on(where, argv[1], argv[2]);
    conn = accept(listener, NULL, NULL);
    if (conn == INVALID_SOCKET)
        fail(1, WSAGetLastError(), "accept");
    if (closesocket(listener) == SOCKET_ERROR) /* a second one is refused */
        fail(1, WSAGetLastError(), "closesocket listener");

    send_file(conn, file, argv[3]);
    if (closesocket(conn) == SOCKET_ERROR) /* FIN; client reads EOF */
        fail(1, WSAGetLastError(), "closesocket");
    hear_thanks(conn);
    return 0;
}
