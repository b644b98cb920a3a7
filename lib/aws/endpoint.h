/* endpoint.h -- which host to ask for a service in a region, and for which region to sign.
 *
 * The rules of AWS's endpoint rule sets (tests/vectors/endpoints), for plain clients: no access
 * points, accelerate, outposts or express zones. */
#ifndef AWS_ENDPOINT_H
#define AWS_ENDPOINT_H

#include "aws/codec/model.h"
#include "base/err.h"

#include <stdbool.h>

struct aws_endpoint_wish {
    const struct aws_model *model; /* name, endpoint and global are looked at */
    const char *region;
    const char *bucket; /* S3 only; NULL: none */
    const char *url;    /* a configured endpoint; NULL: AWS's own */
    const char *origin; /* where url was configured, for errors */
    bool fips;
    bool dual_stack;
    bool path_style;   /* S3: never put the bucket into the host */
    bool virtual_host; /* S3: put it there for configured endpoints too (they get path style) */
};

struct aws_endpoint {
    bool plain;      /* http, which only a configured endpoint can be */
    char host[320];  /* with a non-default port */
    char base[256];  /* path to put in front, "" or "/..." without "/" at its end */
    char region[64]; /* to sign for */
    bool bucket_in_host;
};

/* ERR_INVALID for a region that is no host name, a URL that is none, and combinations AWS's rules
 * refuse. */
int aws_endpoint_resolve(const struct aws_endpoint_wish *wish, struct aws_endpoint *endpoint,
                         struct err *e);

/* Whether a configured endpoint is a URL that can be asked; -1 and *e (ERR_INVALID) names origin.
 */
int aws_endpoint_check_url(const char *url, const char *origin, struct err *e);

#endif
