/* provider.h -- where keys come from: the providers, one file each, in the SDKs' order.
 *
 * The order is that of the AWS SDKs and Tools Reference Guide, "Credential provider chain":
 * environment, profile, web identity, container, instance metadata.  The last three come later;
 * until then one that is configured is refused by name.  A provider that is configured but broken
 * is an error; only one that is not configured lets the next one have its turn.
 *
 * To add one: a file provider_NAME.c with an aws_provider_fn, declared below, and its place in the
 * list of provider.c (one that a profile names is called by provider_profile.c instead, in place of
 * its line in refuse_unsupported).  A provider looks at configuration and never waits.
 *  - Keys that lie in a variable or a file: it puts them into chain->keys.  It is called again
 * before keys->expires_s, or when AWS says they have expired.
 *  - Keys that somebody must be asked for (STS, SSO, a metadata service, a program): it puts into
 * the chain whom to ask, as it puts in roles, and identity.c, which alone waits, asks before it
 * goes on to the roles.  What to send and how to read the answer stay in the provider's file, as
 * they do in assume_role.c.  Calls go through identity_send_fn; what is plain HTTP or a program
 * gets a function beside it in struct identity_set, handed in by client.c, so that this room stays
 * below the client. */
#ifndef AWS_CREDENTIALS_PROVIDER_H
#define AWS_CREDENTIALS_PROVIDER_H

#include "aws/credentials/chain.h"
#include "aws/credentials/config.h"
#include "base/err.h"

/* Asks the providers one after the other.  *chain must be zero.  Fails with ERR_DENIED when there
 * are no credentials, with ERR_INVALID when a provider is set up wrongly or is not supported,
 * naming the variable or "FILE:LINE: key". */
int aws_provider_resolve(const struct aws_config *config, struct aws_chain *chain, struct err *e);

/* One provider: 1 when it gave credentials, 0 when it is not configured, -1 and *e when it is
 * wrong.
 */
typedef int aws_provider_fn(const struct aws_config *config, struct aws_chain *chain,
                            struct err *e);
aws_provider_fn aws_provider_environment, aws_provider_profile;
/* The keys of the environment, for credential_source = Environment too; results likewise. */
int aws_provider_environment_keys(struct aws_credentials *keys, struct err *e);

#endif
