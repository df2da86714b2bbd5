/*
 * Fetch a file from a server, whole or not at all, then send a receipt.
 *
 *     client HOST PORT FILE [SECONDS]
 *
 * New here: an EOF proves nothing, the announced length does. What comes goes
 * into a file beside FILE, and takes the name of FILE once it is whole and on
 * the disk; thanks are for that alone. Until then an old FILE stays as it is,
 * and its mode stays for good. An error or a signal leaves nothing behind; only
 * a kill -9 or a power cut leaves a half-close.XXXXXX. FILE may be new, or a
 * regular file that we could write: anything else would be replaced, unasked.
 *
 * Over the wire: in come the length in decimal digits, a newline, that many
 * bytes and EOF. Out go "Thank you ", the length and a newline, then FIN.
 * Exit status: 0 the file is on the disk and the receipt is with the kernel,
 * 1 trouble (FILE is as it was, or whole), 2 wrong command line.
 * See also: rename(2), fsync(2), mkstemp(3), signal-safety(7).
 */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64 /* files beyond 2 GiB where a long has 32 bits */

#include <sys/stat.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/deadline.h"
#include "../common/net.h"

enum { CHUNK = 65536 }; /* by 30 bytes, a large file takes minutes */

static const char suffix[] = "/half-close.XXXXXX";
static char part[PATH_MAX + sizeof suffix]; /* what we must not leave behind */

static void
remove_part(void)
{
    if (part[0] != '\0' && unlink(part) == -1)
        warn("remove %s", part);
}

static void
remove_part_and_die(int signal_number)
{
    unlink(part);
    signal(signal_number, SIG_DFL);
    raise(signal_number); /* who waits for us sees what we died of */
}

static void
clean_up_at_end(void)
{
    static const int deaths[] = {SIGHUP, SIGINT, SIGTERM};
    void (*before)(int);
    size_t i;

    for (i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        before = signal(deaths[i], remove_part_and_die);
        if (before == SIG_IGN) /* as nohup(1) wants it */
            before = signal(deaths[i], SIG_IGN);
        if (before == SIG_ERR)
            err(1, "signal");
    }
    if (atexit(remove_part) != 0)
        errx(1, "atexit");
}

static intmax_t
hear_length(struct deadline limit, int conn)
{
    char line[sizeof "9223372036854775807\n"] = "";
    size_t digits, length = 0;
    intmax_t size;
    ssize_t n;

    do { /* byte by byte: what comes after the newline is the file */
        n = read_by(limit, conn, line + length, 1);
        length += n == 1;
    } while (n == 1 && line[length - 1] != '\n' && length < sizeof line - 1);
    if (n == -1 && errno == EAGAIN)
        errx(1, "gave up after %g seconds: the length had not come",
             limit.patience);
    if (n == -1)
        err(1, "read from server");
    if (n == 0)
        errx(1, "length from server: %s", length ? "cut short" : "missing");
    digits = strspn(line, "0123456789");
    if (line[0] == '\n')
        errx(1, "length from server: empty");
    if (line[0] == '-')
        errx(1, "length from server: negative");
    if (digits < length && line[digits] != '\n')
        errx(1, "length from server: not digits");
    errno = 0;
    size = strtoimax(line, NULL, 10);
    if (digits == length || errno == ERANGE)
        errx(1, "length from server: too long");
    return size;
}

/* The mode of the file we are to replace, or of a new one. */
static mode_t
mode_for(const char *path)
{
    struct stat st;
    mode_t mask = umask(0);
    int found = lstat(path, &st);

    umask(mask);
    if (found == -1 && errno == ENOENT)
        return 0666 & ~mask;
    if (found == 0 && !S_ISREG(st.st_mode))
        errx(1, "open %s: not a regular file", path);
    if (found == -1 || access(path, W_OK) == -1)
        err(1, "open %s", path);
    return st.st_mode & 0777;
}

