/*
 * Fetch a file from a server, then say "Thank you": Winsock.
 *
 *     client HOST PORT FILE
 *
 * New here: the client of chapter 03 in Winsock's words. It answers the naive
 * server and the other alike, and can't tell which of them heard it.
 *
 * Over the wire: nothing until EOF, then the nine bytes "Thank you", then FIN.
 * Exit status: 0 the file is stored and the thanks are with the system,
 * 1 trouble (a partial FILE stays), 2 wrong command line.
 * See also: Microsoft's pages on connect, recv and closesocket.
 */
#define _CRT_SECURE_NO_WARNINGS /* for cl, which would have us shun _open */

#include <winsock2.h> /* before windows.h, which else declares the old API */
#include <ws2tcpip.h>
#include <windows.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <sys/stat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _MSC_VER
#pragma comment(lib, "ws2_32")
#endif

enum { CHUNK = 1024 }; /* bytes in one recv or write, as in the textbook */

/* There is no err(3) here. A Winsock error adds its words and its number. */
static _Noreturn void
fail(int status, int error, const char *format, ...)
{
    DWORD from = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
    char why[512];
    va_list args;

    fprintf(stderr, "client: ");
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
        fprintf(stderr, "client: WSACleanup: (%d)\n", WSAGetLastError());
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

static SOCKET
dial(struct sockaddr_in where, const char *host, const char *port)
{
    SOCKET conn = socket(AF_INET, SOCK_STREAM, 0);

    if (conn == INVALID_SOCKET)
        fail(1, WSAGetLastError(), "socket");
    if (connect(conn, (struct sockaddr *)&where, sizeof where) == SOCKET_ERROR)
        fail(1, WSAGetLastError(), "connect %s %s", host, port);
    return conn;
}

static void
receive_file(SOCKET conn, const char *path)
{
    char chunk[CHUNK];
    int n, stored;
    int file = _open(path, _O_WRONLY | _O_CREAT | _O_TRUNC | _O_BINARY,
                     _S_IREAD | _S_IWRITE);

    if (file == -1)
        fail(1, 0, "open %s: %s", path, strerror(errno));
    while ((n = recv(conn, chunk, sizeof chunk, 0)) > 0) {
        stored = _write(file, chunk, (unsigned)n);
        if (stored == -1)
            fail(1, 0, "write %s: %s", path, strerror(errno));
        if (stored < n)
            fail(1, 0, "write %s: only %d of %d bytes fit", path, stored, n);
    }
    if (n == SOCKET_ERROR)
        fail(1, WSAGetLastError(), "read from server");
    if (_close(file) == -1)
        fail(1, 0, "close %s: %s", path, strerror(errno));
    printf("Received file data\n");
    flush_output();
}

static void
say_thanks(SOCKET conn)
{
    const char thanks[] = "Thank you";
    int length = sizeof thanks - 1; /* not the NUL */
    int sent, done;

    for (done = 0; done < length; done += sent) {
        sent = send(conn, thanks + done, length - done, 0);
        if (sent == SOCKET_ERROR)
            fail(1, WSAGetLastError(), "write to server");
        if (sent == 0) /* to ask again would be to ask for ever */
            fail(1, 0, "write to server: nothing was taken");
    }
    if (closesocket(conn) == SOCKET_ERROR)
        fail(1, WSAGetLastError(), "closesocket");
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in where;
    SOCKET conn;

    if (_setmode(_fileno(stdout), _O_BINARY) == -1 || /* else \n is \r\n */
        _setmode(_fileno(stderr), _O_BINARY) == -1)
        fail(1, 0, "binary output: %s", strerror(errno));
    if (argc != 4) {
        fprintf(stderr, "usage: client HOST PORT FILE\n");
        return 2;
    }
    start_winsock();
    where = address(argv[1], argv[2]);
    conn = dial(where, argv[1], argv[2]);
    receive_file(conn, argv[3]);
    say_thanks(conn);
    return 0;
}
