/* chain.c -- the end of a chain and its roles. */
#include "aws/credentials/chain.h"

#include <stdlib.h>
#include <string.h>

void aws_chain_role_fini(struct aws_role *role)
{
    free(role->arn);
    free(role->session_name);
    free(role->external_id);
    memset(role, 0, sizeof *role);
}

void aws_chain_fini(struct aws_chain *chain)
{
    aws_credentials_fini(&chain->keys);
    for (size_t i = 0; i < chain->role_count; i++)
        aws_chain_role_fini(&chain->roles[i]);
    free(chain->roles);
    free(chain->source);
    memset(chain, 0, sizeof *chain);
}
