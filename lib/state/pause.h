/* pause.h -- who asked billingd to leave a resource or pipeline alone, why, and until when.
 *
 * A list on AWS (state_object.h, "pauses"), so that it holds for every billingd that looks after
 * the pipeline and outlives them all:
 * {"format_version": "1.0", "pauses": [{"address", "reason", "by", "since", "until"}]}, times in
 * seconds since 1970; which spec is in force lies beside them (claim.h).  A pause ends by itself;
 * it stays in the list for a week, for who asks. */
#ifndef STATE_PAUSE_H
#define STATE_PAUSE_H

#include "base/err.h"
#include "spec/manifest.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { PAUSE_MOST_S = 30 * 86400, PAUSE_KEPT_S = 7 * 86400, PAUSE_REASON = 500 /* bytes */ };

/* The pauses of a document as read (NULL: none): objects as above; new reference.  NULL and *e when
 * it is no such document, or of a later format. */
json_t *pause_list(const json_t *document, struct err *e);
/* The pause in force at now_s that holds for an address: its own ("shop/bucket"), else that of its
 * pipeline ("shop"); the one that lasts longer.  Borrowed, NULL: none. */
const json_t *pause_find(const json_t *pauses, const char *address, int64_t now_s);
bool pause_is_in_force(const json_t *pause, int64_t now_s);
/* "paused until 2026-12-01T00:00:00Z by arn:...: the reason"; new text. */
char *pause_text(const json_t *pause);
/* Whether the pipeline of the spec has what is paused: a pause of what it does not have (any more)
 * leaves nothing alone. */
bool pause_binds(const json_t *pause, const struct manifest_pipeline *pipeline);
/* pause_text, and what to do about one that does not bind; new text. */
char *pause_told(const json_t *pause, const struct manifest_pipeline *pipeline);
/* A new document: pauses without those of the address, with pause (NULL: none) in their place, and
 * without those that ended over PAUSE_KEPT_S ago; new reference. */
json_t *pause_document(const json_t *pauses, const char *address, const json_t *pause,
                       int64_t now_s);

#endif
