/* rate.h -- how many calls a second AWS takes of an operation, account and region: its published
 * limits, less while it throttles, and as many again after a while.
 *
 * Pure: time is an argument (monotonic milliseconds).  A bucket of tokens, since that is how AWS's
 * own limits work: what was saved up may go at once. */
#ifndef AWS_RATE_H
#define AWS_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate_rule {
    const char *service;
    const char *ops;          /* by blanks, each with a limit of its own; NULL: all others */
    bool together;            /* one limit for all of them */
    double per_second, burst; /* 0: none is known */
    const char *source;
};
/* The rule of an operation: of itself, else of its service, else one without a limit; never NULL.
 */
const struct rate_rule *rate_rule_find(const char *service, const char *op);
/* Of all rules: ends with service NULL; the last row is the one without a limit. */
extern const struct rate_rule rate_rules[];

struct rate {
    double most, most_burst;  /* as published; 0: nothing is */
    double per_second, burst; /* now; 0: as many as there are */
    double tokens;
    int64_t filled_ms;
    int64_t changed_ms;         /* when a throttle, or its end, last changed it; 0: never */
    int64_t second_ms;          /* begin of the second in which were */
    unsigned sent, sent_before; /* so many calls, and in the one before */
};

/* published: the rule's limit holds from the start, else one is learnt from throttles alone. */
void rate_begin(struct rate *rate, const struct rate_rule *rule, bool published, int64_t now_ms);
/* Milliseconds until one more may go; 0: now. */
int64_t rate_wait_ms(struct rate *rate, int64_t now_ms);
/* A call goes, whether it had to wait for that or not. */
void rate_note(struct rate *rate, int64_t now_ms);
/* AWS says that there were too many: half as many from now on, at first at least two a second,
 * and never less than one in two.  What it says within a second is one refusal. */
void rate_throttled(struct rate *rate, int64_t now_ms);
/* It is lower than it began with. */
bool rate_is_lowered(const struct rate *rate);

#endif
