/* operation.h -- an AWS operation that billing asks for, and what IAM must allow for it.
 *
 * Each room that talks to AWS declares its operations in a table (ROOM_operations.h) beside the
 * procedures that call them; nothing else in lib/billing names an operation.  The policy that
 * `billingd iam-policy` prints is made from these tables, as it is from those of the kinds. */
#ifndef BILLING_STORE_OPERATION_H
#define BILLING_STORE_OPERATION_H

#include "aws/flow.h"
#include "billing/store/billing.h"

/* On what an action must be allowed: resources of the spec, by their ids. */
enum operation_place {
    OPERATION_NOWHERE, /* ends a list of grants */
    OPERATION_ON_WORKGROUP,
    OPERATION_ON_BUCKET,
    OPERATION_ON_OBJECTS, /* of the bucket */
    OPERATION_ON_LOG_GROUP,
    OPERATION_ON_STREAM,
    OPERATION_ON_APIS,
    OPERATION_ON_TABLES, /* of the database, itself and the catalog too */
    OPERATION_ON_BUILDS, /* objects below the rollup table's location */
    OPERATION_ANYWHERE,
    OPERATION_PLACES
};
struct operation_target {
    const char *id; /* of the resource in the spec; without it nothing is granted.  NULL: none */
    /* ARNs, separated by blanks, with {partition}, {region}, {account}, {arn} (the resource's),
     * {location} (its, without "s3://") and its fields to be filled in. */
    const char *arns;
};
/* By place. */
extern const struct operation_target operation_targets[OPERATION_PLACES];

/* Who asks: the daemon beside its passes; bill, whatif, rollup, audit and backfill by hand; close
 * and verify; status; cost.  (plan and apply call what the kinds declare.) */
enum operation_verbs {
    OPERATION_RUN = 1,
    OPERATION_BILL = 2,
    OPERATION_CLOSE = 4,
    OPERATION_STATUS = 8,
    OPERATION_COST = 16,
};

enum { OPERATION_GRANTS = 4 };

struct operation {
    const char *service, *name; /* of an embedded model */
    unsigned verbs;             /* enum operation_verbs, joined */
    struct {
        enum operation_place on;
        const char *actions; /* separated by blanks */
    } grants[OPERATION_GRANTS];
    /* Of a list: the members with the page token, in request and reply, and the items. */
    const char *token, *next_token, *items;
};

/* As flow_call; params: reference taken over (NULL: {}). */
json_t *operation_call(struct flow *flow, const struct billing *billing,
                       const struct operation *operation, json_t *params, struct err *e);
/* The same, of a list whose asker looks for the next page itself. */
json_t *operation_page(struct flow *flow, const struct billing *billing,
                       const struct operation *operation, json_t *params, struct err *e);
/* As flow_call_at_end. */
json_t *operation_call_at_end(struct flow *flow, const struct billing *billing,
                              const struct operation *operation, json_t *params, struct err *e);

struct operation_pages {
    const struct operation *operation;
    json_t *params;                                            /* reference taken over (NULL: {}) */
    int (*take)(void *arg, const json_t *page, struct err *e); /* as flow_listing's */
    void *arg;
};
/* As flow_pages. */
int operation_pages(struct flow *flow, const struct billing *billing,
                    const struct operation_pages *pages, struct err *e);
/* The items of all pages, joined; new reference, or NULL and *e. */
json_t *operation_list(struct flow *flow, const struct billing *billing,
                       const struct operation *operation, json_t *params, struct err *e);

#endif
