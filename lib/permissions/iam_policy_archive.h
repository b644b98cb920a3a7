/* iam_policy_archive.h -- what a close put away stays: no holder of a printed policy writes over it
 * or deletes it, and no role of a spec touches it.
 *
 * A Deny holds also against what the bucket's own policy allows, which who keeps the bucket may
 * write.  Source: "Policy evaluation logic" (IAM user guide); "Enforce conditional writes on Amazon
 * S3 buckets" (S3 user guide). */
#ifndef PERMISSIONS_IAM_POLICY_ARCHIVE_H
#define PERMISSIONS_IAM_POLICY_ARCHIVE_H

#include "spec/manifest.h"

/* Adds the statement for who runs billingd: an object is added, and only if there is none.
 * desired, facts: as manifest_resolve has and takes them.  None for a pipeline without billing. */
void iam_policy_archive_keep(json_t *statements, const struct manifest_pipeline *pipeline,
                             const json_t *desired, const json_t *facts);
/* The same for the boundary of the spec's roles: nothing is. */
void iam_policy_archive_close(json_t *statements, const struct manifest_pipeline *pipeline,
                              const json_t *desired, const json_t *facts);

#endif
