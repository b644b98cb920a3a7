/* fetch.h -- asking for keys where they are not at hand: the means that the providers share.
 *
 * A fetch is a chain of steps.  Each step uses one of the means below as its last deed and names
 * the step that follows; fetch_keys or fetch_fail is the end.  Nothing here blocks the loop. */
#ifndef AWS_CREDENTIALS_FETCH_H
#define AWS_CREDENTIALS_FETCH_H

#include "aws/credentials/chain.h"
#include "aws/credentials/identity.h"
#include "base/err.h"

struct fetch;
struct background;
struct program;
struct fetch_pause;

/* The end: keys are taken over by the called, and NULL when it failed with *e. */
typedef void fetch_done_fn(void *arg, struct aws_credentials *keys, const struct err *e);
typedef void fetch_text_fn(struct fetch *fetch, const char *text);
typedef void fetch_http_fn(struct fetch *fetch, const struct identity_http_reply *reply);
typedef void fetch_call_fn(struct fetch *fetch, const struct aws_reply *reply);

struct fetch {
    struct identity_set *set;
    const struct aws_origin *origin; /* borrowed, until the end */
    const char *region;              /* where STS is asked; borrowed likewise */
    fetch_done_fn *done;
    void *arg;

    struct background *reading;
    struct program *program;
    struct fetch_pause *pause;
    fetch_text_fn *take_text;
    fetch_http_fn *take_reply;
    fetch_call_fn *take_result;
    struct identity_http http; /* the request under way */
    int attempts, attempts_left;

    /* What a provider keeps from step to step. */
    char *token;    /* METADATA */
    bool renewed;   /* METADATA: the token was refused once */
    json_t *cached; /* SSO: the token's document */
};

/* Fill in done and arg. */
struct fetch *fetch_new(struct identity_set *set, const struct aws_origin *origin,
                        const char *region);
/* The first step, in the loop's next turn. */
void fetch_begin(struct fetch *fetch, void (*begin)(struct fetch *fetch));
/* done is not called any more.  NULL is harmless. */
void fetch_cancel(struct fetch *fetch);

/* ---- the means ---- */

/* Reads a small file; take gets NULL when there is none.  One that cannot be read fails the fetch.
 */
void fetch_read(struct fetch *fetch, const char *path, fetch_text_fn *take);
/* Sends a plain request, without a proxy.  What may pass (5xx, 429, no reply) is asked again, up to
 * fetch->attempts in all: take gets the last answer. */
void fetch_http(struct fetch *fetch, const struct identity_http *request, fetch_http_fn *take);
/* Sends an unsigned call to AWS. */
struct fetch_call {
    const char *region, *service, *op;
    const json_t *params; /* borrowed */
};
void fetch_call(struct fetch *fetch, const struct fetch_call *call, fetch_call_fn *take);

/* ---- the end ---- */

void fetch_fail(struct fetch *fetch, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void fetch_fail_with(struct fetch *fetch, const struct err *e);
/* "ACTION: code: message", with the request's id. */
void fetch_fail_reply(struct fetch *fetch, const char *action, const struct aws_reply *reply);
/* Takes the keys over. */
void fetch_keys(struct fetch *fetch, struct aws_credentials *keys);

#endif
