/* lint.h -- the known ways to lose or miscount money that a pipeline can contain.
 *
 * Codes: BL1xx delivery, BL2xx access log, BL3xx SQL, BL4xx tables, BL5xx storage, BL6xx
 * permissions.  docs/lints.md lists them all. */
#ifndef SPEC_LINT_LINT_H
#define SPEC_LINT_LINT_H

#include "spec/lint/lint_rule.h"

/* What a lint found; all is borrowed for the call. */
struct lint_finding {
    const struct lint *lint;
    const struct lint_resource *resource;
    const char *field; /* dots and [n] descend */
    const char *text;  /* what is wrong, and what exactly was found */
};

typedef void lint_say_fn(void *arg, const struct lint_finding *finding);

/* Runs every lint over the subject, each at most once per resource; resource by resource, in order
 * of code. */
void lint_run(struct lint_subject *subject, lint_say_fn *say, void *arg);
/* The lint at index, in order of code; NULL past the last. */
const struct lint *lint_at(size_t index);

#endif
