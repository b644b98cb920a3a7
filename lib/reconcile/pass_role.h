/* pass_role.h -- asks IAM beforehand whether the caller may hand its roles to the services.
 *
 * A simulated denial ends `apply` before its first write: half a pipeline is worse than none.  The
 * simulator knows neither resource policies nor every condition and must be permitted itself, so
 * its silence is only a warning, and a person may go on without it. Source: IAM,
 * SimulatePrincipalPolicy; "Testing IAM policies". */
#ifndef RECONCILE_PASS_ROLE_H
#define RECONCILE_PASS_ROLE_H

#include "aws/client.h"

struct pass_role;

/* Lists of texts: what could not be asked, and what was denied; done is called once. */
typedef void pass_role_fn(void *arg, const json_t *warnings, const json_t *denials);

struct pass_role_wish {
    struct aws_session *session;
    const char *caller_arn; /* as GetCallerIdentity told it: assumed-role sessions are mapped to
                               their role with GetRole */
    json_t *wanted;         /* [{"role": arn, "service": "firehose.amazonaws.com"}], taken over */
    pass_role_fn *done;
    void *arg;
};

struct pass_role *pass_role_start(struct aws_client *client, const struct pass_role_wish *wish);
/* Cancels what is under way. NULL is harmless. */
void pass_role_free(struct pass_role *check);

#endif
