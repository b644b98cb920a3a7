/* plan_view.h -- a pass's plan for people and for programs. */
#ifndef DAEMON_VIEWS_PLAN_VIEW_H
#define DAEMON_VIEWS_PLAN_VIEW_H

#include "reconcile/engine.h"

#include <stdio.h>

/* True when any resource needs a write, a human, or time. */
bool plan_view_has_changes(const struct pass *pass);
/* True when a note says what loses or misreads events, and no change of the plan ends it. */
bool plan_view_loses(const struct pass *pass);
/* A line per pipeline: whose account, which region, who calls; nothing where that is not known. */
void plan_view_print_callers(const struct pass *pass, const struct manifest *manifest, FILE *out);
/* A line for each pause in force; one where that is not known. */
void plan_view_print_pauses(const struct pass *pass, const struct manifest *manifest, FILE *out);
/* The pauses of a pipeline, {"address", "reason", "by", "since", "until"}, those in force; new
 * reference, null when they are not known. */
json_t *plan_view_pauses(const struct pass *pass, const struct manifest *manifest, size_t pipeline);
/* Field by field, want and have. */
void plan_view_print(const struct pass *pass, FILE *out, bool color);
/* What differs and is ignored, a line each. */
void plan_view_print_ignored(const struct pass *pass, FILE *out, bool color);
/* Only what is told of resources beside their differences, a line each. */
void plan_view_print_notes(const struct pass *pass, FILE *out, bool color);
/* {"format_version": "1.0", "resources": [...], "summary": {...}}; new reference. */
json_t *plan_view_json(const struct pass *pass, const struct manifest *manifest);
/* One line: "21 in sync; 34 reads, 2 writes, 3 round trips, 0.4 s". */
void plan_view_print_summary(const struct pass *pass, FILE *out);

#endif
