/* iam_policy.h -- the least that billingd itself must be allowed to do for a spec.
 *
 * Made from the tables the calls come from, on the resources of this spec: every read and write of
 * every declared field of a kind (resources/kind.h), and with a `billing` section every operation
 * that billing's rooms declare (billing/store/operation.h); of these, what the uses call for. */
#ifndef PERMISSIONS_IAM_POLICY_H
#define PERMISSIONS_IAM_POLICY_H

#include "spec/manifest.h"

/* What is run under the policy, by who asks (billing/store/operation.h from run on). */
enum iam_policy_use {
    IAM_POLICY_PLAN = 1,  /* plan and status: every read of the kinds */
    IAM_POLICY_APPLY = 2, /* and every write */
    IAM_POLICY_RUN = 4,   /* the same, and what the daemon does for the data */
    IAM_POLICY_BILL = 8,
    IAM_POLICY_CLOSE = 16,
    IAM_POLICY_COST = 64, /* what cost reads beside the resources */
    IAM_POLICY_ALL = 31 | IAM_POLICY_COST,
    /* Beside these: roles without `boundary` may be written as well, and so the holder may give
     * them any permission, and become administrator. */
    IAM_POLICY_UNBOUNDED = 32
};

/* A policy document for these uses, joined; new reference.  Without an account guard the account
 * in ARNs is "*".  Roles that have no boundary it lets nobody write. */
json_t *iam_policy(const struct manifest *manifest, unsigned uses);

#endif
