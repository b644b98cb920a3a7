/* pool.h -- the threads of libuv's pool, which are there or the process is not. */
#ifndef AWS_LOCAL_POOL_H
#define AWS_LOCAL_POOL_H

#include <uv.h>

/* Makes them, once for the process; loop is a new one, and left as it was.  Where the machine has
 * no room for so many the process says so, and ends (mem_give_up). */
void pool_begin(uv_loop_t *loop);

#endif
