/* data_flow_private.h -- the inside of a look at the data flow.
 *
 * data_flow.c         what to look at, by the pass; the end
 * data_flow_objects.c lists of objects in the bucket
 * data_flow_log.c     the stream's error log
 * data_flow_prefix.c  Firehose's prefixes */
#ifndef DAEMON_DATA_FLOW_DATA_FLOW_PRIVATE_H
#define DAEMON_DATA_FLOW_DATA_FLOW_PRIVATE_H

#include "daemon/data_flow/data_flow.h"

/* One thing that is looked at by one call after the other. */
struct probe {
    struct data_flow *flow;
    struct aws_call *call;
    const char *member; /* of the stream's object, where result goes */
    json_t *target;     /* the stream's object */
    json_t *result;     /* being filled */
    json_t *params;
    aws_done_fn *on_reply; /* with the probe as argument */
    const char *service, *op;
    unsigned pages;
    /* newest object */
    char *template;
    char *descend;  /* the greatest prefix below the listed one */
    int day, depth; /* days back from now; levels below the day's prefix */
};

struct data_flow {
    struct aws_client *client;
    struct aws_session *session;
    const char *account; /* borrowed from the pass */
    json_t *flows;
    struct probe **probes;
    size_t count, left;
    data_flow_fn *done;
    void *arg;
    uv_timer_t *timer;
};

/* data_flow.c */
/* A probe that puts its result into target's member; owned by flow. */
struct probe *probe_new(struct data_flow *flow, json_t *target, const char *member, json_t *result);
/* Sends probe->params. */
void probe_send(struct probe *probe);
/* The reply's result; NULL after the probe was ended with the error. */
const json_t *probe_result(struct probe *probe, const struct aws_reply *reply);
/* The look is over; result as it is. */
void probe_end(struct probe *probe);

/* data_flow_objects.c */
void probe_newest_object(struct data_flow *flow, json_t *target, const char *bucket,
                         const char *prefix);
void probe_undelivered(struct data_flow *flow, json_t *target, const char *bucket,
                       const char *prefix);
/* data_flow_log.c */
void probe_error_log(struct data_flow *flow, json_t *target, const char *log_group);

#endif
