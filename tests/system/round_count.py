"""What the loop's thread allocates and frees in a round, between two waits: a library that counts it is loaded before all others.

ROUND_COUNT names the file that it writes: at the end of the process the most that a round had.  With ROUND_COUNT_RELOADS a line for each
reload instead, of the rounds from RELOADING=1 to READY=1.  The first round that has more than ROUND_COUNT_STOP is written, and followed
by a SIGTERM.  Not under the sanitizers, whose allocator is their own."""

import subprocess
from pathlib import Path

# loop_watch asks once a round how long the loop has waited.
COUNT = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static __thread int is_loop;
static long now, most, stop_at;
static int told = -1, by_reloads, reloading;
__attribute__((constructor)) static void begin(void)
{
    told = open(getenv("ROUND_COUNT"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    by_reloads = getenv("ROUND_COUNT_RELOADS") != NULL;
    stop_at = getenv("ROUND_COUNT_STOP") ? atol(getenv("ROUND_COUNT_STOP")) : 0;
}
__attribute__((destructor)) static void end(void)
{
    if (!by_reloads)
        dprintf(told, "%ld\n", most);
}
static void end_round(void)
{
    if (is_loop && stop_at && now > stop_at) {
        dprintf(told, "%ld\n", now);
        stop_at = 0;
        kill(getpid(), SIGTERM);
    }
    most = is_loop && now > most ? now : most;
    now = 0;
}
uint64_t uv_metrics_idle_time(void *loop)
{
    uint64_t (*later)(void *) = (uint64_t (*)(void *))dlsym(RTLD_NEXT, "uv_metrics_idle_time");
    end_round();
    is_loop = 1;
    return later(loop);
}
ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    ssize_t (*later)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
        (ssize_t (*)(int, const void *, size_t, int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "sendto");
    if (by_reloads && size > 9 && !memcmp(data, "RELOADING", 9)) {
        now = most = 0;
        reloading = 1;
    } else if (by_reloads && reloading && size >= 7 && !memcmp(data, "READY=1", 7)) {
        end_round();
        dprintf(told, "%ld\n", most);
        reloading = 0;
    }
    return later(fd, data, size, flags, to, length);
}
#define LATER(name) __typeof__(name) *later = (__typeof__(name) *)dlsym(RTLD_NEXT, #name); now += is_loop
void *__libc_malloc(size_t size) { LATER(malloc); return later(size); }
void *__libc_calloc(size_t n, size_t size) { LATER(calloc); return later(n, size); }
void free(void *old)
{
    static void (*later)(void *);
    later = later ? later : (void (*)(void *))dlsym(RTLD_NEXT, "free");
    now += is_loop;
    later(old);
}
"""


def library(folder: Path) -> Path:
    (folder / "count.c").write_text(COUNT)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "count.so", folder / "count.c", "-ldl"], check=True)
    return folder / "count.so"
