/* plan_file.h -- a plan that was reviewed, as a file: what `plan --out` writes and `apply PLANFILE`
 * carries out.
 *
 * JSON: format_version, program, made_at, spec, spec_sha256 (of the spec with everything filled
 * in), pipelines (account, region), resources (differences and calls), and sha256, of all the
 * others as canonical JSON.  The digest tells damage and slips, it is no signature. */
#ifndef DAEMON_VERBS_PLAN_FILE_H
#define DAEMON_VERBS_PLAN_FILE_H

#include "reconcile/engine.h"

/* The document of what a pass has planned, with its digest; new reference.  NULL with ERR_RETRY
 * when something of it could not be read: half a plan is none. */
json_t *plan_file_document(const struct pass *pass, const struct manifest *manifest, struct err *e);
/* Writes it whole or not at all, with mode 0600; -1 with a text. */
int plan_file_write(const char *path, const json_t *document, struct err *e);
/* Reads one and checks that it is whole, of this version and unchanged; new reference, NULL with
 * ERR_INVALID and a text that names the file, what is wrong and what to do. */
json_t *plan_file_read(const char *path, struct err *e);

#endif
