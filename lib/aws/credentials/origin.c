/* origin.c -- which provider asks for which kind of origin. */
#include "aws/credentials/origin.h"

#include "aws/credentials/provider.h"

struct fetch *origin_ask(struct identity_set *set, const struct origin_request *request)
{
    static void (*const begins[])(struct fetch *) = {
        [AWS_ORIGIN_WEB_IDENTITY] = provider_web_identity_begin,
        [AWS_ORIGIN_SSO] = provider_sso_begin,
        [AWS_ORIGIN_PROCESS] = provider_process_begin,
        [AWS_ORIGIN_CONTAINER] = provider_container_begin,
        [AWS_ORIGIN_METADATA] = provider_metadata_begin,
    };
    struct fetch *fetch = fetch_new(set, request->origin, request->region);

    fetch->done = request->done;
    fetch->arg = request->arg;
    fetch_begin(fetch, begins[request->origin->kind]);
    return fetch;
}
