/*
 * In another style: everything is held in memory until it is whole, then
 * written at once through stdio.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <sys/stat.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 4096 }; /* bytes in one read or write, at the most */

struct deadline {
    double patience; /* seconds, as they were asked for */
    double end;      /* seconds on a clock that nobody can set */
};

static const char digits[] = "0123456789";
static const char suffix[] = "/receipt.XXXXXX";
static char part[PATH_MAX + sizeof suffix]; /* what we must not leave behind */

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

static double
now(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t) == -1)
        err(1, "clock_gettime");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Sleep until the server is ready, or has gone. Too late ends the program. */
static void
await(struct deadline limit, int conn, short events, const char *what)
{
    struct pollfd slot = {.fd = conn, .events = events};
    double left;
    int n;

    while ((left = limit.end - now()) > 0) {
        n = poll(&slot, 1, (int)(left * 1e3) + 1); /* rather late than early */
        if (n > 0)
            return;
        if (n == -1 && errno != EINTR)
            err(1, "poll");
    }
    errx(1, "gave up after %g seconds: %s", limit.patience, what);
}

static int
dial(struct deadline limit, struct sockaddr_in where, const char *host,
     const char *port)
{
    int why = 0, conn = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof why;

    if (conn == -1 || fcntl(conn, F_SETFL, O_NONBLOCK) == -1)
        err(1, "socket");
    if (connect(conn, (struct sockaddr *)&where, sizeof where) == -1) {
        if (errno != EINPROGRESS && errno != EINTR)
            err(1, "connect %s %s", host, port);
        await(limit, conn, POLLOUT, "no answer to connect");
        if (getsockopt(conn, SOL_SOCKET, SO_ERROR, &why, &size) == -1)
            err(1, "getsockopt");
        errno = why;
        if (why != 0)
            err(1, "connect %s %s", host, port);
    }
    return conn;
}

/* As read(2), but it sleeps no longer than there is time. */
static ssize_t
hear(struct deadline limit, int conn, void *bytes, size_t size)
{
    ssize_t n;

    do {
        await(limit, conn, POLLIN, "no EOF from server");
        n = read(conn, bytes, size);
    } while (n == -1 && (errno == EAGAIN || errno == EINTR));
    if (n == -1)
        err(1, "read from server");
    return n;
}

static intmax_t
hear_length(struct deadline limit, int conn)
{
    char line[sizeof "9223372036854775807\n"] = "";
    size_t length = 0;
    intmax_t size;

    do { /* byte by byte: what comes after the newline is the file */
        if (hear(limit, conn, line + length, 1) == 0)
            errx(1, "length from server: cut short");
        length++;
    } while (line[length - 1] != '\n' && length < sizeof line - 1);
    if (length == 1 || strspn(line, digits) < length - 1)
        errx(1, "length from server: not digits");
    errno = 0;
    size = strtoimax(line, NULL, 10);
    if (line[length - 1] != '\n' || errno == ERANGE)
        errx(1, "length from server: too long");
    return size;
}

static void
remove_part(void)
{
    if (part[0] != '\0' && unlink(part) == -1)
        warn("remove %s", part);
}

/* The mode of the file that we are to replace, or of a new one. */
static mode_t
mode_for(const char *path)
{
    struct stat st;
    mode_t mask = umask(0);

    umask(mask);
    if (stat(path, &st) == 0)
        return st.st_mode & 0777;
    if (errno != ENOENT)
        err(1, "open %s", path);
    return 0666 & ~mask;
}

/* A new file beside `path`; in *folder, the folder of both. */
static int
create_part(const char *path, int *folder)
{
    mode_t mode = mode_for(path);
    char copy[PATH_MAX], *name;
    int file;

    snprintf(copy, sizeof copy, "%s", path);
    name = dirname(copy);
    *folder = open(name, O_RDONLY | O_DIRECTORY);
    if (*folder == -1)
        err(1, "open folder of %s", path);
    snprintf(part, sizeof part, "%s%s", name, suffix);
    file = mkstemp(part);
    if (file == -1) {
        part[0] = '\0';
        err(1, "create a file beside %s", path);
    }
    if (fchmod(file, mode) == -1)
        err(1, "fchmod %s", path);
    return file;
}

static void
keep(int file, int folder, const char *path)
{
    if (fsync(file) == -1) /* a name for bytes that are on the disk */
        err(1, "fsync %s", path);
    if (close(file) == -1)
        err(1, "close %s", path);
    if (rename(part, path) == -1)
        err(1, "rename to %s", path);
    part[0] = '\0'; /* past this point there is nothing to remove */
    if (fsync(folder) == -1 && errno != EINVAL) /* unknown on some disks */
        err(1, "fsync folder of %s", path);
    if (close(folder) == -1)
        err(1, "close folder of %s", path);
}

static void
receive_file(struct deadline limit, int conn, const char *path, intmax_t size)
{
    size_t room = 1 << 16, came = 0;
    char *all = malloc(room);
    ssize_t n = 1;
    int folder, file;
    FILE *out;

    while (all != NULL && n > 0) {
        n = hear(limit, conn, all + came, room - came);
        came += (size_t)n;
        if ((intmax_t)came > size)
            errx(1, "too much came");
        if (came == room)
            all = realloc(all, room *= 2);
    }
    if (all == NULL)
        err(1, "memory");
    if ((intmax_t)came < size)
        errx(1, "too little came");
    file = create_part(path, &folder);
    out = fdopen(dup(file), "wb");
    if (out == NULL)
        err(1, "fdopen");
    if (fwrite(all, 1, came, out) < came || fclose(out) == EOF)
        err(1, "write %s", path);
    free(all);
    keep(file, folder, path);
    puts("Received file data");
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

static void
send_receipt(struct deadline limit, int conn, intmax_t size)
{
    char receipt[48];
    size_t done = 0, length;
    ssize_t n;

    length = (size_t)snprintf(receipt, sizeof receipt, "Thank you %jd\n", size);
    while (done < length) {
        await(limit, conn, POLLOUT, "the receipt was not sent");
        n = write(conn, receipt + done, length - done);
        if (n == -1 && errno != EAGAIN && errno != EINTR)
            err(1, "write to server");
        if (n == 0)
            errx(1, "write to server: nothing was taken");
        if (n > 0)
            done += (size_t)n;
    }
    if (close(conn) == -1)
        err(1, "close");
}

int
main(int argc, char *argv[])
{
    struct sockaddr_in where;
    struct deadline limit;
    intmax_t size;
    int conn;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: client HOST PORT FILE [SECONDS]\n");
        return 2;
    }
    limit.patience = seconds(argc == 5 ? argv[4] : "10");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* EPIPE tells us, and we live */
        err(1, "signal");
    if (atexit(remove_part) != 0)
        errx(1, "atexit");
    where = address(argv[1], argv[2]);
    limit.end = now() + limit.patience;
    conn = dial(limit, where, argv[1], argv[2]);
    size = hear_length(limit, conn);
    receive_file(limit, conn, argv[3], size);
    send_receipt(limit, conn, size);
    return 0;
}
