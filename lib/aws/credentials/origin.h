/* origin.h -- asks whom a chain names for its first keys. */
#ifndef AWS_CREDENTIALS_ORIGIN_H
#define AWS_CREDENTIALS_ORIGIN_H

#include "aws/credentials/fetch.h"

/* What is asked for; all is borrowed until done, which is called once, never from inside. */
struct origin_request {
    const struct aws_origin *origin; /* not AWS_ORIGIN_KEYS */
    const char *region;              /* where STS is asked if need be */
    fetch_done_fn *done;
    void *arg;
};
/* End it early with fetch_cancel. */
struct fetch *origin_ask(struct identity_set *set, const struct origin_request *request);

#endif
