/* requests.h -- the calls that a bill counts, one by one: found in the log events by the rules of
 * the bill itself (specs/sql/parts/calls.sql), and given to the customers that its price book says.
 */
#ifndef BILLING_REQUESTS_REQUESTS_H
#define BILLING_REQUESTS_REQUESTS_H

#include "aws/flow.h"
#include "billing/bill/usage.h"

/* A call; texts are borrowed, and NULL where the log does not say. */
struct request {
    const char *customer; /* NULL: nobody's */
    const char *sub;
    const char *id;
    const char *route, *status;
    const char *object; /* "s3://bucket/key": where its line lies */
    struct day day;     /* the billing day */
    int64_t time_s;     /* UTC */
    int64_t bytes;
    int64_t times; /* equal ones: more than one of lines without an id alone */
};

enum requests_order {
    REQUESTS_ANY_ORDER, /* the cheapest: Athena sorts on one machine */
    REQUESTS_BY_TIME,
    REQUESTS_BY_SUB, /* sub, billing day, id, and the rest; nobody's last */
};

struct requests_question {
    struct day_span days;
    const char *customer; /* only whose; NULL: everybody's, and nobody's */
    bool nobodys;         /* only nobody's; customer is NULL then */
    enum requests_order order;
};

struct requests_taker {
    /* What was given is void: requests begin (anew, in the same order if one was asked for). */
    void (*begin)(void *arg);
    /* Off the loop, or a thousand at a time; -1 and *e ends the reading. */
    int (*request)(void *arg, const struct request *request, struct err *e);
    void *arg;
    json_t **sources; /* gets {"source", "query_hash", "scanned_bytes", "engine_ms", "query_ids"}, a
                         new reference; may be NULL */
};

/* Request after request by one query (requests), which reads the objects of the days' window and no
 * others; memory for a piece of the answer.  0, or -1 and *e. */
int requests_each(struct flow *flow, const struct billing *billing,
                  const struct requests_question *question, const struct requests_taker *taker,
                  struct err *e);
/* What would be asked, without asking; new text, or NULL and *e. */
char *requests_text(const struct billing *billing, const struct requests_question *question,
                    struct err *e);

#endif
