/* import_find.h -- which pipelines there are: from every HTTP API's stages along their references
 * to a bucket, and which of them a starting point means. */
#ifndef IMPORT_IMPORT_FIND_H
#define IMPORT_IMPORT_FIND_H

#include "import/import_look.h"

/* What somebody gave to begin with; each may be NULL.  All that are given must fit. */
struct import_start {
    const char *point; /* name or id of an API, name of a log group or stream, s3://bucket, or the
                          ARN of one of these */
    const char *stage;
    const json_t *env; /* the scripts' variables: BILLING_LOG_GROUP, BILLING_FIREHOSE_NAME ... */
};

struct import_found {
    /* [{"api", "api_id", "same_name" (how many APIs have the name), "stage", "log_group", "filter",
     * "filter_role", "pattern" (of a filter that sends a part only), "stream", "bucket", "broken"
     * (why it ends before a bucket; with a bucket: it does not lead there, and the scripts'
     * variables name what should)}]; what is not known is missing. */
    json_t *candidates;
    json_t *streams; /* name -> DeliveryStreamDescription */
};

/* Looks at the whole region; what cannot be read is noted in look.  Returns the candidates that fit
 * start. */
void import_find(struct flow *flow, struct import_look *look, const struct import_start *start,
                 struct import_found *found);
void import_find_fini(struct import_found *found);
/* A candidate for people: "ddn-api $default -> /aws/apigw/x -> stream -> s3://bucket"; new text. */
char *import_find_text(const json_t *candidate);

#endif
