/* quota.h -- writes that AWS refused for a quota rest before they are asked for again.
 *
 * A quota does not end by asking: after each refusal the write waits twice as long, from a quarter
 * of an hour to half a day.  It is asked again at once when what holds the places has changed, and
 * after a reload.  Meanwhile the refusal that is remembered stands for AWS's answer. */
#ifndef GUARD_QUOTA_H
#define GUARD_QUOTA_H

#include "aws/codec/error.h"

#include <stdbool.h>
#include <stdint.h>

struct quota;

struct quota *quota_new(void);
void quota_free(struct quota *quota);
/* AWS refused an operation on a resource (its address); why: who holds the places, as far as was
 * read, NULL: not known. */
void quota_refused(struct quota *quota, const char *address, const struct aws_error *error,
                   const char *why);
/* It was accepted. */
void quota_accepted(struct quota *quota, const char *address, const char *op);
/* The operation rests: *error is the remembered refusal, with when it is asked again.  False: it
 * may be sent. */
bool quota_rests(const struct quota *quota, const char *address, const char *op, const char *why,
                 struct aws_error *error);
/* The refusal that is remembered, borrowed; NULL: none. */
const struct aws_error *quota_refusal(const struct quota *quota, const char *address,
                                      const char *op);

#endif
