/* identity.h -- credentials that are there when asked for: fetched, kept, refreshed early. */
#ifndef AWS_CREDENTIALS_IDENTITY_H
#define AWS_CREDENTIALS_IDENTITY_H

#include "aws/codec/message.h"
#include "aws/credentials/credentials.h"
#include "base/err.h"

#include <stdbool.h>
#include <uv.h>

struct aws_identity;

/* A call, and who signs it. */
struct identity_request {
    const char *region;
    struct aws_identity *identity;      /* NULL: keys sign */
    const struct aws_credentials *keys; /* borrowed until the reply; NULL: it is not signed */
    const char *service, *op;           /* of an embedded model */
    const json_t *params;               /* borrowed; NULL is {} */
};
/* Sends it; done is called once, never from inside, unless the sender is gone by then. */
typedef void identity_send_fn(void *sender, const struct identity_request *request,
                              aws_done_fn *done, void *arg);

/* What is asked of services that are no AWS API: those of containers and instances.  Lies in the
 * asking one's memory, and its texts too, until done is called. */
struct identity_http_reply {
    bool answered;       /* with a whole reply, whatever its status */
    bool connected;      /* somebody took the connection */
    const char *problem; /* of what was not answered, for people */
    int status;
    const char *body; /* NUL-ended */
    size_t length;
};
struct identity_http {
    const char *method, *url;
    struct aws_header headers[2];
    size_t header_count;
    long connect_ms, total_ms;
    void (*done)(struct identity_http *request, const struct identity_http_reply *reply);
    void *arg;
};
/* Sends it, never through a proxy; done is called once, never from inside, unless the sender is
 * gone by then. */
typedef void identity_http_fn(void *sender, struct identity_http *request);

/* The identities of one client, and what they need from above.  Fill in all above first. */
struct identity_set {
    uv_loop_t *loop;
    identity_send_fn *send;
    identity_http_fn *http;
    void *sender;
    double (*chance)(void); /* from 0 to 1: spreads the refreshes of many clients */
    struct aws_identity *first;
    json_t *sso_tokens; /* by file: tokens that were renewed here */
};

/* One who waits for credentials.  Lies in the waiting one's memory; fill in wake and arg. */
struct identity_waiter {
    void (*wake)(void *arg); /* there is news: ask again, but not from in here */
    void *arg;
    struct identity_waiter *next;
};

enum identity_answer { IDENTITY_READY, IDENTITY_WAIT, IDENTITY_FAILED };

/* Finds or makes; role_arn NULL: the ambient one. */
struct aws_identity *identity_of(struct identity_set *set, const char *role_arn,
                                 const char *external_id);
/* READY: *credentials (borrowed until the loop goes on) and their generation.  WAIT: waiter is
 * woken later.  FAILED: *e.  region: where STS is asked if need be. */
enum identity_answer identity_ask(struct aws_identity *identity, const char *region,
                                  struct identity_waiter *waiter,
                                  const struct aws_credentials **credentials, struct err *e);
unsigned identity_generation(const struct aws_identity *identity);
/* AWS said that the credentials of that generation have expired. */
void identity_expire(struct aws_identity *identity, unsigned generation);
/* It does not wait any more. */
void identity_forget(struct aws_identity *identity, struct identity_waiter *waiter);
/* The account that the latest GetCallerIdentity told, borrowed; NULL before the first, and for
 * NULL. identity_learn takes it from a valid reply of that operation; other replies tell nothing.
 */
const char *identity_account(const struct aws_identity *identity);
void identity_learn(struct aws_identity *identity, const char *op, const json_t *result);
/* How the keys in use came about, for people, without a secret: {"source", "setting",
 * "passed_over":
 * [{"source", "why"}], "roles": [ARN], "access_key_id", "expires" (ISO 8601)}; what is not known is
 * left out.  After a fetch that failed, without keys before it: what is known of that one.  New
 * reference; NULL before the first. */
json_t *identity_tell(const struct aws_identity *identity);
/* All identities fetch anew at their next use, and those who ask wait for it. */
void identity_refresh_all(struct identity_set *set);
/* Of all identities of a set together. */
struct identity_state {
    bool fetched;      /* one has keys */
    bool failed;       /* the last fetch of one failed */
    int64_t expires_s; /* the first end of keys that there are, seconds since 1970; 0: none ends */
};
void identity_state_of(const struct identity_set *set, struct identity_state *state);
void identity_free_all(struct identity_set *set);

#endif
