/* policy_guard.h -- documents that no write may carry: policies that let everybody in, hold
 * nothing, or make a role an administrator's, and a block of public access that is loosened
 * unasked.
 *
 * Whatever made it so: a spec, a template, or what AWS answered.  "Public" is what S3 means by it.
 * Source: "Blocking public access to your Amazon S3 storage", section "The meaning of public". */
#ifndef GUARD_POLICY_GUARD_H
#define GUARD_POLICY_GUARD_H

#include "resources/kind.h"

/* Why a call must not be sent with these parameters; new text, NULL: it may.  A statement that AWS
 * has already is others' or was there before, and goes along. */
char *policy_guard_call(const struct scope *scope, const struct call *call, const json_t *params);
/* The same of what a spec wants of a field, before AWS is asked anything; its references are
 * resolved. */
char *policy_guard_field(const struct field *field, const json_t *value);

#endif
