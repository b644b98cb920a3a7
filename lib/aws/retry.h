/* retry.h -- which failures are tried again, when, and what a failure means to the caller.
 *
 * The SDKs' standard mode with the numbers of its 2.1 revision (tests/vectors/retries).  Pure: time
 * and chance are arguments. */
#ifndef AWS_RETRY_H
#define AWS_RETRY_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
    unsigned max_attempts;
    int capacity;      /* tokens in a full bucket */
    int cost;          /* tokens per retry */
    int timeout_cost;  /* tokens per retry after a timeout */
    int throttle_cost; /* tokens per retry after throttling */
    int gain;          /* tokens given back by a success that needed no retry */
    double base_s;     /* first delay, seconds, before chance */
    double throttle_base_s;
    double max_s;
};

/* 2.1 numbers: 14 (throttling 5) tokens of 500, from 50 ms (throttling 1 s) to 20 s. */
extern const struct retry_policy retry_standard;

/* Shared by all calls of a client: when most calls fail, retries stop. */
struct retry_bucket {
    int tokens;
    int capacity;
};

enum retry_class {
    RETRY_NEVER,
    RETRY_TRANSIENT,
    RETRY_TIMEOUT, /* no reply in time */
    RETRY_THROTTLED,
};

/* One call. Zero it and set the pointers. */
struct retry {
    const struct retry_policy *policy;
    struct retry_bucket *bucket;
    unsigned attempts; /* finished so far */
    int taken;         /* tokens of the latest retry */
};

enum retry_verdict { RETRY_AGAIN, RETRY_NO_MORE, RETRY_NO_TOKENS, RETRY_FINAL };

/* What a reply is: status is the HTTP status (0: none came), code AWS's code or one of the client's
 * own ("Connection", "Timeout", "InvalidReply"). LimitExceededException is a quota, not throttling,
 * for firehose, logs and glue. */
enum retry_class retry_classify(const char *service, int status, const char *code);
/* After a failed attempt: whether to try again and after how many milliseconds.
 * retry_after: value of x-amz-retry-after (milliseconds), or NULL; it is kept between the delay
 * and the delay plus 5 s.  chance: from 0 to 1. */
enum retry_verdict retry_next(struct retry *retry, enum retry_class class, const char *retry_after,
                              double chance, int64_t *delay_ms);
/* After a successful attempt: gives tokens back. */
void retry_succeeded(struct retry *retry);

/* The key expired: get a new one and try once more. */
bool retry_is_expired(const char *code);
/* The request's time may be what is wrong. */
bool retry_is_skew(const char *code);
/* Two writers met, or a change is under way: the call is right as it stands, only later, and not
 * before what is there was read again. */
bool retry_is_conflict(const char *code);
/* AWS has no place for one more: a quota, which does not end by asking again. */
bool retry_is_quota(const char *service, int status, const char *code);
/* The caller is known, but not allowed to do this: a permission is missing, or denied. */
bool retry_is_unauthorized(int status, const char *code);
/* What the caller can do about a final error. */
enum err_kind retry_kind(const char *service, int status, const char *code);

/* Whether an operation changes anything, or costs as if it did (queries): by its name. */
bool retry_changes(const char *op);

#endif
