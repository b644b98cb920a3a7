/* iam_policy_short.h -- the same permissions in fewer characters, of which IAM counts each. */
#ifndef PERMISSIONS_IAM_POLICY_SHORT_H
#define PERMISSIONS_IAM_POLICY_SHORT_H

#include <jansson.h>

/* groups: a list of {"actions": {action: true}, "resources": {resource: true}}, no action twice on
 * one resource.  It is laid out anew where that is shorter; each action stays allowed on exactly
 * the resources that it was allowed on. */
void iam_policy_short(json_t *groups);

#endif
