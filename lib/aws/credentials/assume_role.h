/* assume_role.h -- STS AssumeRole: what to send, and what comes back. */
#ifndef AWS_CREDENTIALS_ASSUME_ROLE_H
#define AWS_CREDENTIALS_ASSUME_ROLE_H

#include "aws/credentials/chain.h"
#include "base/err.h"

#include <jansson.h>

/* The parameters; new reference. */
json_t *aws_assume_role_params(const struct aws_role *role);
/* Takes the keys out of a result and overwrites them there.  -1 and *e (ERR_RETRY) when it holds
 * none. */
int aws_assume_role_result(const json_t *result, struct aws_credentials *out, struct err *e);

#endif
