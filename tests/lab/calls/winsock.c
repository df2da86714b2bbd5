/*
 * Write down every call that a Windows program makes on a socket.
 *
 *     x86_64-w64-mingw32-gcc program.c winsock.c -Wl,--wrap=__imp_send ...
 *     LAB_CALLS=FILE program ...
 *
 * Nothing is preloaded here: a program calls Winsock through pointers that its
 * import library names __imp_send and so on, and the linker can put others in
 * their place. The lines are those of preload/log.h; ERRNO is WSAGetLastError.
 * See also: ld(1), --wrap.
 */
#include <winsock2.h>
#include <windows.h>
#include <stdio.h>

enum { SECOND = 10000000 };                     /* Windows counts in 100 ns */
static const ULONGLONG from_1601 = 11644473600; /* seconds, to 1970 */

static void
note(const char *name, SOCKET socket, long argument, const char *result)
{
    int saved = WSAGetLastError(), length;
    char path[MAX_PATH], line[160];
    ULARGE_INTEGER now;
    FILETIME time;
    HANDLE file;
    DWORD written;

    if (GetEnvironmentVariableA("LAB_CALLS", path, sizeof path) == 0)
        return;
    GetSystemTimePreciseAsFileTime(&time);
    now.LowPart = time.dwLowDateTime;
    now.HighPart = time.dwHighDateTime;
    length =
        snprintf(line, sizeof line, "%lu %llu.%07llu %s %d %ld %s\n",
                 GetCurrentProcessId(), now.QuadPart / SECOND - from_1601,
                 now.QuadPart % SECOND, name, (int)socket, argument, result);
    file =
        CreateFileA(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE,
                    NULL, OPEN_EXISTING, 0, NULL);
    if (file != INVALID_HANDLE_VALUE && length > 0)
        WriteFile(file, line, (DWORD)length, &written, NULL);
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    WSASetLastError(saved);
}

static void
after(const char *name, SOCKET socket, long argument, long long result)
{
    char text[48];

    snprintf(text, sizeof text, "%lld %d", result,
             result == -1 ? WSAGetLastError() : 0);
    note(name, socket, argument, text);
}

/* __real_X is what the import library has; the linker gives __wrap_X for X. */
#define STEP_IN(type, name, parameters, arguments, argument)                   \
    extern type(WINAPI *__real___imp_##name) parameters;                       \
    static type WINAPI noted_##name parameters                                 \
    {                                                                          \
        type result;                                                           \
                                                                               \
        note(#name, s, argument, "- -");                                       \
        result = __real___imp_##name arguments;                                \
        after(#name, s, argument, (long long)result);                          \
        return result;                                                         \
    }                                                                          \
    type(WINAPI *__wrap___imp_##name) parameters = noted_##name;

STEP_IN(SOCKET, accept, (SOCKET s, struct sockaddr *peer, int *size),
        (s, peer, size), 0)
STEP_IN(int, connect, (SOCKET s, const struct sockaddr *peer, int size),
        (s, peer, size), 0)
STEP_IN(int, send, (SOCKET s, const char *data, int size, int flags),
        (s, data, size, flags), size)
STEP_IN(int, recv, (SOCKET s, char *data, int size, int flags),
        (s, data, size, flags), size)
STEP_IN(int, shutdown, (SOCKET s, int how), (s, how), how)
STEP_IN(int, closesocket, (SOCKET s), (s), 0)
