/* background.h -- work that may wait for a disk, done off the loop in libuv's thread pool. */
#ifndef AWS_LOCAL_BACKGROUND_H
#define AWS_LOCAL_BACKGROUND_H

#include <uv.h>

struct background;

/* What is to be done.  job is the work's alone until done is called; release frees it. */
struct background_work {
    void (*work)(void *job);            /* in another thread: no loop, no environment, no log */
    void (*done)(void *arg, void *job); /* on the loop; job is freed when it returns; or NULL */
    void (*release)(void *job);         /* or NULL */
    void *job, *arg;
};
struct background *background_start(uv_loop_t *loop, const struct background_work *work);
/* done is not called any more; the loop still waits for the work.  NULL is harmless. */
void background_cancel(struct background *background);
/* Gives up what may be large: release(job), in another thread. */
void background_free(uv_loop_t *loop, void (*release)(void *job), void *job);

#endif
