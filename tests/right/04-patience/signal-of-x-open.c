/*
 * In another style: calls that block, and signal(2) as X/Open has it. A call
 * that its handler interrupts fails with EINTR, and the handler is called once,
 * so it asks to be called again. The alarm rings on and on, for a call may have
 * begun just after it.
 */
#define _XOPEN_SOURCE 700

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CHUNK = 4096, /* bytes in one read or write, at the most */
    BOUND = 1024  /* bytes of thanks, at the most */
};

static const char digits[] = "0123456789";

static struct sockaddr_in
address(const char *host, const char *port)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    size_t length = strspn(port, digits);
    unsigned long number = strtoul(port, NULL, 10);

    if (length == 0 || port[length] != '\0' || number > 65535)
        errx(2, "port '%s': not a number from 0 to 65535", port);
    where.sin_port = htons((uint16_t)number);
    if (inet_pton(AF_INET, host, &where.sin_addr) != 1)
        errx(1, "host '%s': not an IPv4 address", host);
    return where;
}

/* Digits, and if there is a point, digits after it: nothing else. */
static double
seconds(const char *word)
{
    size_t whole = strspn(word, digits), length = whole;
    double number = strtod(word, NULL);

    if (word[whole] == '.')
        length += 1 + strspn(word + whole + 1, digits);
    if (whole == 0 || length == whole + 1 || word[length] != '\0' ||
        !(number > 0 && number <= 1e6))
        errx(2, "seconds '%s': not a number above 0, up to 1000000", word);
    return number;
}

static int
open_file(const char *path)
{
    struct stat st;
    int file = open(path, O_RDONLY);

    if (file == -1 || fstat(file, &st) == -1)
        err(1, "open %s", path);
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        err(1, "open %s", path);
    }
    return file;
}

static int
listen_on(struct sockaddr_in where, const char *host, const char *port)
{
    socklen_t size = sizeof where;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (listener == -1)
        err(1, "socket");
    if (bind(listener, (struct sockaddr *)&where, size) == -1)
        err(1, "bind %s %s", host, port);
    if (listen(listener, 5) == -1)
        err(1, "listen on %s %s", host, port);
    if (getsockname(listener, (struct sockaddr *)&where, &size) == -1)
        err(1, "getsockname %s %s", host, port);
    printf("listening on %s %d\n", host, ntohs(where.sin_port));
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
    return listener;
}

static volatile sig_atomic_t rung;

static void
ring(int number)
{
    rung = 1;
    signal(number, ring);
}

static void
look_at_the_clock(void)
{
    if (rung)
        errx(1, "gave up: time is up");
}

static void
send_all(int conn, const char *bytes, size_t size)
{
    size_t done = 0;
    ssize_t n;

    while (done < size) {
        look_at_the_clock();
        n = write(conn, bytes + done, size - done);
        if (n == -1 && errno != EINTR)
            err(1, "write to client");
        if (n == 0)
            errx(1, "write to client: nothing was taken");
        if (n > 0)
            done += (size_t)n;
    }
}

static void
send_file(int conn, int file, const char *path)
{
    char chunk[CHUNK];
    ssize_t n;

    while ((n = read(file, chunk, sizeof chunk)) > 0)
        send_all(conn, chunk, (size_t)n);
    if (n == -1)
        err(1, "read %s", path);
}

static void
hear_thanks(int conn)
{
    char thanks[BOUND + 1]; /* room for the byte that is too much */
    size_t length = 0;
    ssize_t n = 1;

    while (n != 0 && length <= BOUND) {
        look_at_the_clock();
        n = read(conn, thanks + length, sizeof thanks - length);
        if (n == -1 && errno != EINTR)
            err(1, "read from client");
        if (n > 0)
            length += (size_t)n;
    }

    if (length > BOUND)
        errx(1, "read from client: more than %d bytes of thanks", BOUND);
    if (length == 0)
        errx(1, "read from client: no thanks");
    if (thanks[length - 1] == '\0') /* the textbook's client sends its NUL */
        length--;
    printf("Message from client: %.*s\n", (int)length, thanks);
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in where;
    struct itimerval bell = {.it_interval = {.tv_usec = 20000}};
    double patience;
    int file, listener, conn;

    if (argc != 5) {
        fprintf(stderr, "usage: server HOST PORT FILE SECONDS\n");
        return 2;
    }
    patience = seconds(argv[4]);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* EPIPE tells us, and we live */
        err(1, "signal");
    where = address(argv[1], argv[2]);
    file = open_file(argv[3]);
    listener = listen_on(where, argv[1], argv[2]);
    conn = accept(listener, NULL, NULL);
    if (conn == -1)
        err(1, "accept");
    bell.it_value.tv_sec = (time_t)patience;
    bell.it_value.tv_usec =
        (suseconds_t)((patience - (double)bell.it_value.tv_sec) * 1e6);
    if (bell.it_value.tv_sec == 0 && bell.it_value.tv_usec == 0)
        bell.it_value.tv_usec = 1;
    if (signal(SIGALRM, ring) == SIG_ERR ||
        setitimer(ITIMER_REAL, &bell, NULL) == -1)
        err(1, "setitimer");

    send_file(conn, file, argv[3]);
    if (shutdown(conn, SHUT_WR) == -1 && /* sends FIN; the client reads EOF */
        errno != ENOTCONN)               /* it has gone; our read says how */
        err(1, "shutdown");
    hear_thanks(conn);
    if (close(conn) == -1)
        err(1, "close");
    return 0;
}
