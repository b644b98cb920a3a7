/* plan.h -- what one resource needs: the differences and the calls that end them, as data.
 *
 * What `billingd plan` prints is what `billingd apply` sends. */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "resources/kind.h"

enum plan_action {
    PLAN_NONE, /* as wanted */
    PLAN_CREATE,
    PLAN_UPDATE,
    PLAN_REMOVE,
    PLAN_WAIT,    /* nothing to write; AWS is still at work on it */
    PLAN_BLOCKED, /* must not or cannot be changed; see reason */
};

struct planned_call {
    const struct call *call;
    json_t *params; /* NULL: needs what AWS tells of the resource once it is there */
    json_t *fields; /* names of the fields it repairs */
};

struct plan {
    enum plan_action action;
    json_t *differences; /* [{"field", "want", "have", "loss", "why", "held", "stuck"}]; held:
                            not written, see the breaker; stuck: cannot be written, and what
                            a person can do */
    json_t *ignored;     /* differences that `ignore` names: neither written nor counted */
    struct planned_call *calls; /* in the order they are sent */
    size_t call_count;
    char *reason;      /* why blocked, else NULL */
    bool guarded;      /* by what a call of it would carry: guard/policy_guard.h */
    bool is_protected; /* by its mark in AWS */
    bool kept;         /* by its protection: something is not written, or it is not deleted */
    bool absent;       /* it should be there, and is not */
};

/* Says whether a field must not be written any more. */
typedef bool plan_held_fn(void *arg, const char *field);

/* Compares desired with observed.  remove: the spec wants the resource gone.  held may be NULL.
 * plan_fini frees what *plan holds. */
void plan_make(const struct scope *scope, bool remove, plan_held_fn *held, void *arg,
               struct plan *plan);
void plan_fini(struct plan *plan);
/* What differs from what the spec wishes and is left so (resources/ignore.h), as plan.ignored has
 * it; new reference. */
json_t *plan_ignored(const struct scope *scope, const json_t *wished);
/* Appends {"role", "service"} of every role that the planned calls hand to a service, unless it is
 * in the list already. */
void plan_roles_passed(const struct plan *plan, const struct scope *scope, json_t *roles);
/* The same of all roles that its calls could pass on. */
void plan_roles_named(const struct scope *scope, json_t *roles);
/* Both want the same, by the same calls. */
bool plan_same(const struct plan *a, const struct plan *b, const struct kind *kind);
/* Whether a call that is about to be sent is one of a plan that somebody reviewed.  now: the plan
 * that the call is of; it may differ from the reviewed one where the resource was made since, and
 * where others write the same document. */
bool plan_allows(const struct plan *reviewed, const struct plan *now,
                 const struct planned_call *planned, const struct kind *kind);
/* Something differs that no write can end. */
bool plan_is_stuck(const struct plan *plan);
/* The worst that its differences cost, those that are ignored too; not what its absence does:
 * task_loss knows that. */
enum loss plan_loss(const struct plan *plan);
/* By what was read, usage comes or came through the pipeline: see kind.h's `passed`. */
bool plan_shows_usage(const struct scope *scope);
/* "create", "update", ... */
const char *plan_action_name(enum plan_action action);
/* {"action", "reason", "differences", "calls"}; new reference. */
json_t *plan_json(const struct plan *plan, const struct kind *kind);

#endif
