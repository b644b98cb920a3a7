/* flow.h -- procedures of several dependent AWS calls, written as straight lines.
 *
 * A flow is a function on a stack of its own.  Where it waits (a reply, a pause) the event loop
 * goes on; where it is cancelled every wait fails with ERR_CANCELLED, so that it unwinds by itself.
 * All flows of a loop take turns on its one thread: nothing between two waits is interrupted, so
 * what takes long is handed to flow_work. */
#ifndef AWS_FLOW_H
#define AWS_FLOW_H

#include "aws/client.h"

struct flow;

typedef void flow_fn(struct flow *flow, void *arg);
/* The flow is over and freed. */
typedef void flow_end_fn(void *arg);

/* Runs fn from the loop, never before this returns, so that the flow can be cancelled until ended
 * (may be NULL) is called, and no longer.  ended is called once, when fn has returned. */
struct flow *flow_start(uv_loop_t *loop, struct aws_client *client, flow_fn *fn, flow_end_fn *ended,
                        void *arg);
/* Every wait of the flow and of those it waits for fails from now on.  It is not over yet when this
 * returns. */
void flow_cancel(struct flow *flow);
bool flow_is_cancelled(const struct flow *flow);

/* ---- Inside a flow ---- */

/* Sends a call and waits.  Returns the result (new reference), or NULL with *e told by
 * aws_error_text; flow_error then has the parts. */
json_t *flow_call(struct flow *flow, const struct aws_request *request, struct err *e);
/* The same, for who looks for more pages itself (aws_client_send_page). */
json_t *flow_call_page(struct flow *flow, const struct aws_request *request, struct err *e);
/* The same as flow_call in a flow that may have been cancelled, for what must be tidied up before
 * it ends (stop what was started).  Only another flow_cancel ends this wait. */
json_t *flow_call_at_end(struct flow *flow, const struct aws_request *request, struct err *e);
/* The calls of the flow, and of those it starts from now on, are sent only while the fence stands
 * open (aws_client_fence); NULL: at any time.  Those of flow_call_at_end tidy up, and are not
 * held up. */
void flow_fence(struct flow *flow, const struct aws_fence *fence);
/* The calls of the flow never wait for the budget of calls (aws_client_unpaced); those of
 * flow_call_at_end never do. */
void flow_unpaced(struct flow *flow);
/* What AWS said to the last flow_call that failed. */
const struct aws_error *flow_error(const struct flow *flow);
/* Whether it failed because AWS wants fewer calls. */
bool flow_throttled(const struct flow *flow);
/* A list that comes in pages. */
struct flow_listing {
    struct aws_request request;
    const char *token, *next_token; /* a member of the request, and where it is in the reply
                                       (json_at) */
    /* Given page after page (borrowed): 1 for more of them, 0 when that was enough, -1 and *e. */
    int (*take)(void *arg, const json_t *page, struct err *e);
    void *arg;
};
/* 0, or -1 and *e when a page or take failed, or when the list goes in circles or never ends
 * (page_tokens.h): it is never cut short. */
int flow_pages(struct flow *flow, const struct flow_listing *listing, struct err *e);
/* Waits; 0, or -1 when cancelled. */
int flow_sleep(struct flow *flow, int64_t milliseconds, struct err *e);

/* Runs fn(arg) on a thread of libuv's pool and waits for its end, also in a flow that is cancelled.
 * For all that grows with traffic, customers or objects (unpacking, parsing, sorting, hashing,
 * freeing), since the loop has 50 ms.  What fn touches nobody else may change meanwhile, and it
 * keeps to a second or so, since nothing ends it early.  It may make errors; it must not log, wait,
 * or touch what other flows share. */
typedef void flow_work_fn(void *arg);
void flow_work(struct flow *flow, flow_work_fn *fn, void *arg);
/* Gives up a reference of what may be a large document; NULL is harmless. */
void flow_drop(struct flow *flow, json_t *document);

/* Calls each(child, arg, i) for every i below count in flows of their own, at most parallel at a
 * time (0: one), and waits for all, also in a flow that is cancelled.  They share the time of a round
 * of the loop (loop_watch.h): the next begins when there is some.  Items keep their own errors. */
typedef void flow_item_fn(struct flow *flow, void *arg, size_t index);
void flow_each(struct flow *flow, size_t count, size_t parallel, flow_item_fn *each, void *arg);
/* Runs unlike things side by side, each in a flow of its own, and waits for all. */
struct flow_part {
    flow_fn *fn;
    void *arg;
};
void flow_all(struct flow *flow, const struct flow_part *parts, size_t count);

#endif
