/* data_flow.h -- whether usage really arrives: what `billingd status` looks at beside the
 * resources.
 *
 * For each delivery stream of a pipeline: its state, the filters that feed it, the newest object it
 * delivered, objects under its error prefix (usage that was not delivered and so is not billed),
 * and the last minutes of its error log.  Reads only, and a bounded number of them. */
#ifndef DAEMON_DATA_FLOW_DATA_FLOW_H
#define DAEMON_DATA_FLOW_DATA_FLOW_H

#include "reconcile/engine.h"

enum {
    DATA_FLOW_DAYS = 7,        /* how far back the newest object is looked for */
    DATA_FLOW_LIST_PAGES = 20, /* of 1000 objects */
    DATA_FLOW_LOG_PAGES = 20,  /* of 1000 events */
    DATA_FLOW_LOG_MINUTES = 5,
    DATA_FLOW_LOG_SHOWN = 10,
};

struct data_flow;

/* flows: one object per stream, borrowed:
 *   {"resource", "stream", "state", "filters": [{"resource", "log_group", "name", "attached",
 *    "destination", "destination_right"}], "newest_object", "undelivered", "error_log"}
 * state is null when it could not be read, "absent" when there is no stream.  The last three are
 * null where there is nothing to look at, {"error", "denied"} where the look failed, else
 *   newest_object {"bucket", "prefix", "days", "key", "size", "modified"}, key null: none
 *   undelivered {"bucket", "prefix", "count", "more", "key", "size", "modified"}: count at least,
 * when more; then key is the newest of those seen error_log {"log_group", "minutes", "count",
 * "more", "last": [{"time", "message"}]} modified and time are seconds since 1970, size is bytes.
 */
typedef void data_flow_fn(void *arg, const json_t *flows);

/* Looks at a pipeline of a finished pass; done is called once, later, on the loop. */
struct data_flow *data_flow_start(uv_loop_t *loop, struct aws_client *client,
                                  const struct pass *pass, size_t pipeline, data_flow_fn *done,
                                  void *arg);
/* Cancels what is under way. NULL is harmless. */
void data_flow_free(struct data_flow *flow);

/* The part of a Firehose prefix that is the same for all objects of the UTC day of time_s: up to
 * the first thing that changes within a day or that only Firehose knows.  A prefix without
 * expressions is followed by yyyy/MM/dd/HH/.  New text. Source: Amazon Data Firehose, "Custom
 * prefixes for Amazon S3 objects"; Java DateTimeFormatter. */
char *data_flow_day_prefix(const char *prefix, int64_t time_s);

#endif
