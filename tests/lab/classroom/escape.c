/*
 * Try to get out of a sandbox, in one way for each of its walls.
 *
 *     escape PORT BYTES
 *
 * PORT listens on the machine's own loopback, and BYTES are more than a process
 * may have. Each wall that does not hold is named on standard output, a line
 * each. Exit status: 0 if all of them held, 1 otherwise. It asks for nothing
 * that would harm the machine. See also: sandboxed.py.
 */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GET_KEYRING_ID 0 /* linux/keyctl.h */
#define SESSION_KEYRING (-3)

static int through; /* walls that did not hold */

static void
held(int holds, const char *what)
{
    if (!holds) {
        puts(what);
        through++;
    }
}

static int
reaches(const char *port)
{
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)atoi(port))};
    int conn = socket(AF_INET, SOCK_STREAM, 0);

    return connect(conn, (struct sockaddr *)&there, sizeof(there)) == 0;
}

int
main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    held(access("/etc/passwd", F_OK) == -1, "the machine's files can be seen");
    held(open("/escaped", O_WRONLY | O_CREAT, 0600) == -1,
         "the root folder can be written");
    held(!reaches(argv[1]), "the machine's network can be reached");
    held(getppid() == 1, "the machine's processes can be seen");
    held(setuid(0) == -1, "root's rights can be had");
    held(mmap(NULL, strtoull(argv[2], NULL, 10), PROT_READ,
              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED,
         "memory has no bound");
    held(syscall(SYS_keyctl, GET_KEYRING_ID, SESSION_KEYRING, 0) == -1,
         "system calls are not filtered");
    return through ? 1 : 0;
}
