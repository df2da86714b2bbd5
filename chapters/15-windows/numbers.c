/*
 * Make the mistakes around a goodbye, and show what Winsock calls each.
 *
 *     numbers
 *
 * Winsock has no errno: its errors are numbers of its own, from 10000 up, kept
 * by WSAGetLastError. strerror knows none of them, and not every system has
 * words for all.
 *
 * Over the wire: one connection to itself on 127.0.0.1, without data.
 * Exit status: 0 every mistake was refused, 1 one was not, or trouble.
 * See also: Microsoft, "Windows Sockets Error Codes".
 */
#include <winsock2.h> /* before windows.h, which else declares the old API */
#include <ws2tcpip.h>
#include <windows.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _MSC_VER
#pragma comment(lib, "ws2_32")
#endif

static void
need(int fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "numbers: %s: (%d)\n", what, WSAGetLastError());
    WSACleanup();
    exit(1);
}

static const char *
name_of(int error)
{
    switch (error) {
    case WSAENOTSOCK:
        return "WSAENOTSOCK";
    case WSAENOTCONN:
        return "WSAENOTCONN";
    case WSAESHUTDOWN:
        return "WSAESHUTDOWN";
    case WSANOTINITIALISED:
        return "WSANOTINITIALISED";
    default:
        return "?";
    }
}

static void
show(const char *mistake, int result)
{
    int error = WSAGetLastError();
    DWORD from = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
    char why[512];

    need(result == SOCKET_ERROR, mistake);
    if (!FormatMessageA(from, NULL, (DWORD)error, 0, why, sizeof why, NULL))
        snprintf(why, sizeof why, "Unknown error");
    why[strcspn(why, "\r\n")] = '\0';
    printf("%-28s %d  %-18s %s\n", mistake, error, name_of(error), why);
}

static SOCKET
connect_to_self(void)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    struct sockaddr *at = (struct sockaddr *)&where;
    int size = sizeof where;
    SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
    SOCKET conn = socket(AF_INET, SOCK_STREAM, 0);

    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    need(listener != INVALID_SOCKET && conn != INVALID_SOCKET, "socket");
    need(bind(listener, at, size) == 0, "bind 127.0.0.1");
    need(listen(listener, 1) == 0, "listen");
    need(getsockname(listener, at, &size) == 0, "getsockname");
    show("shutdown, not connected", shutdown(conn, SD_SEND));
    need(connect(conn, at, size) == 0, "connect to self");
    return conn;
}

int
main(void)
{
    WSADATA found;
    SOCKET conn;
    char byte = 'x';
    int error;

    need(_setmode(_fileno(stdout), _O_BINARY) != -1 &&
             _setmode(_fileno(stderr), _O_BINARY) != -1,
         "binary output");
    error = WSAStartup(MAKEWORD(2, 2), &found);
    if (error != 0) { /* not in WSAGetLastError: Winsock isn't there yet */
        fprintf(stderr, "numbers: WSAStartup: (%d)\n", error);
        return 1;
    }
    conn = connect_to_self();
    need(shutdown(conn, SD_SEND) == 0, "shutdown");
    show("send after SD_SEND", send(conn, &byte, 1, 0));
    need(closesocket(conn) == 0, "closesocket");
    show("recv after closesocket", recv(conn, &byte, 1, 0));
    need(WSACleanup() == 0, "WSACleanup");
    conn = socket(AF_INET, SOCK_STREAM, 0);
    show("socket after WSACleanup", conn == INVALID_SOCKET ? SOCKET_ERROR : 0);
    need(fflush(stdout) == 0 && !ferror(stdout), "standard output");
    return 0;
}
