/* reply_check.h -- whether a reply is AWS's answer to what was asked.
 *
 * A proxy's page, a cut or emptied document, the answer to somebody else's question: all may come
 * with status 200, and each looks like "there is none" to who only looks for something in it.  So
 * nothing is read from a reply that does not hold what AWS always sends (reply_rule.h). */
#ifndef AWS_REPLY_REPLY_CHECK_H
#define AWS_REPLY_REPLY_CHECK_H

#include "aws/codec/codec.h"

struct reply_asked {
    const json_t *params;
    const char *account; /* whose credentials asked, as GetCallerIdentity told; NULL: not known */
};

/* Judges what codec_decode made of raw: 0 when *result is valid.  Otherwise -1, *result NULL and
 * *error: as AWS told it, or code "InvalidReply" with the member that is missing or another's; its
 * status is 0 when the reply is not AWS's at all. */
int reply_check(const struct aws_operation *operation, const struct reply_asked *asked,
                const struct aws_raw_reply *raw, json_t **result, struct aws_error *error);

/* What is missing in a result of what is always there: words as reply_rule's `always` has them
 * (NULL: none).  New text, to stand behind "the reply", or NULL. */
char *reply_check_always(const char *words, const json_t *result);

/* The same rules for a result that was made of what another operation told: what it would say of one
 * that AWS sent.  New text, or NULL: it may stand in its place. */
char *reply_check_made(const char *service, const char *op, const json_t *params,
                       const json_t *result);

#endif
