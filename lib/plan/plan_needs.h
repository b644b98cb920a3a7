/* plan_needs.h -- what a plan's writes ask of IAM, from the tables that they come from. */
#ifndef PLAN_PLAN_NEEDS_H
#define PLAN_PLAN_NEEDS_H

#include "plan/plan.h"

/* Adds {"action", "resources", "boundary"} of every planned call to needs, an object by all of
 * that: the action must be allowed on one of the resources, which are spellings of the same;
 * boundary: what the role of the call has or gets (NULL: none), which IAM's conditions ask for.
 * Left out: handing on roles (plan_roles_passed), and resources that only AWS can name yet. */
void plan_needs_add(const struct plan *plan, const struct scope *scope, json_t *needs);

/* The same of every call that the kind may make. */
void plan_needs_add_all(const struct scope *scope, json_t *needs);

#endif
