/* iam_policy_split.h -- a policy as several that IAM takes. */
#ifndef PERMISSIONS_IAM_POLICY_SPLIT_H
#define PERMISSIONS_IAM_POLICY_SPLIT_H

#include <jansson.h>
#include <stddef.h>

/* Characters without white space ("IAM and AWS STS quotas", IAM user guide): of a managed policy;
 * of all inline policies of a role; managed policies attached to a role, at the most. */
enum {
    IAM_POLICY_SPLIT_MANAGED = 6144,
    IAM_POLICY_SPLIT_INLINE = 10240,
    IAM_POLICY_SPLIT_MOST = 20
};

/* What IAM counts of a document: never less than that. */
size_t iam_policy_split_size(const json_t *policy);
/* At most count documents that allow together what policy allows, each of a managed policy's size;
 * a new array, or NULL when count is too small. */
json_t *iam_policy_split(const json_t *policy, size_t count);
/* The smallest count that is large enough; 0 when none is. */
size_t iam_policy_split_least(const json_t *policy);

#endif
