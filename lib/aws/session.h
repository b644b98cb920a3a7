/* session.h -- a region, and the identity to use there. */
#ifndef AWS_SESSION_H
#define AWS_SESSION_H

#include <jansson.h>

struct aws_client;
struct aws_session;

/* role_arn NULL: the ambient credentials; otherwise AssumeRole with them (external_id may be NULL).
 * Sessions with equal arguments are shared; all are freed with the client. */
struct aws_session *aws_session(struct aws_client *client, const char *region, const char *role_arn,
                                const char *external_id);
const char *aws_session_region(const struct aws_session *session);
/* "aws", "aws-cn", "aws-us-gov", ...: from the region. */
const char *aws_session_partition(const struct aws_session *session);

/* How its credentials came about, for people (identity_tell); new reference, NULL while nobody has
 * asked for any. */
json_t *aws_session_credentials(const struct aws_session *session);

#endif
