/* data_flow_private.h -- the single looks that a look at the data flow is made of.
 *
 * Each returns a new object as data_flow.h describes it, as far as it came, with *e when a call
 * failed. */
#ifndef DAEMON_DATA_FLOW_DATA_FLOW_PRIVATE_H
#define DAEMON_DATA_FLOW_DATA_FLOW_PRIVATE_H

#include "aws/flow.h"

struct data_flow_place {
    struct aws_session *session;
    const char *account; /* must own the bucket */
    char *name;          /* of a bucket or log group */
    char *prefix;        /* in the bucket, as Firehose has it */
};

/* The newest object that a stream with this prefix delivered within DATA_FLOW_DAYS. */
json_t *data_flow_objects_newest(struct flow *flow, const struct data_flow_place *place,
                                 struct err *e);
/* The objects below an error prefix. */
json_t *data_flow_objects_undelivered(struct flow *flow, const struct data_flow_place *place,
                                      struct err *e);
/* The last minutes of a log group. */
json_t *data_flow_log_last(struct flow *flow, const struct data_flow_place *place, struct err *e);

#endif
