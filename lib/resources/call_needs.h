/* call_needs.h -- which IAM permissions a call of a kind's table needs: for who prints a policy,
 * and for who asks beforehand whether they are there. */
#ifndef RESOURCES_CALL_NEEDS_H
#define RESOURCES_CALL_NEEDS_H

#include "resources/kind.h"

/* template: of the resource's ARN, to be filled in from the scope; "*": any resource.  also: AWS
 * asks for it besides, on any resource. */
typedef void call_needs_fn(void *arg, const char *action, const char *template, bool also);

/* Calls each for every action that AWS asks of the caller, and every resource that it is on. */
void call_needs_each(const struct scope *scope, const struct call *call, call_needs_fn *each,
                     void *arg);
/* Calls each for every word of a list with blanks between; NULL is none. */
void call_needs_each_word(const char *words, void (*each)(void *arg, const char *word), void *arg);

#endif
