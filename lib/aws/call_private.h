/* call_private.h -- the inside of a call, shared by call.c (its life), call_encode.c (a large
 * body), call_attempt.c (an attempt) and call_decode.c (what came back). */
#ifndef AWS_CALL_PRIVATE_H
#define AWS_CALL_PRIVATE_H

#include "aws/call.h"
#include "aws/client_private.h"
#include "aws/codec/codec.h"
#include "aws/endpoint.h"

enum call_state {
    CALL_STARTING, /* its timer fires in the loop's next turn */
    CALL_WAITING,  /* for credentials */
    CALL_ENCODING, /* on another thread */
    CALL_SENDING,
    CALL_DECODING,
    CALL_PAUSING, /* before another attempt */
    CALL_PACED,   /* for the budget of calls, or AWS's limits: call_pace.c, call_rate.c */
    CALL_DONE,
};

struct aws_call {
    struct aws_client *client;
    struct aws_identity *identity;       /* NULL: uses fixed */
    const struct aws_credentials *fixed; /* borrowed */
    struct identity_waiter waiter;
    char *region;
    const struct aws_fence *fence; /* borrowed; NULL: none */
    struct aws_operation operation;
    json_t *params;
    bool pages; /* who asks looks for more of them */
    aws_done_fn *done;
    void *arg;
    enum call_state state;
    uv_timer_t timer;                /* the pause's end, else the deadline */
    int64_t started_ms, deadline_ms; /* monotonic */

    struct aws_message message; /* encoded once: its tokens stay the same in all attempts */
    bool encoded;
    char *payload_hash;         /* of a large body; NULL: not known */
    struct call_encode *encode; /* on another thread; it frees itself */
    struct aws_message attempt; /* a signed copy; borrows the body */
    struct aws_endpoint endpoint;
    char *url;
    char invocation_id[37];
    struct http_transfer *transfer;
    struct call_decode *decode; /* on another thread; it frees itself */
    int64_t sent_ms, signed_ms;
    unsigned generation;                   /* of the credentials used */
    bool refreshed, redirected, corrected; /* each happens once */
    struct retry retry;

    struct aws_reply reply;
    LIST_ENTRY(aws_call) next; /* of the client's */

    bool unpaced, in_pace; /* never waits for the budget of calls; is in its queue */
    int64_t paced_ms;      /* since when */
    int64_t waited_ms;     /* there, before the attempt under way */
    uv_timer_cb wake;      /* what its timer calls where that wait ends */
    TAILQ_ENTRY(aws_call) pace_next;

    struct call_rate *rate; /* the client's; NULL: it never went yet */
    bool in_rate;           /* is in its queue */
    int64_t rated_ms;       /* since when */
    TAILQ_ENTRY(aws_call) rate_next;
};

/* ---- call_attempt.c ---- */

enum call_attempt_verdict {
    CALL_ATTEMPT_SENT,    /* the reply follows */
    CALL_ATTEMPT_WAITING, /* for credentials: the waiter is woken */
    CALL_ATTEMPT_PACED,   /* for the budget of calls: call_pace_wait, then begin again */
    CALL_ATTEMPT_RATED,   /* for what AWS takes a second: call_rate_wait, then begin again */
    CALL_ATTEMPT_LARGE,   /* call_encode first, then begin again */
    CALL_ATTEMPT_FAILED,  /* before anything was sent, and for good: reply tells why */
};

/* on_reply is called with the call, never from in here. */
enum call_attempt_verdict call_attempt_begin(struct aws_call *call, http_done_fn *on_reply);
/* True when AWS's refusal told a region, a time or the end of the credentials that we did not know:
 * begin again at once.  Each happens once in a call. */
bool call_attempt_learn(struct aws_call *call, const struct aws_raw_reply *raw);
/* Puts an error of ours into the reply. */
void call_attempt_error(struct aws_call *call, const char *code, const char *message);
/* Frees the copy that was signed and its URL. */
void call_attempt_forget(struct aws_call *call);

/* ---- call_pace.c ---- */

/* Whether it never waits, for the budget or AWS's limits. */
bool call_pace_is_free(const struct aws_call *call);
/* Whether an attempt may go out now; then it is counted. */
bool call_pace_admits(struct aws_call *call);
/* Puts the call, if it is not there, at the end of the queue; its timer fires when it may go. */
void call_pace_wait(struct aws_call *call);
/* Takes it out of the queue, if it is there. */
void call_pace_leave(struct aws_call *call);
/* Another budget. */
void call_pace_set(struct aws_client *client, size_t per_minute);

/* A wait has ended that began then: the deadline begins anew, and the fence is looked at. */
void call_pace_waited(struct aws_call *call, int64_t since_ms);

/* ---- call_rate.c ---- */

/* Whether AWS would take an attempt now, whose endpoint is resolved; it is counted only by
 * call_rate_note. */
bool call_rate_admits(struct aws_call *call);
void call_rate_note(struct aws_call *call);
/* AWS refused the attempt, since there were too many. */
void call_rate_throttled(struct aws_call *call);
/* As call_pace_wait and call_pace_leave. */
void call_rate_wait(struct aws_call *call);
void call_rate_leave(struct aws_call *call);

/* ---- call_encode.c ---- */

/* The call has its message and payload_hash, or e (borrowed) tells what is wrong with it. */
typedef void call_encoded_fn(struct aws_call *call, const struct err *e);
/* Whether its body is too large for the loop. */
bool call_encode_is_large(const struct aws_call *call);
/* Calls done later, unless the call forgets it. */
void call_encode(struct aws_call *call, call_encoded_fn *done);
/* What is under way comes to nothing. */
void call_encode_forget(struct aws_call *call);

/* ---- call_decode.c ---- */

/* The call's reply has the result, or what is wrong with it; raw is gone afterwards. */
typedef void call_decoded_fn(struct aws_call *call, const struct aws_raw_reply *raw, bool valid);
/* Decodes and judges what came back, and calls done: from in here or, of a large reply, later,
 * unless the call forgets it. */
void call_decode(struct aws_call *call, const struct http_reply *http, call_decoded_fn *done);
/* What is under way comes to nothing. */
void call_decode_forget(struct aws_call *call);

#endif
