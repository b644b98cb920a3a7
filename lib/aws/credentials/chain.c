/* chain.c -- the end of a chain, its origin and its roles. */
#include "aws/credentials/chain.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void aws_chain_role_fini(struct aws_role *role)
{
    free(role->arn);
    free(role->session_name);
    free(role->external_id);
    memset(role, 0, sizeof *role);
}

static void origin_fini(struct aws_origin *origin)
{
    free(origin->setting);
    free(origin->profile);
    free(origin->url);
    free(origin->token_file);
    mem_free_secret(origin->secret);
    free(origin->region);
    free(origin->account_id);
    free(origin->role_name);
    aws_chain_role_fini(&origin->role);
}

void aws_chain_fini(struct aws_chain *chain)
{
    origin_fini(&chain->origin);
    aws_credentials_fini(&chain->keys);
    for (size_t i = 0; i < chain->role_count; i++)
        aws_chain_role_fini(&chain->roles[i]);
    free(chain->roles);
    free(chain->source);
    free(chain->why);
    json_decref(chain->passed_over);
    memset(chain, 0, sizeof *chain);
}
