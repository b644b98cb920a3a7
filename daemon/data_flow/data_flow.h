/* data_flow.h -- whether usage really arrives: what `billingd status` looks at beside the
 * resources.
 *
 * For each delivery stream of a pipeline: its state, the filters that feed it, the newest object it
 * delivered, objects under its error prefix (usage that was not delivered and so is not billed),
 * and the last minutes of its error log.  Reads only, and a bounded number of them. */
#ifndef DAEMON_DATA_FLOW_DATA_FLOW_H
#define DAEMON_DATA_FLOW_DATA_FLOW_H

#include "aws/flow.h"
#include "reconcile/engine.h"

enum {
    DATA_FLOW_DAYS = 7,        /* how far back the newest object is looked for */
    DATA_FLOW_LIST_PAGES = 20, /* of 1000 objects */
    DATA_FLOW_LOG_PAGES = 20,  /* of 1000 events */
    DATA_FLOW_LOG_MINUTES = 5,
    DATA_FLOW_LOG_SHOWN = 10,
};

/* Looks at a pipeline of a finished pass.  One object per stream; new reference:
 *   {"resource", "stream", "state", "filters": [{"resource", "log_group", "name", "attached",
 *    "destination", "destination_right"}], "newest_object", "undelivered", "error_log"}
 * state is null when it could not be read, "absent" when there is no stream.  The last three are
 * null where there is nothing to look at; "error" and "denied" are in them where the look failed:
 *   newest_object {"bucket", "prefix", "days", "key", "size", "modified"}, key null: none
 *   undelivered {"bucket", "prefix", "count", "more", "key", "size", "modified"}: count at least,
 *     when more; then key is the newest of those seen
 *   error_log {"log_group", "minutes", "count", "more", "last": [{"time", "message"}]}
 * modified and time are seconds since 1970, size is bytes. */
json_t *data_flow_look(struct flow *flow, const struct pass *pass, size_t pipeline);

#endif
