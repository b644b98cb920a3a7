/* pass_role.h -- asks IAM beforehand whether the caller may do what the plan's writes need, and
 * hand its roles to the services.
 *
 * A simulated denial ends `apply` before its first write: half a pipeline is worse than none.  The
 * simulator knows neither resource policies nor service control policies nor every condition, and
 * must be permitted itself, so its silence is only a warning, and a person may go on without it.
 * Roles are asked about one by one, since each has a context of its own; the rest by one request
 * for each service; all side by side.  What was allowed is not asked again for a while, so that a
 * pass may begin to ask before all of its plan is known.  Source: IAM, SimulatePrincipalPolicy;
 * "Testing IAM policies". */
#ifndef RECONCILE_PASS_ROLE_H
#define RECONCILE_PASS_ROLE_H

#include "aws/client.h"

struct pass_role;

struct pass_role_answer {
    const json_t *warnings; /* texts: what could not be asked */
    const json_t *denials;  /* texts: of roles */
    const json_t *lacks;    /* of plan_needs.h's object: what is not allowed */
    const char *text;       /* of all that; NULL: it is empty */
    const char *brief;      /* the same in short */
    unsigned waves;         /* so many of its calls had to wait for each other */
};
/* Called once, from inside pass_role_start when there is nothing to ask. */
typedef void pass_role_fn(void *arg, const struct pass_role_answer *answer);

struct pass_role_wish {
    struct aws_session *session;
    const char *caller_arn; /* as GetCallerIdentity told it: assumed-role sessions are mapped to
                               their role with GetRole */
    json_t *wanted;         /* [{"role": arn, "service": "firehose.amazonaws.com"}], taken over */
    json_t *needs;          /* plan_needs.h; taken over */
    pass_role_fn *done;
    void *arg;
};

struct pass_role *pass_role_start(struct aws_client *client, const struct pass_role_wish *wish);
/* Cancels what is under way. NULL is harmless. */
void pass_role_free(struct pass_role *check);

#endif
