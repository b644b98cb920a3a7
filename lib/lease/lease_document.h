/* lease_document.h -- the lease as it lies in the bucket, "_billingd/PIPELINE/leader.json":
 * {"format_version": "1.0", "holder": null or {"id", "host", "pid", "version", "spec"},
 *  "period_ms", "sequence", "renewed"}; renewed: seconds since 1970, for people.  holder null: it
 * was given up, by "last". */
#ifndef LEASE_LEASE_DOCUMENT_H
#define LEASE_LEASE_DOCUMENT_H

#include "base/err.h"
#include "lease/lease.h"
#include "state/state_object.h"

#include <jansson.h>

#define LEASE_NAME "leader"

/* New reference.  holder: {"id", "host", "pid", "version", "spec"}, borrowed. */
json_t *lease_document(const json_t *holder, const struct lease *lease, bool given_up);
/* What an object that was read shows; borrows from it.  -1 and *e: it is no lease, or of a later
 * format. */
int lease_document_read(const struct state_object *object, struct lease_seen *seen, struct err *e);
/* The fingerprint of the spec that whoever holds it, or held it last, went by; borrowed, NULL: it
 * does not say. */
const char *lease_document_spec(const json_t *document);
/* "web-1 (process 4711)"; new text.  NULL: nobody holds it. */
char *lease_document_who(const json_t *document);

#endif
