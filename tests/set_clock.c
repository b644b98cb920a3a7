/* set_clock.c -- another time of day for a test and all it starts, preloaded (set_clock.py).
 *
 * It is ahead by SET_CLOCK_OFFSET seconds, or by those in the file SET_CLOCK_FILE: eight bytes, one
 * for all who map it, which see at once that it moves.  What measures durations is not touched, nor
 * are times of files.  libfaketime does more, under a lock around each look at a clock: suites of
 * many threads took twice the processor time by it. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t own;
static const volatile int64_t *ahead_s = &own;

/* Before anything else of the process asks for the time. */
__attribute__((constructor(101))) static void begin(void)
{
    const char *offset = getenv("SET_CLOCK_OFFSET"), *file = getenv("SET_CLOCK_FILE");
    int number = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped =
        number < 0 ? MAP_FAILED : mmap(NULL, sizeof own, PROT_READ, MAP_SHARED, number, 0);

    if (number >= 0)
        (void)close(number);
    if (file && mapped == MAP_FAILED)
        _exit(125); /* not by the clock that was asked for */
    if (file)
        ahead_s = mapped;
    else
        own = offset ? strtoll(offset, NULL, 10) : 0;
}

/* As POSIX has it: a function's address in an object's place. */
static void find_next(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    memcpy(function, &found, sizeof found);
}

static bool is_of_day(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    static __typeof__(&clock_gettime) next;
    int result;

    if (!next)
        find_next(&next, "clock_gettime");
    result = next(clock, out);
    if (!result && is_of_day(clock))
        out->tv_sec += *ahead_s;
    return result;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;

    (void)zone; /* obsolete, and never filled */
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

int timespec_get(struct timespec *out, int base)
{
    return base == TIME_UTC && !clock_gettime(CLOCK_REALTIME, out) ? base : 0;
}

/* ---- waits until a moment, which the kernel knows by its own clock ---- */

/* A moment of the day, or one since the machine began, which is not so long ago. */
static struct timespec by_kernel(const struct timespec *moment)
{
    struct timespec found = *moment;

    if (found.tv_sec > 1000000000)
        found.tv_sec -= *ahead_s;
    return found;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until)
{
    static __typeof__(&pthread_cond_timedwait) next;
    struct timespec moment = by_kernel(until);

    if (!next)
        find_next(&next, "pthread_cond_timedwait");
    return next(condition, mutex, &moment);
}

int pthread_cond_clockwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           clockid_t clock, const struct timespec *restrict until)
{
    static __typeof__(&pthread_cond_clockwait) next;
    struct timespec moment = is_of_day(clock) ? by_kernel(until) : *until;

    if (!next)
        find_next(&next, "pthread_cond_clockwait");
    return next(condition, mutex, clock, &moment);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict until)
{
    static __typeof__(&pthread_mutex_timedlock) next;
    struct timespec moment = by_kernel(until);

    if (!next)
        find_next(&next, "pthread_mutex_timedlock");
    return next(mutex, &moment);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until)
{
    static __typeof__(&sem_timedwait) next;
    struct timespec moment = by_kernel(until);

    if (!next)
        find_next(&next, "sem_timedwait");
    return next(semaphore, &moment);
}

int sem_clockwait(sem_t *restrict semaphore, clockid_t clock, const struct timespec *restrict until)
{
    static __typeof__(&sem_clockwait) next;
    struct timespec moment = is_of_day(clock) ? by_kernel(until) : *until;

    if (!next)
        find_next(&next, "sem_clockwait");
    return next(semaphore, clock, &moment);
}
