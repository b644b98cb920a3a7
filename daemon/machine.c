#include "daemon/machine.h"

#include "base/mem.h"
#include "daemon/views/exit_code.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

_Static_assert((int)MEM_EXIT == (int)EXIT_FAILED, "docs/cli.md has what it ends with");

/* ---- memory ---- */

/* The C library's own, by the names that stay when malloc is somebody else's. */
void *libc_malloc(size_t size) __asm__("__libc_malloc");
void *libc_calloc(size_t count, size_t size) __asm__("__libc_calloc");
void *libc_realloc(void *old, size_t size) __asm__("__libc_realloc");

void *machine_malloc(size_t size)
{
    return mem_checked(libc_malloc(size));
}

void *machine_calloc(size_t count, size_t size)
{
    return mem_checked(libc_calloc(count, size));
}

void *machine_realloc(void *old, size_t size)
{
    void *made = libc_realloc(old, size);

    return old && !size ? made : mem_checked(made); /* nothing is what is left of it */
}

/* ---- signals ---- */

/* Of our own checks, of libraries', and of systemd's watchdog. */
static void on_abort(int number)
{
    static const char said[] = "billingd: aborted: by a check of its own, or by the watchdog; "
                               "report it\n";

    (void)!write(STDERR_FILENO, said, sizeof said - 1);
    (void)raise(number); /* it is the default's by now */
}

/* Secrets are in memory. */
void machine_protect(void)
{
    const struct rlimit none = {0, 0};
    const struct sigaction told = {.sa_handler = on_abort, .sa_flags = SA_RESETHAND | SA_NODEFER};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* the write tells it */
    (void)sigaction(SIGABRT, &told, NULL);
}

/* ---- limits ---- */

/* Raises it to enough where that is allowed; what it is then. */
static rlim_t raised(int which, rlim_t enough)
{
    struct rlimit limit;

    if (getrlimit(which, &limit))
        return RLIM_INFINITY;
    if (limit.rlim_cur < enough && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max < enough ? limit.rlim_max : enough;
        (void)setrlimit(which, &limit);
    }
    return limit.rlim_cur;
}

/* libuv ends the process, saying nothing, where it finds no descriptors for its loop.  Shells give
 * few of those that the system would. */
static bool has_descriptors(void)
{
    enum { LEAST = 24, ENOUGH = 1024 };
    rlim_t most = raised(RLIMIT_NOFILE, ENOUGH);

    if (most >= LEAST)
        return true;
    (void)fprintf(stderr,
                  "billingd: no more than %llu files may be open at once: allow %d at least, "
                  "better %d (ulimit -n, LimitNOFILE=)\n",
                  (unsigned long long)most, LEAST, ENOUGH);
    return false;
}

/* Of each thread: an overflow is a crash that nobody can tell. */
static bool has_stack(void)
{
    enum { LEAST = 1 << 20, KIB = 1024 };
    rlim_t most = raised(RLIMIT_STACK, LEAST);

    if (most >= LEAST)
        return true;
    (void)fprintf(stderr,
                  "billingd: a stack may have no more than %llu KiB: allow %d at least "
                  "(ulimit -s, LimitSTACK=)\n",
                  (unsigned long long)most / KIB, LEAST / KIB);
    return false;
}

bool machine_suffices(void)
{
    return has_descriptors() && has_stack();
}
