/*
 * What chapter 13 taught about connecting without waiting for it.
 */
#ifndef DIAL_H
#define DIAL_H

#include <netdb.h>

/*
 * Begin to connect to the first address of `*next` to which that can be begun,
 * and leave in `*next` those after it. The socket, which is non-blocking: poll
 * says POLLOUT once it is connected or has failed, and connect_result in net.h
 * which of the two. Or -1 and errno if no address is left; where none was even
 * before, errno stays as it is: why the one before failed. connect(2).
 */
int dial(const struct addrinfo **next);

#endif
