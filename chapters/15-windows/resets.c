/*
 * Try two things of which Microsoft's pages say that they end in a reset.
 *
 *     resets
 *
 * Wine does neither as they say: run this on Windows, and compare. First, data
 * and then a reset: can the data still be read, and does recv tell of the
 * reset? Then, data for a socket after its SD_RECEIVE: is it reset?
 *
 * Over the wire: two connections to itself on 127.0.0.1, a byte or two on each.
 * Exit status: 0 both were tried, 1 trouble.
 * See also: Microsoft's pages on closesocket, recv and shutdown.
 */
#include <winsock2.h> /* before windows.h, which else declares the old API */
#include <ws2tcpip.h>
#include <windows.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef _MSC_VER
#pragma comment(lib, "ws2_32")
#endif

static void
need(int fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "resets: %s: (%d)\n", what, WSAGetLastError());
    WSACleanup();
    exit(1);
}

static void
show(const char *call, int result)
{
    if (result == SOCKET_ERROR)
        printf("  %s = -1 (%d)\n", call, WSAGetLastError());
    else
        printf("  %s = %d\n", call, result);
}

static void
connect_to_self(SOCKET *ours, SOCKET *theirs)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    struct sockaddr *at = (struct sockaddr *)&where;
    int size = sizeof where;
    SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);

    *ours = socket(AF_INET, SOCK_STREAM, 0);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    need(listener != INVALID_SOCKET && *ours != INVALID_SOCKET, "socket");
    need(bind(listener, at, size) == 0, "bind 127.0.0.1");
    need(listen(listener, 1) == 0, "listen");
    need(getsockname(listener, at, &size) == 0, "getsockname");
    need(connect(*ours, at, size) == 0, "connect to self");
    *theirs = accept(listener, NULL, NULL);
    need(*theirs != INVALID_SOCKET, "accept");
    need(closesocket(listener) == 0, "closesocket listener");
}

static void
hear_after_a_reset(void)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    SOCKET ours, theirs;
    char byte = 'x';

    connect_to_self(&ours, &theirs);
    need(send(theirs, &byte, 1, 0) == 1, "send");
    need(setsockopt(theirs, SOL_SOCKET, SO_LINGER, (const char *)&at_once,
                    sizeof at_once) == 0,
         "setsockopt SO_LINGER");
    need(closesocket(theirs) == 0, "closesocket"); /* RST, not FIN */
    printf("the other end sent a byte, then a reset:\n");
    show("recv", recv(ours, &byte, 1, 0));
    show("recv", recv(ours, &byte, 1, 0));
    need(closesocket(ours) == 0, "closesocket");
}

static void
speak_to_the_deaf(void)
{
    SOCKET ours, theirs;
    char byte = 'x';

    connect_to_self(&ours, &theirs);
    need(shutdown(theirs, SD_RECEIVE) == 0, "shutdown");
    printf("the other end has called shutdown(SD_RECEIVE):\n");
    show("send to it", send(ours, &byte, 1, 0));
    send(theirs, &byte, 1, 0); /* else recv would wait where nothing is reset */
    show("recv from it", recv(ours, &byte, 1, 0));
    closesocket(ours);
    closesocket(theirs);
}

int
main(void)
{
    WSADATA found;
    int error;

    need(_setmode(_fileno(stdout), _O_BINARY) != -1 &&
             _setmode(_fileno(stderr), _O_BINARY) != -1,
         "binary output");
    error = WSAStartup(MAKEWORD(2, 2), &found);
    if (error != 0) { /* not in WSAGetLastError: Winsock isn't there yet */
        fprintf(stderr, "resets: WSAStartup: (%d)\n", error);
        return 1;
    }
    hear_after_a_reset();
    speak_to_the_deaf();
    need(fflush(stdout) == 0 && !ferror(stdout), "standard output");
    need(WSACleanup() == 0, "WSACleanup");
    return 0;
}
