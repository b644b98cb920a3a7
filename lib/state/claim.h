/* claim.h -- which spec of a pipeline was put in force last, by whom, and what it wants: so that of
 * two specs the one that came later stays, and the other is told, not fought.
 *
 * It lies beside the pauses (pause.h), which every pass reads anyway, as the member
 * {"spec": {"id", "host", "pid", "since", "wants": {resource: {field: hash}} or null,
 * "turns": [{"id", "since"}]}} (turns: those before, the last ones; since: seconds), and is written
 * only when a pass writes for another spec than the one before: no write for each change of
 * a spec, and none at each resource.  What an older billingd writes there is without it. */
#ifndef STATE_CLAIM_H
#define STATE_CLAIM_H

#include "base/err.h"
#include "spec/manifest.h"

#include <jansson.h>

enum { CLAIM_ID = 16 /* hexadecimal digits */ };

/* What a spec wants of a pipeline, in CLAIM_ID digits; new text.  desired: as manifest_resolve has
 * it. */
char *claim_id(const json_t *desired);
/* The claim of this process, behind the one before (NULL: none); new reference. */
json_t *claim_new(const struct manifest_pipeline *pipeline, const json_t *desired,
                  const json_t *before);
/* How often the spec of that id was in force within the last day, and is not any more. */
size_t claim_turns(const json_t *claim, const char *id);
/* That of a document as read (NULL: none).  0 and *claim (borrowed, NULL: there is none), or -1 and
 * *e: it is damaged. */
int claim_of(const json_t *document, const json_t **claim, struct err *e);
/* A new document with the claim (NULL: none) in place of the one before; new reference.  document
 * NULL: there was none. */
json_t *claim_document(const json_t *document, const json_t *claim);
/* "spec 0123456789abcdef, put in force 2026-12-01T00:00:00Z by web-1 (process 4711)"; new text. */
char *claim_text(const json_t *claim);
/* Names of the fields of a resource that the claim wants otherwise than desired, an array; new
 * reference.  What either spec does not decide (silent, ignored, only observed) is not one. */
json_t *claim_contested(const json_t *claim, const struct manifest_resource *resource,
                        const json_t *desired);
/* It wants the resource there where this spec wants it absent, or the other way round. */
bool claim_contests_presence(const json_t *claim, const struct manifest_resource *resource);

#endif
