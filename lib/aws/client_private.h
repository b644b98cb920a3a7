/* client_private.h -- the inside of a client, which its calls and sessions work on, and the
 * settings that tests turn.
 *
 * client.c   owns everything and is the public face
 * session.c  a region, and the identity to use there
 * call.c     one call: from parameters through attempts (call_attempt.c) to the reply */
#ifndef AWS_CLIENT_PRIVATE_H
#define AWS_CLIENT_PRIVATE_H

#include "aws/client.h"
#include "aws/credentials/config.h"
#include "aws/credentials/identity.h"
#include "aws/http.h"
#include "aws/pace.h"
#include "aws/rate.h"
#include "aws/retry.h"
#include "aws/skew.h"

#include <sys/queue.h>

LIST_HEAD(aws_calls, aws_call);
TAILQ_HEAD(call_decodes, call_decode);
TAILQ_HEAD(paced_calls, aws_call);

/* What AWS takes of an operation, or a service, of one account and region; and who waits for it. */
struct call_rate {
    char *key;
    struct rate rate;
    struct paced_calls waiting;
    size_t count;    /* of them */
    int64_t told_ms; /* monotonic; 0: never */
    SLIST_ENTRY(call_rate) next;
};

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
    struct identity_set identities;
    struct aws_calls calls;
    struct call_decodes decodes; /* large replies, oldest first */
    size_t decoding;             /* bytes of memory that those take which are being decoded */
    struct pace pace;
    struct paced_calls paced; /* they wait for it */
    size_t paced_count;
    int64_t paced_told_ms; /* monotonic; 0: never */
    SLIST_HEAD(, call_rate) rates;
    size_t rated_count; /* calls that wait for one of them */
    aws_observer_fn *observer;
    void *observer_arg;
};

/* ---- call_decode.c ---- */

/* After all calls were cancelled: what threads still have comes to nothing. */
void call_decode_forget_client(struct aws_client *client);

/* ---- call_rate.c ---- */

/* After all calls were cancelled. */
void call_rate_free_all(struct aws_client *client);

/* ---- session.c ---- */

struct aws_session {
    char *region;
    struct aws_identity *identity; /* the client's */
    struct aws_session *next;
};
void aws_session_free_all(struct aws_client *client);

#endif
