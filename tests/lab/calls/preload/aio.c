/*
 * aio(7). What it moves is shown when the program asks how much that was; no
 * signal or short count can meet it.
 */
#define _GNU_SOURCE

#include <aio.h>
#include <stdbool.h>

#include "descriptor.h"
#include "faults.h"
#include "log.h"
#include "wrap.h"

int
aio_read(struct aiocb *cb)
{
    cb->aio_lio_opcode = LIO_READ;
    return REAL(aio_read)(cb);
}

int
aio_write(struct aiocb *cb)
{
    cb->aio_lio_opcode = LIO_WRITE;
    return REAL(aio_write)(cb);
}

ssize_t
aio_return(struct aiocb *cb)
{
    bool reads = cb->aio_lio_opcode == LIO_READ;
    ssize_t result = REAL(aio_return)(cb);

    spare(reads ? "read" : "write", cb->aio_fildes);
    after(reads ? "aio_read" : "aio_write", cb->aio_fildes,
          (long)cb->aio_nbytes, result, sort_of(cb->aio_fildes) == SOCKET);
    return result;
}

ALSO("aio_read64", aio_read);
ALSO("aio_write64", aio_write);
ALSO("aio_return64", aio_return);
