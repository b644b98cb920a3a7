"""Work that a flow has on another thread waits as long as a test wants: a library that is loaded before all others.

HELD_WORK names a folder.  Each such work counts up in its file "begun"; while there is a file "hold", the work whose number stands in
it waits, and makes a file "held".  Not under the sanitizers, whose heap lies elsewhere."""

import subprocess
from pathlib import Path

# Of all that is queued only a flow's lies within what its data points to, on the heap.
HOLD = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>
static struct held { uv_work_t *work; uv_work_cb fn; } all[64];
static char folder[4000];
static int begun; /* the loop's */
static struct held *find(uv_work_t *work)
{
    for (int i = 0; i < 64; i++)
        if (all[i].work == work)
            return &all[i];
    abort();
}
static void later(uv_work_t *work)
{
    struct held *one = find(work);
    uv_work_cb fn = one->fn;
    char name[4100];
    snprintf(name, sizeof name, "%s/held", folder);
    fclose(fopen(name, "w"));
    snprintf(name, sizeof name, "%s/hold", folder);
    while (!access(name, F_OK))
        usleep(1000);
    one->work = NULL;
    fn(work);
}
static int is_due(void)
{
    char name[4100];
    int number = -1;
    FILE *file;
    snprintf(name, sizeof name, "%s/begun", folder);
    file = fopen(name, "w");
    fprintf(file, "%d", ++begun);
    fclose(file);
    snprintf(name, sizeof name, "%s/hold", folder);
    file = fopen(name, "r");
    if (file) {
        if (fscanf(file, "%d", &number) != 1)
            number = -1;
        fclose(file);
    }
    return number == begun;
}
int uv_queue_work(uv_loop_t *loop, uv_work_t *work, uv_work_cb fn, uv_after_work_cb done)
{
    int (*queue)(uv_loop_t *, uv_work_t *, uv_work_cb, uv_after_work_cb) =
        (int (*)(uv_loop_t *, uv_work_t *, uv_work_cb, uv_after_work_cb))dlsym(RTLD_NEXT, "uv_queue_work");
    long within = (char *)work - (char *)work->data, from_stack = (char *)&within - (char *)work->data;
    snprintf(folder, sizeof folder, "%s", getenv("HELD_WORK"));
    if (within > 0 && within < 2048 && from_stack > (1L << 40) && is_due()) {
        struct held *one = find(NULL);
        one->fn = fn;
        one->work = work;
        fn = later;
    }
    return queue(loop, work, fn, done);
}
"""


def library(folder: Path) -> str:
    """Built below folder."""
    source, built = folder / "held_work.c", folder / "held_work.so"
    if not built.exists():
        source.write_text(HOLD)
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", built, source, "-ldl"], check=True)
    return str(built)