/* A new file in the folder of `path`; in *folder, that folder. */
static int
create_part(const char *path, int *folder)
{
    mode_t mode = mode_for(path);
    char copy[PATH_MAX], *name;
    int file;

    snprintf(copy, sizeof copy, "%s", path);
    name = dirname(copy);
    while ((*folder = open(name, O_RDONLY | O_DIRECTORY)) == -1)
        if (errno != EINTR)
            err(1, "open folder of %s", path);
    do {
        snprintf(part, sizeof part, "%s%s", name, suffix);
        file = mkstemp(part); /* the name, then the file: no gap to die in */
    } while (file == -1 && errno == EINTR);
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
    while (fsync(file) == -1) /* a name for bytes that are on the disk */
        if (errno != EINTR)
            err(1, "fsync %s", path);
    if (close(file) == -1 && errno != EINTR)
        err(1, "close %s", path);
    if (rename(part, path) == -1)
        err(1, "rename to %s", path);
    part[0] = '\0'; /* past this point there is nothing to remove */
    while (fsync(folder) == -1 && errno != EINVAL) /* unknown on some disks */
        if (errno != EINTR)
            err(1, "fsync folder of %s", path);
    if (close(folder) == -1 && errno != EINTR)
        err(1, "close folder of %s", path);
}

static void
receive_file(struct deadline limit, int conn, const char *path, intmax_t size)
{
    char chunk[CHUNK];
    ssize_t n;
    intmax_t came = 0;
    int folder, file = create_part(path, &folder);

    while ((n = read_by(limit, conn, chunk, sizeof chunk)) > 0) {
        if (n > size - came)
            errx(1, "read from server: more than %jd bytes came", size);
        if (write_all(file, chunk, (size_t)n) < (size_t)n)
            err(1, "write %s", path);
        came += n;
    }
    if (n == -1 && errno == EAGAIN)
        errx(1, "gave up after %g seconds: no EOF after %jd of %jd bytes",
             limit.patience, came, size);
    if (n == -1)
        err(1, "read from server");
    if (came < size)
        errx(1, "read from server: EOF after %jd of %jd bytes", came, size);
    keep(file, folder, path);
    printf("Received file data\n");
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
}

static void
say_thanks(struct deadline limit, int conn, intmax_t size)
{
    char thanks[48];
    size_t length =
        (size_t)snprintf(thanks, sizeof thanks, "Thank you %jd\n", size);
    size_t went = write_by(limit, conn, thanks, length);

    if (went < length && errno == EAGAIN)
        errx(1, "gave up after %g seconds: the thanks were not sent",
             limit.patience);
    if (went < length)
        err(1, "write to server");
    if (close(conn) == -1 && errno != EINTR) /* it is gone, EINTR or not */
        err(1, "close");
}

int
main(int argc, char *argv[])
{
    struct addrinfo *where;
    struct deadline limit;
    double patience;
    intmax_t size;
    int conn;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: client HOST PORT FILE [SECONDS]\n");
        return 2;
    }
    patience = seconds(argc == 5 ? argv[4] : "10");
    if (fcntl(STDOUT_FILENO, F_GETFD) == -1 || /* else conn may be number 1, */
        fcntl(STDERR_FILENO, F_GETFD) == -1) /* and printf talk to the server */
        err(1, "standard output or error");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || /* write says EPIPE instead, */
        signal(SIGXFSZ, SIG_IGN) == SIG_ERR)   /* and EFBIG */
        err(1, "signal");
    clean_up_at_end();
    where = addresses(argv[1], argv[2]);
    limit = deadline_in(patience);
    conn = connect_by(limit, where, argv[1], argv[2]);
    if (conn == -1)
        errx(1, "gave up after %g seconds: no answer from %s %s", patience,
             argv[1], argv[2]);
    freeaddrinfo(where);
    size = hear_length(limit, conn);
    receive_file(limit, conn, argv[3], size);
    say_thanks(limit, conn, size);
    return 0;
}
