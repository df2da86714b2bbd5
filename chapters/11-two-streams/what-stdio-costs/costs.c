/*
 * Ask stdio what it does on a connection that is slow, or interrupted.
 *
 *     costs
 *
 * We have both ends of a connection. One has a stream, and the other is read
 * and written with bare calls, so that we know what the stream should have
 * seen. Each line tells one thing that stdio does to its program.
 *
 * Over the wire: connections to ourselves on 127.0.0.1.
 * Exit status: 0 all was asked, 1 trouble.
 * See also: fread(3), fwrite(3), ferror(3), alarm(2).
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static int ours, theirs; /* the two ends */

/* Connect to ourselves; return a stream on our end. */
static FILE *
stream(const char *mode)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    socklen_t size = sizeof where;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    FILE *made;

    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ours = socket(AF_INET, SOCK_STREAM, 0);
    if (listener == -1 || ours == -1 ||
        bind(listener, (struct sockaddr *)&where, sizeof where) == -1 ||
        listen(listener, 1) == -1 ||
        getsockname(listener, (struct sockaddr *)&where, &size) == -1 ||
        connect(ours, (struct sockaddr *)&where, sizeof where) == -1 ||
        (theirs = accept(listener, NULL, NULL)) == -1 ||
        (made = fdopen(ours, mode)) == NULL)
        err(1, "connect to ourselves");
    close(listener);
    return made;
}

/* Say five letters, and wait until they are there. */
static void
say(const char *letters)
{
    struct pollfd arrived = {.fd = ours, .events = POLLIN};

    if (write(theirs, letters, 5) != 5 || poll(&arrived, 1, -1) == -1)
        err(1, "write to ourselves");
}

static void
say_the_rest(int number)
{
    (void)number;
    say("fghij");
}

static void
again(int number)
{
    (void)number;
    alarm(1); /* the one before may have come too early */
}

/* Have a signal come in a second. */
static void
signal_soon(void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    if (sigaction(SIGALRM, &action, NULL) == -1)
        err(1, "sigaction");
    alarm(1);
}

/* Have calls fail that would sleep: with EAGAIN or, on a signal, with EINTR. */
static const char *
fail(bool non_blocking)
{
    if (!non_blocking)
        signal_soon(again, 0);
    else if (fcntl(ours, F_SETFL, O_NONBLOCK) == -1)
        err(1, "fcntl");
    return non_blocking ? "non-blocking" : "a signal";
}

static const char *
why(void)
{
    return errno == EINTR ? "EINTR" : errno == EAGAIN ? "EAGAIN" : "trouble";
}

static void
read_all_or_sleep(void)
{
    FILE *in = stream("r");
    char words[10];

    say("abcde");
    signal_soon(say_the_rest, SA_RESTART);
    printf("fread, 5 of 10 bytes there: %zu, when the others had come\n",
           fread(words, 1, sizeof words, in));
    fclose(in);
    close(theirs);
}

/* Ask for ten letters where five are, and again when the others are there. */
static void
read_and_fail(size_t size, size_t count, bool non_blocking)
{
    FILE *in = stream("r");
    const char *how = fail(non_blocking);
    char words[10];
    size_t n;

    say("abcde");
    n = fread(words, size, count, in);
    printf("fread, %s: %zu of %zu, %s", how, n, count,
           ferror(in) ? why() : "no error");
    alarm(0);
    clearerr(in);
    say("fghij");
    n = fread(words, 1, 5, in);
    printf("; then \"%.*s\"\n", (int)n, words);
    fclose(in);
    close(theirs);
}

/* Write until that fails; then let all arrive that is still there. */
static void
write_and_fail(bool non_blocking)
{
    FILE *out = stream("w");
    const char *how = fail(non_blocking);
    char chunk[65536] = {0};
    size_t took = 0, n;
    ssize_t came, arrived = 0;

    do
        took += n = fwrite(chunk, 1, 30, out);
    while (n == 30);
    printf("fwrite, %s: %zu bytes, %s", how, took, why());
    do {
        clearerr(out);
        if ((came = read(theirs, chunk, sizeof chunk)) == -1)
            err(1, "read from ourselves");
        arrived += came;
    } while (fflush(out) == EOF);
    alarm(0);
    fclose(out);
    while ((came = read(theirs, chunk, sizeof chunk)) > 0)
        arrived += came;
    printf("; %zd arrived\n", arrived);
    close(theirs);
}

/* A file can grow after its end was read; a connection can't. */
static void
read_after_the_end(void)
{
    FILE *in = tmpfile();
    char words[10];

    if (in == NULL || fread(words, 1, sizeof words, in) != 0 ||
        pwrite(fileno(in), "abcde", 5, 0) != 5)
        err(1, "a temporary file");
    printf("fread, a file that grew: %zu", fread(words, 1, sizeof words, in));
    clearerr(in);
    printf("; after clearerr %zu\n", fread(words, 1, sizeof words, in));
    fclose(in);
}

int
main(void)
{
    read_all_or_sleep();
    read_and_fail(1, 10, false);
    read_and_fail(1, 10, true);
    read_and_fail(10, 1, true);
    write_and_fail(false);
    write_and_fail(true);
    read_after_the_end();
    if (ferror(stdout) || fflush(stdout) == EOF)
        err(1, "standard output");
    return 0;
}
