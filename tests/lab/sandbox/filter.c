#define _GNU_SOURCE

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "filter.h"
#include "message.h"

/* The kernel's own, from linux/audit.h, linux/filter.h and linux/seccomp.h,
   which a libc need not bring along. */
#if defined __x86_64__
#define NATIVE 0xc000003eU
#elif defined __aarch64__
#define NATIVE 0xc00000b7U
#else
#error "the filter knows x86-64 and arm64"
#endif
#define X32 0x40000000U /* where a second numbering begins on x86-64 */

#define MODE_FILTER 2

struct call {
    int32_t number;
    uint32_t architecture;
    uint64_t instruction;
    uint64_t arguments[6];
};

struct step {
    uint16_t code;
    uint8_t yes; /* how many steps to skip */
    uint8_t no;
    uint32_t value;
};

struct steps {
    uint16_t count;
    const struct step *first;
};

/* Since Linux 5.1 these have one number everywhere; libc may not know it. */
#define IO_URING_SETUP 425
#define IO_URING_ENTER 426
#define IO_URING_REGISTER 427
#define MEMFD_SECRET 447

#define NUMBER offsetof(struct call, number)
#define ARCHITECTURE offsetof(struct call, architecture)
#define ARGUMENT(n) offsetof(struct call, arguments[n])

#define STEP(code, yes, no, value)                                             \
    {                                                                          \
        code, yes, no, (uint32_t)(value)                                       \
    }
#define LOAD(what) STEP(0x20, 0, 0, what)
#define IF(value, skip) STEP(0x15, skip, 0, value)
#define UNLESS(value, skip) STEP(0x15, 0, skip, value)
#define BELOW(value, skip) STEP(0x35, 0, skip, value)
#define REFUSE STEP(0x06, 0, 0, 0x00050000U | EPERM)
#define ALLOW STEP(0x06, 0, 0, 0x7fff0000U)
#define NEVER(call) UNLESS(call, 1), REFUSE

/* These end with ALLOW: the number has been replaced by an argument. */
#define ONLY(call, n, value)                                                   \
    UNLESS(call, 4), LOAD(ARGUMENT(n)), UNLESS(value, 1), ALLOW, REFUSE
#define NOT(call, n, value)                                                    \
    UNLESS(call, 4), LOAD(ARGUMENT(n)), UNLESS(value, 1), REFUSE, ALLOW

int
filters_exist(void)
{
    if (prctl(PR_SET_SECCOMP, MODE_FILTER, NULL, 0, 0) == -1 && errno == EFAULT)
        return 0;
    return failed("seccomp");
}

int
filter_calls(void)
{
    static const struct step steps[] = {
        LOAD(ARCHITECTURE),
        IF(NATIVE, 1),
        REFUSE,
        LOAD(NUMBER),
        BELOW(X32, 1),
        REFUSE,
        NEVER(SYS_keyctl),
        NEVER(SYS_add_key),
        NEVER(SYS_request_key),
        NEVER(SYS_shmget),
        NEVER(SYS_shmat),
        NEVER(SYS_shmctl),
        NEVER(SYS_semget),
        NEVER(SYS_semop),
        NEVER(SYS_semtimedop),
        NEVER(SYS_semctl),
        NEVER(SYS_msgget),
        NEVER(SYS_msgsnd),
        NEVER(SYS_msgrcv),
        NEVER(SYS_msgctl),
        NEVER(SYS_userfaultfd),
        NEVER(IO_URING_SETUP),
        NEVER(IO_URING_ENTER),
        NEVER(IO_URING_REGISTER),
        NEVER(MEMFD_SECRET),
        ONLY(SYS_prlimit64, 0, 0), /* one's own limits */
        NOT(SYS_socket, 0, AF_VSOCK),
        ALLOW,
    };
    const struct steps all = {sizeof(steps) / sizeof(*steps), steps};

    if (prctl(PR_SET_SECCOMP, MODE_FILTER, &all, 0, 0) == -1)
        return failed("seccomp");
    return 0;
}
