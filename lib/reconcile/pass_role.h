/* pass_role.h -- asks IAM beforehand whether the caller may hand its roles to the services.
 *
 * Advisory: the simulator knows neither all policies nor every condition, and must be permitted
 * itself, so its "no" is a warning and its silence proves nothing.
 * Source: IAM, SimulatePrincipalPolicy; "Testing IAM policies". */
#ifndef RECONCILE_PASS_ROLE_H
#define RECONCILE_PASS_ROLE_H

#include "aws/client.h"

struct pass_role;

/* warnings: list of texts; done is called once. */
typedef void pass_role_fn(void *arg, const json_t *warnings);

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
