/* iam_policy.h -- the least that billingd itself must be allowed to do for a spec.
 *
 * Made from the tables the calls come from, on the resources of this spec: every read and write of
 * every declared field of a kind (resources/kind.h), and with a `billing` section every operation
 * that billing's rooms declare (billing/store/operation.h). */
#ifndef RECONCILE_IAM_POLICY_H
#define RECONCILE_IAM_POLICY_H

#include "spec/manifest.h"

/* A policy document; new reference.  Without an account guard the account in ARNs is "*". */
json_t *iam_policy(const struct manifest *manifest);

#endif
