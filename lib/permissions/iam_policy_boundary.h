/* iam_policy_boundary.h -- the permissions boundary of a spec's roles: all that any of them is for.
 *
 * Who may make roles and give them permissions may become anything, unless only below a boundary
 * that he cannot change.  Source: "Permissions boundaries for IAM entities" (IAM user guide). */
#ifndef PERMISSIONS_IAM_POLICY_BOUNDARY_H
#define PERMISSIONS_IAM_POLICY_BOUNDARY_H

#include "spec/manifest.h"

/* A policy document that allows what the roles' own policies do together, without the archive of
 * closed months; new reference. */
json_t *iam_policy_boundary(const struct manifest *manifest);
/* Whether a role of the spec has no boundary: who may write it may give it any permission. */
bool iam_policy_boundary_lacks(const struct manifest *manifest);

#endif
