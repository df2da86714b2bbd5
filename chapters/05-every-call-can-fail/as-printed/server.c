/*
 * Offer a file to one client, then print its thanks: as textbooks print it.
 *
 *     server HOST PORT FILE
 *
 * Here to be looked at, not to be copied. It works as long as everything else
 * does. How many mistakes do you find? README.md beside this file counts them.
 *
 * One thing is not as printed. There it listens on every address; here it
 * listens on loopback alone, and exits if it can't.
 *
 * Over the wire: the bytes of FILE, then FIN. Back come the thanks, then FIN.
 * Exit status: 0, whatever became of the file and of the thanks, if nothing
 * kills it before; 1 wrong command line.
 * See also: ../server.c.
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
    int listen_fd, fd, count;
    char buf[SIZE];
    struct sockaddr_in addr;
    FILE *in;

    if (argc != 4) {
        printf("usage: server HOST PORT FILE\n");
        exit(1);
    }

    in = fopen(argv[3], "rb");
    listen_fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK); /* printed: INADDR_ANY */
    addr.sin_port = htons((unsigned short)atoi(argv[2]));

    if (bind(listen_fd, (struct sockaddr *)&addr, sizeof(addr)) == -1)
        exit(0); /* not as printed: listen would take any address */
    listen(listen_fd, 5);
    fd = accept(listen_fd, NULL, NULL);

    do {
        count = (int)fread(buf, 1, SIZE, in);
        write(fd, buf, (size_t)count);
    } while (count == SIZE);

    shutdown(fd, SHUT_WR);
    read(fd, buf, SIZE);
    printf("Message from client: %s\n", buf);

    fclose(in);
    close(fd);
    close(listen_fd);
    return 0;
}
