/*
 * What chapter 05 taught about sockets, for the chapters that build on it.
 *
 * Nothing here ends a conversation or hides how one ended: shutdown, close and
 * what they mean stay in the chapters. A program that includes this ignores
 * SIGPIPE, so that a write to a peer that has gone fails with EPIPE.
 * MSG_NOSIGNAL would do that for send(2) alone, and standard output can be a
 * pipe that breaks as well.
 */
#ifndef NET_H
#define NET_H

#include <sys/types.h>
#include <netdb.h>
#include <stddef.h>

/*
 * Turn a name or a number, IPv4 or IPv6, into addresses; `port` is decimal.
 * The caller frees them with freeaddrinfo. Ends the program with status 2 if
 * the port is not valid, with 1 if the host has no address. getaddrinfo(3).
 */
struct addrinfo *addresses(const char *host, const char *port);

/*
 * Listen on the first address that this machine has, and say so on standard
 * output; port 0 asks the kernel for a free one. An address that is in use is
 * an error, also if there are others: clients would go on to whoever uses it.
 * The port of an earlier run may still be in TIME_WAIT. `host` and `port` are
 * for the messages. Ends the program with status 1 on errors. bind(2),
 * listen(2), SO_REUSEADDR in socket(7).
 */
int listen_on(const struct addrinfo *where, const char *host, const char *port);

/*
 * Take the next client. One that was lost before it was ours, to a reset or
 * to an error of its network, is passed over. The connection, or -1 and errno.
 * accept(2), ERRORS.
 */
int accept_client(int listener);

enum { CLIENT_NAME = 64 }; /* bytes: "fe80::1%4294967295 65535" and more fit */

/*
 * As accept_client, with the client's address and port in words: "127.0.0.1
 * 40312". After a reset it would be too late to ask for them.
 * getnameinfo(3).
 */
int accept_named(int listener, char name[CLIENT_NAME]);

/*
 * Have err(3) and its like name the client from here on, in all that this
 * process says of trouble: "server: 127.0.0.1 40312: read ...".
 */
void name_in_errors(const char name[CLIENT_NAME]);

/*
 * Have standard error write each line with one call, so that lines of several
 * processes never mix. setvbuf(3).
 */
void whole_lines(void);

/*
 * Connect to the first address that answers, after trying them in order, as
 * RFC 6724 sorts them. `host` and `port` are for the messages. Ends the
 * program with status 1 and the last address's error if none does. connect(2).
 */
int connect_to(const struct addrinfo *where, const char *host,
               const char *port);

/*
 * How a connect(2) ended that was interrupted or in progress: 0, or -1 and
 * errno, as connect would have returned. Ask once poll(2) says POLLOUT.
 */
int connect_result(int conn);

/* read(2), but no signal stops it: bytes, 0 at EOF, or -1 and errno. */
ssize_t read_some(int fd, void *bytes, size_t size);

/*
 * Read until EOF, but no more than `size` bytes. Bytes read, or -1 and errno;
 * `size` of them mean that EOF has not been seen. read(2).
 */
ssize_t read_to_eof(int fd, void *bytes, size_t size);

/*
 * Write it all, in as many pieces as it takes. Bytes written; if they are
 * fewer than `size`, errno says why the rest was not. It is EIO if write
 * returned 0: it took nothing, and reported no error. write(2).
 */
size_t write_all(int fd, const void *bytes, size_t size);

#endif
