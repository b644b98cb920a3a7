/* client.h -- one signed, retried, asynchronous AWS call at a time or many.
 *
 * aws_client_send: credentials, encode, sign, send, decode, retry -- the one place where each
 * happens. Everything runs on the uv loop given at the start; no threads of ours. */
#ifndef AWS_CLIENT_H
#define AWS_CLIENT_H

#include "aws/call.h"
#include "aws/codec/message.h"
#include "aws/fence.h"
#include "aws/session.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct aws_client;

/* Reads the AWS environment and shared files (profile, endpoints, CA bundle, retry settings).
 * NULL and *e (ERR_INVALID, naming file and line or variable) when they are wrong. */
struct aws_client *aws_client_new(uv_loop_t *loop, struct err *e);
/* Cancels all calls and closes all handles; the loop must run once more before uv_loop_close.
 * NULL is harmless. */
void aws_client_free(struct aws_client *client);
/* The default region of environment or profile, or NULL; borrowed. */
const char *aws_client_region(const struct aws_client *client);

/* What to ask for.  service and op name an embedded model's operation (unknown ones abort: our bug,
 * tests catch it). */
struct aws_request {
    struct aws_session *session;
    const char *service, *op;
    const json_t *params; /* a reference is taken; NULL is {} */
};
/* A bucket's other region, a wrong clock, expired credentials etc. are handled inside.  End it
 * early with aws_call_cancel. */
struct aws_call *aws_client_send(struct aws_client *client, const struct aws_request *request,
                                 aws_done_fn *done, void *arg);
/* A call that was just begun, of an operation, is sent only while the fence (borrowed, outlives it;
 * NULL: none) stands open. */
void aws_client_fence(struct aws_call *call, const char *op, const struct aws_fence *fence);

/* The same, for who looks whether the reply has more pages behind it: to aws_client_send a reply
 * that is not all is an error. */
struct aws_call *aws_client_send_page(struct aws_client *client, const struct aws_request *request,
                                      aws_done_fn *done, void *arg);

/* One HTTP attempt, well or not. */
struct aws_attempt {
    const char *service, *op;
    const char *code; /* AWS's, or "ok" */
    bool throttled;
    int64_t elapsed_ms;
    int64_t waited_ms; /* before it, for the budget of calls or AWS's limits */
};
/* Told of every attempt, for metrics and the summary of apply. */
typedef void aws_observer_fn(void *arg, const struct aws_attempt *attempt);
void aws_client_observe(struct aws_client *client, aws_observer_fn *observer, void *arg);

/* ---- a budget of calls ---- */

/* At most so many attempts in any minute, of all calls of the client; 0 (at the start): as many as
 * there are.  What is over it waits its turn, and no call fails of that.  Asking for credentials
 * and for who we are counts, but never waits. */
void aws_client_pace(struct aws_client *client, size_t per_minute);
/* A call that was just begun never waits for the budget or AWS's limits; it counts. */
void aws_client_unpaced(struct aws_call *call);
struct aws_pacing {
    size_t per_minute; /* 0: no limit */
    size_t waiting;    /* calls, for that */
    size_t rated;      /* calls that wait for what AWS takes a second of their operation; where the
                          least goes: */
    const char *service; /* NULL: none waits */
    double per_second;
    bool throttled; /* fewer than AWS publishes, since it refused some */
};
void aws_client_pacing(const struct aws_client *client, struct aws_pacing *pacing);

/* Whether a bucket is known to lie in another region than it was asked for in. */
bool aws_client_knows_region(const struct aws_client *client, const char *bucket);
/* Re-reads credentials from their source at the next call (SIGHUP, ExpiredToken). */
void aws_client_refresh(struct aws_client *client);
/* How it is with the keys it signs with. */
void aws_client_keys(const struct aws_client *client, struct identity_state *state);

#endif
