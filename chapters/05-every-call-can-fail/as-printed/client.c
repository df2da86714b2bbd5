/*
 * Fetch a file from a server, then say "Thank you": as textbooks print it.
 *
 *     client HOST PORT FILE
 *
 * Here to be looked at, not to be copied. HOST is ignored.
 *
 * Over the wire: nothing until EOF, then the nine bytes "Thank you" and a NUL.
 * Exit status: 0, if it ends; against a closed port it never does.
 * See also: ../client.c.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE 30

int
main(int argc, char *argv[])
{
    int fd, rc;
    char buf[SIZE];
    struct sockaddr_in addr;
    FILE *out;

    if (argc != 4) {
        printf("usage: client HOST PORT FILE\n");
        exit(1);
    }

    out = fopen(argv[3], "wb");
    fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_addr.s_addr = inet_addr("127.0.0.1");
    addr.sin_port = htons((unsigned short)atoi(argv[2]));

    connect(fd, (struct sockaddr *)&addr, sizeof(addr));

    while ((rc = (int)read(fd, buf, SIZE)) != 0)
        fwrite(buf, 1, (size_t)rc, out);

    printf("Received file data\n");
    write(fd, "Thank you", 10);

    fclose(out);
    close(fd);
    return 0;
}
