/*
 * Fetch a file from a server, whole or not at all, then send a receipt.
 *
 *     client HOST PORT FILE [SECONDS]
 *
 * An EOF proves nothing, the announced length does. What comes goes into a file
 * beside FILE, and gets the name of FILE once it is whole and on the disk; the
 * receipt is for that alone. Until then FILE is as it was. An error leaves
 * nothing behind.
 *
 * Over the wire: in come the length in decimal digits, a newline, that many
 * bytes and EOF. Out go "Thank you ", the length and a newline, then FIN.
 * Exit status: 0 FILE is on the disk and the receipt is with the kernel,
 * 1 trouble (FILE is as it was, or whole), 2 wrong command line.
 * See also: renameat(2), fsync(2), fchown(2), chapters/07-whole-or-nothing.
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
static int folder;         /* where FILE is to be, */
static const char *target; /* its name there, */
static char part[32];      /* and that of what is to become it, or "" */

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
    if (part[0] != '\0' && unlinkat(folder, part, 0) == -1)
        warn("remove %s", part);
}

/* Find the folder of FILE, and the name that FILE has in there. */
static void
open_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name;

    target = slash == NULL ? path : slash + 1;
    if (target[0] == '\0')
        errx(1, "open %s: no name for a file", path);
    name = slash == NULL ? strdup(".") : strndup(path, (size_t)(target - path));
    if (name == NULL)
        err(1, "folder of %s", path);
    folder = open(name, O_RDONLY | O_DIRECTORY);
    if (folder == -1)
        err(1, "open folder of %s", path);
    free(name);
}

/* Whether there is an old FILE; anything else of that name is trouble. */
static bool
is_there(const char *path, struct stat *old)
{
    if (fstatat(folder, target, old, AT_SYMLINK_NOFOLLOW) == -1) {
        if (errno != ENOENT)
            err(1, "open %s", path);
        return false;
    }
    if (!S_ISREG(old->st_mode))
        errx(1, "open %s: not a regular file", path);
    return true;
}

/* A new file beside FILE; nobody else reads it before it is whole. */
static int
create_part(const char *path)
{
    struct stat old;
    int file;

    open_folder(path);
    is_there(path, &old);
    snprintf(part, sizeof part, ".receipt.%ld", (long)getpid());
    file = openat(folder, part, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (file == -1) {
        part[0] = '\0';
        err(1, "create a file beside %s", path);
    }
    return file;
}

/* Let FILE be open to nobody who could not open it before. */
static void
set_mode(int file, const char *path)
{
    struct stat old;
    mode_t mode = umask(0);

    umask(mode);
    mode = 0666 & ~mode;
    if (is_there(path, &old)) {
        mode = old.st_mode & 0777;
        if (fchown(file, old.st_uid, old.st_gid) == -1)
            mode &= 0700; /* they would be other people */
    }
    if (fchmod(file, mode) == -1)
        err(1, "fchmod %s", path);
}

static void
store(int file, const char *path, const char *bytes, size_t size)
{
    size_t done = 0;
    ssize_t n;

    while (done < size) {
        n = write(file, bytes + done, size - done);
        if (n == -1 && errno != EINTR)
            err(1, "write %s", path);
        if (n == 0)
            errx(1, "write %s: nothing was taken", path);
        if (n > 0)
            done += (size_t)n;
    }
}

static void
keep(struct deadline limit, int file, const char *path)
{
    struct stat old;

    set_mode(file, path);
    if (fsync(file) == -1) /* a name for bytes that are on the disk */
        err(1, "fsync %s", path);
    if (close(file) == -1)
        err(1, "close %s", path);
    if (now() >= limit.end)
        errx(1, "gave up after %g seconds: the file is not on the disk yet",
             limit.patience);
    is_there(path, &old); /* or something else has its name by now */
    if (renameat(folder, part, folder, target) == -1)
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
    char chunk[CHUNK];
    ssize_t n;
    intmax_t came = 0;
    int file = create_part(path);

    while ((n = hear(limit, conn, chunk, sizeof chunk)) > 0) {
        if (n > size - came)
            errx(1, "read from server: more than %jd bytes came", size);
        store(file, path, chunk, (size_t)n);
        came += n;
    }
    if (came < size)
        errx(1, "read from server: EOF after %jd of %jd bytes", came, size);
    keep(limit, file, path);
    printf("Received file data\n");
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
        err(1, "close to server");
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
    if (fcntl(STDOUT_FILENO, F_GETFD) == -1 || /* else conn may be number 1, */
        fcntl(STDERR_FILENO, F_GETFD) == -1) /* and printf talk to the server */
        err(1, "standard output or error");
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
