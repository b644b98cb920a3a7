/* iam_policy_keys.h -- what who runs queries must be allowed to do with the KMS keys of a pipeline.
 *
 * Source: "Using server-side encryption with KMS keys" (S3), "Encryption at rest" (Athena): Athena
 * and S3 ask in the caller's name. */
#ifndef PERMISSIONS_IAM_POLICY_KEYS_H
#define PERMISSIONS_IAM_POLICY_KEYS_H

#include "spec/manifest.h"

/* Adds a statement for each key that objects of the pipeline are encrypted with.  desired: the
 * resources' values, in the order of the pipeline.  Keys that AWS keeps need none. */
void iam_policy_keys(json_t *statements, const struct manifest_pipeline *pipeline,
                     const json_t *desired, const json_t *facts);

#endif
