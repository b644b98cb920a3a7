/* session.c -- the sessions of a client, each kept once. */
#include "aws/client_private.h"
#include "aws/partition.h"
#include "base/mem.h"

#include <string.h>

struct aws_session *aws_session(struct aws_client *client, const char *region, const char *role_arn,
                                const char *external_id)
{
    struct aws_identity *identity =
        identity_of(&client->identities, role_arn, role_arn ? external_id : NULL);
    struct aws_session *session = client->sessions;

    while (session && !(session->identity == identity && strcmp(session->region, region) == 0))
        session = session->next;
    if (session)
        return session;
    session = mem_new(sizeof *session);
    session->region = mem_text(region);
    session->identity = identity;
    session->next = client->sessions;
    client->sessions = session;
    return session;
}

const char *aws_session_region(const struct aws_session *session)
{
    return session->region;
}

const char *aws_session_partition(const struct aws_session *session)
{
    return aws_partition_of(session->region)->name;
}

json_t *aws_session_credentials(const struct aws_session *session)
{
    return identity_tell(session->identity);
}

void aws_session_free_all(struct aws_client *client)
{
    while (client->sessions) {
        struct aws_session *session = client->sessions;

        client->sessions = session->next;
        free(session->region);
        free(session);
    }
}
