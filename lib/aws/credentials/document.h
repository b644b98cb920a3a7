/* document.h -- keys out of the JSON documents that services and programs hand out. */
#ifndef AWS_CREDENTIALS_DOCUMENT_H
#define AWS_CREDENTIALS_DOCUMENT_H

#include "aws/credentials/credentials.h"
#include "base/err.h"

#include <jansson.h>
#include <stddef.h>

/* The names of the members; expires is ISO 8601, and may be missing: such keys never end. */
struct document_names {
    const char *id, *secret, *token, *expires;
};

/* The document, or NULL and *e (ERR_RETRY, "WHO: ...", without a word of the text: it may be a
 * secret) when the text is no JSON object. */
json_t *document_parse(const char *who, const char *text, size_t length, struct err *e);
/* Takes the keys out of it.  -1 and *e (ERR_RETRY) when one is missing or the end is no time. */
int document_keys(const char *who, const json_t *document, const struct document_names *names,
                  struct aws_credentials *keys, struct err *e);
/* -1 and *e (ERR_RETRY) when they have ended already. */
int document_check_end(const char *who, const struct aws_credentials *keys, struct err *e);
/* A copy of a text member, which is overwritten where it stood; NULL when it is none. */
char *document_take(const json_t *document, const char *name);

#endif
