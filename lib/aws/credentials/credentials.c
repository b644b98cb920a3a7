/* credentials.c -- credentials leave no trace in memory. */
#include "aws/credentials/credentials.h"

#include "base/mem.h"

#include <string.h>

void aws_credentials_fini(struct aws_credentials *credentials)
{
    mem_free_secret(credentials->access_key_id);
    mem_free_secret(credentials->secret_access_key);
    mem_free_secret(credentials->session_token);
    memset(credentials, 0, sizeof *credentials);
}
