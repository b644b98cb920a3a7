/* provider.h -- where keys come from: the providers, one file each, in the SDKs' order.
 *
 * The order is that of the AWS SDKs and Tools Reference Guide, "Credential provider chain":
 * environment, web identity, profile, container, instance metadata; a profile that AWS_PROFILE
 * names goes before web identity (tests/vectors/credentials, profile_overrides_web_identity).  A
 * provider that is configured but broken is an error; only one that is not configured lets the next
 * one have its turn.
 *
 * A provider looks at configuration and never waits.  Keys that lie in a variable or a file it puts
 * into chain->keys.  Where somebody must be asked it puts into chain->origin whom and with what;
 * origin.c then has the same provider's file ask (provider_NAME_begin, with the means of fetch.h).
 * To add one: a kind in chain.h, a file provider_NAME.c with both, its place in the list of
 * provider.c or its key in provider_profile.c, and its line in origin.c. */
#ifndef AWS_CREDENTIALS_PROVIDER_H
#define AWS_CREDENTIALS_PROVIDER_H

#include "aws/credentials/chain.h"
#include "aws/credentials/config.h"
#include "base/err.h"

/* Asks the providers one after the other.  *chain must be zero; after a failure it still tells
 * which source failed and which were passed over, so that it must be freed in any case.  Fails with
 * ERR_DENIED when there are no credentials (the text says of each source why not), with ERR_INVALID
 * when a provider is set up wrongly or is not supported, naming the variable or "FILE:LINE: key".
 */
int aws_provider_resolve(const struct aws_config *config, struct aws_chain *chain, struct err *e);
/* The error of a chain in which nobody had keys; last: "SOURCE: why" of the last one asked, or
 * NULL. Always returns -1. */
int aws_provider_nothing(const json_t *passed_over, const char *last, struct err *e);

/* One provider: 1 when it gave credentials, 0 and chain->why when it is not configured, -1 and *e
 * when it is wrong. */
typedef int aws_provider_fn(const struct aws_config *config, struct aws_chain *chain,
                            struct err *e);
aws_provider_fn aws_provider_environment, aws_provider_web_identity, aws_provider_profile,
    aws_provider_container, aws_provider_metadata;
/* The keys of the environment, for credential_source = Environment too; results likewise. */
int aws_provider_environment_keys(struct aws_credentials *keys, struct err *e);

/* What a profile names: 1 when it does and *origin is filled in, 0 when not, -1 and *e.  The
 * profile must have been checked (aws_config_check). */
typedef int aws_provider_profile_fn(const struct aws_config *config, const char *profile,
                                    struct aws_origin *origin, struct err *e);
aws_provider_profile_fn aws_provider_sso, aws_provider_process;
/* Asks chain->origin; fetch.h has the means and the end. */
struct fetch;
void provider_web_identity_begin(struct fetch *fetch);
void provider_sso_begin(struct fetch *fetch);
void provider_process_begin(struct fetch *fetch);
void provider_container_begin(struct fetch *fetch);
void provider_metadata_begin(struct fetch *fetch);

#endif
