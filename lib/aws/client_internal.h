/* client_internal.h -- what client.c, call.c and identity.c share, and the settings that tests
 * turn.
 *
 * client.c   owns everything and is the public face
 * call.c     one call: from parameters through attempts (call_attempt.c) to the reply
 * identity.c one identity: cached credentials, refreshed early by one flight at a time */
#ifndef AWS_CLIENT_INTERNAL_H
#define AWS_CLIENT_INTERNAL_H

#include "aws/client.h"
#include "aws/credentials/config.h"
#include "aws/credentials/credentials.h"
#include "aws/endpoint.h"
#include "aws/http.h"
#include "aws/retry.h"
#include "aws/skew.h"

struct aws_client_options {
    struct http_options http;
    struct retry_policy retry;
    int64_t deadline_ms;    /* of a call, all attempts together */
    double (*chance)(void); /* from 0 to 1 */
};
/* The settings aws_client_new starts from, before it looks at the environment and the profile. */
void aws_client_defaults(struct aws_client_options *options);
struct aws_client *aws_client_new_with(uv_loop_t *loop, const struct aws_client_options *options,
                                       struct err *e);

struct aws_identity;

struct aws_session {
    char *region;
    struct aws_identity *identity;
    struct aws_session *next;
};

struct aws_client {
    uv_loop_t *loop;
    struct aws_client_options options;
    struct aws_config *config;
    char *region;
    char *ca_bundle;
    bool fips, dual_stack, path_style, virtual_host;
    struct http *http;
    struct retry_bucket bucket;
    struct skew skew;
    json_t *bucket_regions; /* bucket -> region, learnt from refusals */
    struct aws_session *sessions;
    struct aws_identity *identities;
    struct aws_call *calls;
    aws_observer_fn *observer;
    void *observer_arg;
};

/* ---- call.c ---- */

enum call_state {
    CALL_STARTING, /* its timer fires in the loop's next turn */
    CALL_WAITING,  /* for credentials */
    CALL_SENDING,
    CALL_PAUSING, /* before another attempt */
    CALL_DONE,
};

struct aws_call {
    struct aws_client *client;
    struct aws_identity *identity;       /* NULL: uses fixed */
    const struct aws_credentials *fixed; /* borrowed */
    char *region;
    struct aws_operation operation;
    json_t *params;
    aws_done_fn *done;
    void *arg;
    enum call_state state;
    uv_timer_t timer;                /* the pause's end, else the deadline */
    int64_t started_ms, deadline_ms; /* monotonic */

    struct aws_message message; /* encoded once: its tokens stay the same in all attempts */
    bool encoded;
    struct aws_message attempt; /* a signed copy; borrows the body */
    struct aws_endpoint endpoint;
    char *url;
    char invocation_id[37];
    struct http_transfer *transfer;
    int64_t sent_ms, signed_ms;
    unsigned generation;                   /* of the credentials used */
    bool refreshed, redirected, corrected; /* each happens once */
    struct retry retry;

    struct aws_reply reply;
    struct aws_call *next;         /* of the client's */
    struct aws_call *next_waiting; /* of the identity's */
};

/* As aws_send; identity NULL: signs with fixed, which must outlive the call. */
struct aws_call *call_start(struct aws_client *client, const char *region,
                            struct aws_identity *identity, const struct aws_credentials *fixed,
                            const char *service, const char *op, const json_t *params,
                            aws_done_fn *done, void *arg);
/* The identity has news: asks it again in the loop's next turn. */
void call_wake(struct aws_call *call);
void call_cancel(struct aws_call *call);

/* ---- identity.c ---- */

enum identity_answer { IDENTITY_READY, IDENTITY_WAIT, IDENTITY_FAILED };

/* Finds or makes; role_arn NULL: the ambient one. */
struct aws_identity *identity_of(struct aws_client *client, const char *role_arn,
                                 const char *external_id);
/* READY: *credentials (borrowed until the loop goes on) and their generation.  WAIT: call_wake
 * follows.  FAILED: *e. */
enum identity_answer identity_ask(struct aws_identity *identity, struct aws_call *call,
                                  const struct aws_credentials **credentials, struct err *e);
unsigned identity_generation(const struct aws_identity *identity);
/* AWS said that the credentials of that generation have expired. */
void identity_expire(struct aws_identity *identity, unsigned generation);
void identity_forget(struct aws_identity *identity, struct aws_call *call);
/* The account that the latest GetCallerIdentity told, borrowed; NULL before the first, and for NULL.
 * identity_learn takes it from a valid reply of that operation; others tell nothing. */
const char *identity_account(const struct aws_identity *identity);
void identity_learn(struct aws_identity *identity, const struct aws_operation *operation,
                    const json_t *result);
/* All identities fetch anew at their next use. */
void identity_refresh_all(struct aws_client *client);
void identity_free_all(struct aws_client *client);

#endif
