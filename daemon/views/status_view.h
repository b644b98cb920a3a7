/* status_view.h -- what `billingd status` found, for people and for programs. */
#ifndef DAEMON_VIEWS_STATUS_VIEW_H
#define DAEMON_VIEWS_STATUS_VIEW_H

#include "reconcile/engine.h"

#include <stdio.h>

/* {"format_version", "spec", "pipelines": [{"name", "region", "account", "refused", "resources":
 * [{"resource", "kind", "state" ("in sync", "absent", "differs", ...), "detail", "fields"}],
 * "data_flow", "usage"}], ...}; looks: per pipeline {"data_flow", "usage"} as data_flow.h and
 * usage_look.h tell, or null.  New reference. */
json_t *status_view_json(const struct pass *pass, const struct manifest *manifest,
                         const json_t *looks);
/* The same as text, from that JSON. */
void status_view_print(const json_t *status, int64_t now_ms, FILE *out, bool color);

#endif
